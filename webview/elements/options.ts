import '@vscode-elements/elements/dist/vscode-checkbox/index.js';
import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import type { VscodeCheckbox } from '@vscode-elements/elements/dist/vscode-checkbox/index.js';
import type { VscodeTextfield } from '@vscode-elements/elements/dist/vscode-textfield/index.js';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import type { OptionInfo, OptionValues } from '../../src/protocol';
import { checkNumber } from '../logic/options';
import { PrismElement } from './element';
import { icon } from './icon';
import { select } from './select';

export interface OptionChange {
  readonly key: string;
  readonly value: boolean | number | string;
}

declare module './element' {
  interface PrismEvents {
    'option-change': OptionChange;
    'file-pick': OptionInfo;
  }
}

/** Controls for a method's options, made from their declaration. */
@customElement('prism-options')
export class Options extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: grid;
        gap: 8px 20px;
        grid-template-columns: repeat(auto-fill, minmax(min(240px, 100%), 1fr));
      }

      .title {
        font-weight: 600;
      }

      vscode-single-select,
      vscode-textfield {
        margin-top: 2px;
        max-width: 240px;
        width: 100%;
      }

      .file {
        align-items: center;
        display: flex;
        gap: 4px;
        max-width: 266px;
      }

      .help {
        font-size: 12px;
      }

      .wrong {
        color: var(--vscode-errorForeground);
        font-size: 12px;
      }
    `,
  ];

  @property({ attribute: false }) options: readonly OptionInfo[] = [];
  @property({ attribute: false }) values: OptionValues = {};

  /** What is wrong with what was typed, by option. */
  @state() private wrong: Readonly<Record<string, string>> = {};

  protected override render(): TemplateResult {
    return html`${this.options.map((option) => this.#control(option))}`;
  }

  #control(option: OptionInfo): TemplateResult {
    const { key, title, help } = option;
    const wrong = this.wrong[key];
    const control = option.type === 'boolean' ? this.#toggle(option) : this.#field(option);
    return html`<div data-option=${key}>
      ${option.type === 'boolean' ? nothing : html`<div class="title" aria-hidden="true">${title}</div>`} ${control}
      ${wrong ? html`<div class="wrong" role="alert">${wrong}</div>` : nothing}
      <div class="help quiet">${help}</div>
    </div>`;
  }

  #toggle(option: OptionInfo): TemplateResult {
    return html`<vscode-checkbox
      label=${option.title}
      .checked=${live(Boolean(this.values[option.key] ?? option.default))}
      @change=${(event: Event) => this.#change(option, (event.target as VscodeCheckbox).checked)}
    ></vscode-checkbox>`;
  }

  #field(option: OptionInfo): TemplateResult {
    const value = String(this.values[option.key] ?? option.default);
    if (option.type === 'choice') {
      const choices = (option.choices ?? []).map((choice) => ({ value: choice, title: choice }));
      return select(option.title, value, choices, (choice) => this.#change(option, choice));
    }
    const field = html`<vscode-textfield
      label=${option.title}
      ?invalid=${this.wrong[option.key] !== undefined}
      .value=${live(value)}
      @change=${(event: Event) => this.#typed(option, (event.target as VscodeTextfield).value)}
    ></vscode-textfield>`;
    if (option.type !== 'file') return field;
    const browse = this.t('Choose a file for {0}…', option.title);
    return html`<div class="file">
      ${field}
      <button class="tool" title=${browse} aria-label=${browse} @click=${() => this.emit('file-pick', option)}>
        ${icon('folder-opened')}
      </button>
    </div>`;
  }

  #typed(option: OptionInfo, text: string): void {
    const word = text.trim();
    if (option.type === 'file' || option.type === 'value' || option.choices?.includes(word)) {
      this.#change(option, word);
      return;
    }
    const checked = checkNumber(option, text, this.t);
    if (typeof checked === 'number') this.#change(option, checked);
    else this.wrong = { ...this.wrong, [option.key]: checked };
  }

  #change({ key }: OptionInfo, value: boolean | number | string): void {
    const { [key]: _right, ...wrong } = this.wrong;
    this.wrong = wrong;
    this.emit('option-change', { key, value });
  }
}
