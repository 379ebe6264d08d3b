import { css, html, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { PrismElement } from './element';

/** What to do when nothing has been explained yet. */
@customElement('prism-empty')
export class Empty extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: grid;
        padding: 24px;
        place-items: center;
      }

      div {
        max-width: 46ch;
      }

      h1 {
        font-size: 1.3em;
        font-weight: 600;
      }

      ol {
        padding-inline-start: 1.4em;
      }

      li {
        margin-block: 6px;
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { t } = this;
    return html`<div>
      <h1>${t('See why the model decided')}</h1>
      <ol>
        <li>${t('Keep an ONNX model in the workspace.')}</li>
        <li>${t('Right-click a photograph in the Explorer and choose “Explain with Model Prism”.')}</li>
        <li>${t('Or run “Model Prism: Explain Image…” from the Command Palette.')}</li>
      </ol>
      <p class="quiet">${t('No model at hand? “Model Prism: Open Sample Workspace” brings one with photographs.')}</p>
    </div>`;
  }
}
