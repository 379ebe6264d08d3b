import { css, html, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { PfvSource } from '../../src/protocol/pfv';
import type { PanelModel } from '../logic/panel-model';
import type { Found } from '../logic/pfv-alike';
import { placeName } from '../logic/pfv-grid';
import { PrismElement } from './element';
import './pfv-alike';
import './pfv-channels';
import './pfv-sources';
import './section';

/** What is known of the pinned PFV, in the side column. */
@customElement('prism-pfv-view')
export class PfvView extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
        overflow: auto;
      }

      prism-section {
        flex: none;
      }
    `,
  ];

  @property({ attribute: false }) model!: PanelModel;
  /** Changes whenever the model did. */
  @property({ attribute: false }) version = 0;

  protected override render(): TemplateResult {
    const { model, t } = this;
    const { pfv, layer, pinned, explanation } = model;
    const name = layer && pinned ? placeName(layer, pinned) : '';
    return html`
      <prism-section
        .t=${t}
        ?hidden=${layer === explanation?.layers[0]}
        heading=${t('PFV {0} is made of', name)}
        @source-mark=${(event: CustomEvent<PfvSource | undefined>) => pfv.mark(event.detail)}
        @source-visit=${(event: CustomEvent<PfvSource>) => model.visit(event.detail)}
        @sources-show=${(event: CustomEvent<boolean>) => model.setView({ sources: event.detail })}
        @source-layer=${(event: CustomEvent<string>) => pfv.chooseLayer(event.detail)}
      >
        <prism-pfv-sources
          .t=${t}
          .sources=${pfv.sources?.layer === layer?.id ? pfv.sources : undefined}
          .layers=${explanation?.layers ?? []}
          .marked=${pfv.marked}
          from=${pfv.from ?? ''}
          ?drawn=${model.view.sources}
        ></prism-pfv-sources>
      </prism-section>
      <prism-section
        .t=${t}
        heading=${t('Channels')}
        note=${pfv.channels?.count ?? ''}
        @channel-choose=${(event: CustomEvent<number>) => pfv.showChannel(event.detail)}
      >
        <prism-pfv-channels
          .t=${t}
          .channels=${pfv.channels}
          .shown=${pfv.activation?.channel}
          target=${explanation?.target.label ?? ''}
        ></prism-pfv-channels>
      </prism-section>
      <prism-section
        .t=${t}
        heading=${t('Alike in other images')}
        @alike-search=${(event: CustomEvent<'own' | 'chosen'>) => pfv.lookAlike(event.detail)}
        @alike-stop=${() => pfv.alike.stop()}
        @alike-open=${(event: CustomEvent<Found>) => pfv.openAlike(event.detail)}
      >
        <prism-pfv-alike .t=${t} .search=${pfv.alike.now}></prism-pfv-alike>
      </prism-section>
    `;
  }
}
