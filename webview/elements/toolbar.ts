import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { PanelModel } from '../logic/panel-model';
import './breadcrumb';
import { PrismElement } from './element';
import { type IconName, icon } from './icon';

declare module './element' {
  interface PrismEvents {
    /** By a factor; 0: everything is to be seen. */
    'stage-zoom': number;
  }
}

/** What can be done with the pictures as a whole. */
@customElement('prism-toolbar')
export class Toolbar extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        align-items: center;
        display: flex;
        gap: 2px;
        min-height: 28px;
        padding: 2px 6px;
      }

      .space {
        flex: 1;
      }
    `,
  ];

  @property({ attribute: false }) model!: PanelModel;
  /** Changes whenever the model did. */
  @property({ attribute: false }) version = 0;

  protected override render(): TemplateResult {
    const { model, t } = this;
    const { linked } = model.cameras;
    const aside = model.view.layout === 'side-by-side';
    const image = model.pictured?.photograph.path;
    const pinned = model.state?.pins?.some(({ path }) => path === image) === true;
    const flickers = model.alternating.flicker.with !== undefined;
    const several = aside || model.layer !== undefined;
    return html`
      ${model.comparison ? this.#tool('layout', t('Back to the comparison'), () => model.showComparison()) : nothing}
      <prism-breadcrumb
        .t=${t}
        .layer=${model.layer}
        .pinned=${model.pinned}
        @go-back=${() => model.closeLayer()}
        @pin-remove=${() => model.unpin()}
      ></prism-breadcrumb>
      <span class="space"></span>
      ${image === undefined ? nothing : this.#toggle('pin', t('Pin this picture'), pinned, () => void model.pinImage(image, !pinned))}
      ${this.#toggle('split-horizontal', t('Photograph and map side by side'), aside, () =>
        model.setView({ layout: aside ? 'overlay' : 'side-by-side' }),
      )}
      ${this.#toggle('arrow-swap', t('Alternate two pictures'), flickers, () =>
        flickers ? model.alternating.flicker.end() : void model.alternating.begin('photograph'),
      )}
      ${several ? this.#toggle('link', t('Zoom the pictures together'), linked, () => model.linkZoom(!linked)) : nothing}
      ${model.layer ? this.#tool('go-to-file', t('Go to code'), () => void model.goToCode()) : nothing}
      ${this.#tool('zoom-out', t('Zoom out (-)'), () => this.emit('stage-zoom', 1 / 1.5))}
      ${this.#tool('screen-normal', t('Fit (0)'), () => this.emit('stage-zoom', 0))}
      ${this.#tool('zoom-in', t('Zoom in (+)'), () => this.emit('stage-zoom', 1.5))}
    `;
  }

  #tool(name: IconName, title: string, action: () => void): TemplateResult {
    return html`<button class="tool" title=${title} aria-label=${title} @click=${action}>${icon(name)}</button>`;
  }

  #toggle(name: IconName, title: string, pressed: boolean, action: () => void): TemplateResult {
    return html`<button class="tool" aria-pressed=${pressed} title=${title} aria-label=${title} @click=${action}>
      ${icon(name)}
    </button>`;
  }
}
