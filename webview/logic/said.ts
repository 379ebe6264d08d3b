import type { Explanation, LayerInfo, ScalarMap } from '../../src/protocol';
import { conservationText } from './conservation';
import type { Point } from './geometry';
import type { Translate } from './l10n';
import { number, percent } from './numbers';
import { placeName } from './pfv-grid';
import { share, sums } from './strongest';

/** What the person may do next. */
export function hint(explanation: Explanation | undefined, layer: LayerInfo | undefined, t: Translate): string {
  if (layer) return t('Point at a PFV to see what it saw, at the photograph to see which PFVs draw on a place.');
  if (explanation?.layers.length) return t('Open a layer to see its PFVs and their receptive fields.');
  return t('Point at the photograph to read values.');
}

/** What has been explained, and whether its relevance adds up. */
export function explainedText({ conservation, target, map }: Explanation, t: Translate): string {
  const residual = conservation && conservationText(conservation, map, t);
  const explained = t('Explained as {0}, score {1}.', target.label, number(target.score, 4));
  return residual ? `${explained} ${residual.text}` : explained;
}

/** @param map of the layer, once it is there */
export function pfvText(layer: LayerInfo, map: ScalarMap | undefined, { x, y }: Point, t: Translate): string {
  const name = placeName(layer, { x, y });
  if (map === undefined) return t('PFV {0}.', name);
  const value = map.data[y * map.width + x]!;
  const part = percent(share(value, sums(map)));
  return t('PFV {0}: relevance {1}, {2} of the total.', name, number(value), part);
}
