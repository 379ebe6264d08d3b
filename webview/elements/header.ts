import '@vscode-elements/elements/dist/vscode-checkbox/index.js';
import type { VscodeCheckbox } from '@vscode-elements/elements/dist/vscode-checkbox/index.js';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import type { MethodSummary, OptionInfo, RemoteError } from '../../src/protocol';
import { prominentOption } from '../logic/options';
import type { PanelModel } from '../logic/panel-model';
import { PrismElement } from './element';
import './facts';
import './history';
import { icon } from './icon';
import './menu';
import './options';
import type { OptionChange } from './options';
import { type Choice, select } from './select';

declare module './element' {
  interface PrismEvents {
    'picture-copy': undefined;
  }
}

const choiceOf = ({ id, title, summary }: MethodSummary, why: RemoteError | undefined): Choice =>
  why ? { value: id, title, description: why.message, disabled: true } : { value: id, title, description: summary };

/** Which method, with which options, on which model; and what to do with the result. */
@customElement('prism-header')
export class Header extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        border-bottom: 1px solid var(--line);
        display: block;
        padding: 6px 8px;
      }

      .row {
        align-items: center;
        display: flex;
        flex-wrap: wrap;
        gap: 4px 12px;
      }

      .method {
        flex: 0 1 260px;
        min-width: 140px;
      }

      .method vscode-single-select {
        width: 100%;
      }

      .tools {
        display: flex;
        gap: 4px;
        margin-inline-start: auto;
      }

      .options {
        border-top: 1px solid var(--line);
        margin-top: 6px;
        max-height: 40vh;
        overflow: auto;
        padding: 8px 0 4px;
      }

      .about {
        color: var(--quiet);
        margin: 0 0 8px;
        max-width: 80ch;
      }

      a {
        color: var(--vscode-textLink-foreground);
      }

      prism-facts {
        margin-top: 4px;
      }
    `,
  ];

  @property({ attribute: false }) model!: PanelModel;
  /** Changes whenever the model did. */
  @property({ attribute: false }) version = 0;

  @state() private unfolded = false;

  protected override render(): TemplateResult {
    const { model, t } = this;
    const { explanation, method } = model;
    const prominent = prominentOption(method);
    return html`
      <div class="row">
        <prism-history .t=${t} .model=${model} .version=${this.version}></prism-history>
        <div class="method" ?hidden=${!model.state?.methods.length}>
          ${select(t('Method'), method?.id ?? '', this.#choices(), (id) => model.chooseMethod(id))}
        </div>
        ${
          prominent
            ? html`<vscode-checkbox
                toggle
                label=${prominent.title}
                title=${prominent.help}
                data-option=${prominent.key}
                .checked=${live(Boolean(model.options[prominent.key]))}
                @change=${(event: Event) => model.setOption(prominent.key, (event.target as VscodeCheckbox).checked)}
              ></vscode-checkbox>`
            : nothing
        }
        ${
          method
            ? html`<button
                class="tool"
                aria-expanded=${this.unfolded}
                aria-controls="options"
                @click=${() => {
                  this.unfolded = !this.unfolded;
                }}
              >
                ${icon(this.unfolded ? 'chevron-down' : 'chevron-right')} ${t('Options')}
              </button>`
            : nothing
        }
        <div class="tools">${explanation ? this.#tools() : nothing}</div>
      </div>
      <div id="options" class="options" ?hidden=${!this.unfolded}>${method ? this.#options(method) : nothing}</div>
      <prism-facts .t=${t} .explanation=${explanation}></prism-facts>
    `;
  }

  /** All methods, those that the model is beyond last. */
  #choices(): Choice[] {
    const { methods = [], unfit = [] } = this.model.state ?? {};
    const why = (id: string): RemoteError | undefined => unfit.find(({ method }) => method === id)?.error;
    const sorted = [...methods].sort((a, b) => Number(why(a.id) !== undefined) - Number(why(b.id) !== undefined));
    return sorted.map((method) => choiceOf(method, why(method.id)));
  }

  #options(method: MethodSummary): TemplateResult {
    const { model, t } = this;
    const prominent = prominentOption(method);
    const { paper } = method;
    return html`
      <p class="about">
        ${method.summary}
        ${paper ? html`<a href=${paper.url} title=${paper.url}>${paper.title}</a>` : nothing}
      </p>
      <prism-options
        .t=${t}
        .options=${method.options.filter((option) => option !== prominent)}
        .values=${model.options}
        @option-change=${({ detail }: CustomEvent<OptionChange>) => model.setOption(detail.key, detail.value)}
        @file-pick=${({ detail }: CustomEvent<OptionInfo>) => model.pickFile(detail)}
      ></prism-options>
    `;
  }

  #tools(): TemplateResult {
    const { t } = this;
    const { pictured, comparing, explanation } = this.model;
    const pictures = pictured !== undefined || comparing || explanation === undefined;
    const parts = explanation?.text !== undefined || explanation?.row !== undefined;
    const linkable = explanation?.photograph !== undefined || explanation?.text !== undefined;
    const items = [
      ...(pictures || parts ? [{ id: 'png', title: t('Picture (PNG)…') }] : []),
      ...(parts ? [{ id: 'csv', title: explanation?.row ? t('Features (CSV)…') : t('Tokens (CSV)…') }] : []),
      { id: 'npy', title: t('Raw values (NPY)…') },
      { id: 'html', title: t('Report (HTML)…') },
      { id: 'json', title: t('Report (JSON)…') },
      { id: 'onnx', title: t('Explanation graph (ONNX)…') },
      ...(linkable ? [{ id: 'link', title: t('Copy link') }] : []),
    ];
    return html`
      ${pictures || parts ? this.#tool('layout', t('Compare methods…'), this.model.pickCompared) : nothing}
      ${pictures ? this.#tool('copy', t('Copy the picture'), () => this.emit('picture-copy', undefined)) : nothing}
      ${pictures || parts ? this.#tool('law', t('Judge this map by metrics…'), this.model.judge) : nothing}
      ${this.#tool('type-hierarchy', t('Show the network'), this.model.showNetwork)}
      <prism-menu .t=${t} label=${t('Export')} icon="export" .items=${items}></prism-menu>
    `;
  }

  #tool(name: Parameters<typeof icon>[0], title: string, act: () => unknown): TemplateResult {
    return html`<button class="tool" title=${title} aria-label=${title} @click=${act}>${icon(name)}</button>`;
  }
}
