import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Explanation } from '../../src/protocol';
import { conservationText } from '../logic/conservation';
import { count, duration } from '../logic/numbers';
import { PrismElement } from './element';
import { icon } from './icon';

declare module './element' {
  interface PrismEvents {
    'config-write': undefined;
    'config-open': undefined;
  }
}

/** What a map must not be shown without: model, provider, time, and how far the method kept its promise. */
@customElement('prism-facts')
export class Facts extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        align-items: baseline;
        color: var(--quiet);
        display: flex;
        flex-wrap: wrap;
        font-size: 12px;
        gap: 0 12px;
      }

      .codicon {
        font-size: 14px;
        vertical-align: -2px;
      }

      .warning {
        color: var(--vscode-editorWarning-foreground, var(--vscode-foreground));
      }

      details {
        flex-basis: 100%;
      }

      summary {
        cursor: pointer;
      }

      dl:not([hidden]) {
        display: grid;
        flex-basis: 100%;
        gap: 0 12px;
        grid-template-columns: max-content minmax(0, 1fr) max-content;
        margin: 4px 0 4px 16px;
      }

      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }

      ul {
        margin: 0;
        padding: 0;
      }

      li {
        list-style: none;
      }
    `,
  ];

  @property({ attribute: false }) explanation: Explanation | undefined;

  /** Whether the settings are listed. */
  @state() private unfolded = false;

  protected override render(): TemplateResult | typeof nothing {
    const { explanation, t } = this;
    if (explanation === undefined) return nothing;
    const { model, provider, ms } = explanation;
    const total = ms.total ?? Object.values(ms).reduce((sum, part) => sum + part, 0);
    const stages = Object.entries(ms)
      .filter(([stage]) => stage !== 'total')
      .map(([stage, time]) => `${stage} ${duration(time)}`);
    return html`
      <span title=${model.path} data-fact="model">${model.name}</span>
      <span title=${t('{0} parameters, opset {1}', model.parameters, model.opset)}>${count(model.parameters)}</span>
      <span title=${t('Execution provider')} data-fact="provider">${provider}</span>
      <span class="number" title=${stages.join(', ')} data-fact="time">${duration(total)}</span>
      ${this.#conservation(explanation)} ${this.#settings(explanation)} ${this.#warnings(explanation)}
    `;
  }

  #conservation({ conservation, map }: Explanation): TemplateResult | typeof nothing {
    if (conservation === undefined) return nothing;
    const { text, broken } = conservationText(conservation, map, this.t);
    const title = broken
      ? this.t('The method promises that these are equal; they are not, so read the map with care.')
      : this.t('The method promises that these are equal.');
    return html`<span class=${broken ? 'number warning' : 'number'} title=${title} data-fact="conservation">
      ${broken ? html`${icon('warning')}<span class="unseen">${this.t('Warning:')}</span>` : nothing} ${text}
    </span>`;
  }

  /** Guessed preprocessing is what most often makes an explanation wrong. */
  #settings({ model }: Explanation): TemplateResult | typeof nothing {
    const { t } = this;
    const guessed = model.settings.filter(({ origin }) => origin === 'guess').length;
    if (guessed === 0) {
      return model.configPath === undefined
        ? nothing
        : html`<button class="link" @click=${() => this.emit('config-open', undefined)}>${t('Open settings')}</button>`;
    }
    return html`<span>
        ${icon('info')} ${t('{0} of {1} settings were guessed.', guessed, model.settings.length)}
        <button class="link" aria-expanded=${this.unfolded} aria-controls="settings" @click=${this.#unfold}>
          ${this.unfolded ? t('Hide') : t('Show')}
        </button>
        ·
        <button class="link" @click=${() => this.emit('config-write', undefined)}>${t('Write them to a file')}</button>
      </span>
      <dl id="settings" ?hidden=${!this.unfolded}>
        ${model.settings.map(
          ({ key, value, origin }) => html`<dt>${key}</dt>
            <dd>${value}</dd>
            <dd>${origin}</dd>`,
        )}
      </dl>`;
  }

  #unfold = (): void => {
    this.unfolded = !this.unfolded;
  };

  #warnings({ warnings, model }: Explanation): TemplateResult | typeof nothing {
    const all = [...warnings, ...model.warnings];
    if (all.length === 0) return nothing;
    return html`<details>
      <summary class="warning">
        ${icon('warning')} ${all.length === 1 ? all[0]!.message : this.t('{0} warnings', all.length)}
      </summary>
      <ul>
        ${all.map(({ code, message }) => html`<li><code>${code}</code> ${message}</li>`)}
      </ul>
    </details>`;
  }
}
