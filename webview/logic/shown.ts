import type { PicturedExplanation, ScalarMap } from '../../src/protocol';
import type { ColourMapKind } from './colour-maps';
import { number } from './numbers';
import type { PanelModel } from './panel-model';
import { pfvGrid, placeName } from './pfv-grid';
import type { ChannelActivation } from './pfv-model';

/** The map over the photograph, and how it is called. */
export interface Shown {
  readonly map: ScalarMap;
  /** Names what is shown, for whoever looks at the page from outside. */
  readonly what: string;
  readonly title: string;
  readonly note: string;
  /** What its values are. */
  readonly values: string;
  readonly label: string;
  readonly kind: ColourMapKind;
}

/** The channel that is looked at, and whether its places lie on the photograph. */
export function activationOnShow({ layer, pfv }: PanelModel): (ChannelActivation & { spatial: boolean }) | undefined {
  const { activation } = pfv;
  if (layer === undefined || activation?.layer !== layer.id) return undefined;
  return { ...activation, spatial: pfvGrid(layer).spatial };
}

/** A channel's activation, the receptive field of a PFV, or the map of the class. */
export function mapOnShow(model: PanelModel, { map, target, method }: PicturedExplanation): Shown {
  const { layer, field, t } = model;
  const activation = activationOnShow(model);
  if (layer && activation?.spatial) {
    const { channel } = activation;
    const title = t('Channel {0}', channel);
    const negative = activation.map.data.some((value) => value < 0);
    return {
      map: activation.map,
      what: `channel:${layer.id}/${channel}`,
      title,
      note: layer.title,
      values: t('activation'),
      label: t('Activation of channel {0} of {1}', channel, layer.title),
      kind: negative ? 'diverging' : 'sequential',
    };
  }
  const kind = method.signed ? 'diverging' : 'sequential';
  if (layer && field) {
    const title = t('ERF of PFV {0}', placeName(layer, field));
    const what = `erf:${field.layer}@${field.y},${field.x}`;
    return { map: field.map, what, title, note: layer.title, values: t('ERF'), label: title, kind };
  }
  return {
    map,
    what: `class:${target.index}`,
    title: target.label,
    note: t('score {0}', number(target.score, 4)),
    values: t('relevance'),
    label: t('Relevance map of {0}', target.label),
    kind,
  };
}
