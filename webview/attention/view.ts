import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { RemoteError, ScalarMap } from '../../src/protocol';
import type {
  AttentionContent,
  AttentionHead,
  AttentionHostApi,
  AttentionKind,
  AttentionLayer,
  AttentionMatrix,
  AttentionState,
} from '../../src/protocol/attention';
import { type Client, toRemoteError } from '../../src/rpc';
import { barStyles } from '../elements/bar-styles';
import { PrismElement } from '../elements/element';
import '../elements/work';
import { select } from '../elements/select';
import '../elements/text';
import { attentionMatrix, type Heeded, textWith, tokenName, valuesOf } from '../logic/attention';
import { colourMap } from '../logic/colour-maps';
import { translator } from '../logic/l10n';
import { number, percent } from '../logic/numbers';
import type { Matrix } from '../logic/token-map';
import { decodePhoto, type Photo } from '../painting/photo';
import '../tokens/matrix';
import type { TokenMatrix } from '../tokens/matrix';
import './heads';
import './patches';
import { attentionStyles } from './styles';

/** No side of a small head is longer, in tokens: about what its picture has pixels. */
const SMALL = 96;

const colours = colourMap('rdbu', 'diverging');

/** The attention of an explanation: layer by layer, head by head, what every token heeds. */
@customElement('prism-attention')
export class AttentionView extends PrismElement {
  static override styles = [...PrismElement.styles, barStyles, attentionStyles];

  @property({ attribute: false }) host: Client<AttentionHostApi> | undefined;

  @state() private known: AttentionState | undefined;
  @state() private content: AttentionContent | undefined;
  @state() private photo: Photo | undefined;
  @state() private layer = 0;
  @state() private kind: AttentionKind = 'weights';
  @state() private head: AttentionHead = 'all';
  @state() private heads: readonly ScalarMap[] = [];
  @state() private one: AttentionMatrix | undefined;
  @state() private drawn: Matrix | undefined;
  @state() private row = 0;
  @state() private column = 0;
  @state() private axis: 'row' | 'column' = 'row';
  @state() private together = false;
  @state() private notice: RemoteError | undefined;

  @query('prism-token-matrix') private matrix!: TokenMatrix | null;

  show(next: AttentionState): void {
    this.t = translator(next.l10n);
    this.known = next;
  }

  /** Another explanation has come. What is looked at stays where the model has it. */
  take(content: AttentionContent): void {
    const { layers, relevance } = content.attentions;
    this.content = content;
    this.layer = Math.min(this.layer, layers.length - 1);
    if (!relevance) this.kind = 'weights';
    this.heads = [];
    this.one = undefined;
    this.drawn = undefined;
    this.photo = undefined;
    if (content.photograph) {
      void decodePhoto(content.photograph).then((photo) => {
        if (this.content === content) this.photo = photo;
      }, this.#fail);
    }
    void this.#fetch(true);
  }

  /** Gets the chosen matrix, and the small ones where those are others. What came too late is dropped. */
  async #fetch(withHeads: boolean): Promise<void> {
    const { host, content, kind, layer, head } = this;
    const info = content?.attentions.layers[layer];
    if (!host || !content || !info) return;
    const asked = { layer: info.value, kind };
    const isWanted = (): boolean => this.content === content && this.layer === layer && this.kind === kind;
    try {
      if (withHeads) {
        const heads = await host.heads({ ...asked, size: SMALL });
        if (isWanted()) this.heads = heads;
      }
      const chosen = typeof head === 'number' && head >= info.heads ? 'all' : head;
      const one = await host.head({ ...asked, head: chosen });
      if (!isWanted() || this.head !== head) return;
      this.head = chosen;
      this.one = one;
      this.drawn = attentionMatrix(content, info, one, this.t);
      this.row = Math.min(this.row, one.map.height - 1);
      this.column = Math.min(this.column, one.map.width - 1);
    } catch (reason) {
      if (isWanted()) this.#fail(reason);
    }
  }

  readonly #fail = (reason: unknown): void => {
    this.notice = toRemoteError(reason);
  };

  protected override render(): TemplateResult | typeof nothing {
    const { known, host, t, content } = this;
    if (!known || !host) return nothing;
    const info = content?.attentions.layers[this.layer];
    return html`
      <header>
        <div class="bar">
          <h1>${this.#headline(known)}</h1>
          ${content && info ? this.#tools(content, info) : nothing}
        </div>
        ${this.#note(known, content)}
        <prism-work
          .t=${t}
          .work=${known}
          .notice=${this.notice}
          @work-cancel=${() => host.cancel({})}
          @work-retry=${() => host.retry({})}
          @log-show=${() => host.showLog({})}
          @message-dismiss=${() => {
            this.notice = undefined;
          }}
        ></prism-work>
      </header>
      ${content && info ? this.#main(content, info) : this.#nothingYet(known)}
    `;
  }

  #headline({ subject }: AttentionState): string {
    const { t } = this;
    if (!subject) return t('Attention');
    return t('Attention of {0} · {1}', subject.input, subject.model);
  }

  #note({ stale, subject }: AttentionState, content: AttentionContent | undefined): TemplateResult | typeof nothing {
    const { t } = this;
    const notes = [
      ...(stale === 'changing' ? [t('Another explanation is being made; this is the one before.')] : []),
      ...(stale === 'gone' ? [t('The explanation is not open any more.')] : []),
      ...(content && !content.attentions.relevance
        ? [
            t(
              '{0} does not follow relevance through single heads; DLBacktrace, AttnLRP and Attention Relevance do.',
              subject?.method.title ?? '',
            ),
          ]
        : []),
      ...((this.one?.each ?? 1) > 1
        ? [t('Every cell stands for {0} × {0} tokens, by the strongest of them.', this.one?.each ?? 1)]
        : []),
    ];
    return notes.length > 0 ? html`<p class="quiet note">${notes.join(' ')}</p>` : nothing;
  }

  #tools({ attentions }: AttentionContent, { heads }: AttentionLayer): TemplateResult {
    const { t, known } = this;
    const { layers, relevance } = attentions;
    const choices = layers.map(({ title }, at) => ({ value: String(at), title: `${at} · ${title}` }));
    const kind = (of: AttentionKind, label: string): TemplateResult =>
      html`<button
        class="tool"
        aria-pressed=${this.kind === of}
        ?disabled=${of === 'relevance' && !relevance}
        @click=${() => {
          this.kind = of;
          void this.#fetch(true);
        }}
      >
        ${label}
      </button>`;
    return html`<div class="tools" role="toolbar" aria-label=${t('Attention')}>
      ${select(t('Layer'), String(this.layer), choices, (value) => {
        this.layer = Number(value);
        void this.#fetch(true);
      })}
      <span class="quiet">${t('{0} heads', heads)}</span>
      ${kind('weights', t('Weights'))}
      ${kind('relevance', relevance ? t('Relevance by {0}', known?.subject?.method.title ?? '') : t('Relevance'))}
      <button
        class="tool"
        aria-pressed=${this.together}
        title=${t('Colours of all rows by one scale, not each by its own')}
        @click=${() => {
          this.together = !this.together;
        }}
      >
        ${t('One scale')}
      </button>
    </div>`;
  }

  #nothingYet({ status }: AttentionState): TemplateResult | typeof nothing {
    if (status !== 'empty') return nothing;
    return html`<p class="empty quiet">${this.t('Explain something, and the attention of its model is shown here.')}</p>`;
  }

  #main(content: AttentionContent, info: AttentionLayer): TemplateResult {
    const { t, one, row, column } = this;
    return html`<prism-attention-heads
        .t=${t}
        .heads=${this.heads}
        .chosen=${this.head}
        .colours=${colours}
        @head-choose=${({ detail }: CustomEvent<AttentionHead>) => {
          this.head = detail;
          void this.#fetch(false);
        }}
      ></prism-attention-heads>
      <main>
        ${
          one
            ? html`<section class="reasons" aria-label=${t('What is heeded')}>
                  <p class="told" aria-live="polite">${this.#told(content, info)}</p>
                  ${this.#reasons(content, info, one)}
                </section>
                <section
                  aria-label=${t('Token × token')}
                  @cell-choose=${({ detail }: CustomEvent<{ row: number; column: number }>) => this.#look(detail)}
                  @column-choose=${({ detail }: CustomEvent<{ column: number }>) => {
                    this.column = detail.column;
                    this.axis = 'column';
                  }}
                >
                  <p class="told cell-told" aria-live="polite">${this.#cellTold(one)}</p>
                  <prism-token-matrix
                    .t=${t}
                    .matrix=${this.drawn}
                    .colours=${colours}
                    .together=${this.together}
                    .row=${row}
                    .column=${column}
                  ></prism-token-matrix>
                </section>`
            : nothing
        }
      </main>`;
  }

  get #heeded(): Heeded {
    return this.axis === 'row' ? { row: this.row } : { column: this.column };
  }

  /** A row or a column where its tokens lie: over the text or the picture. */
  #reasons(content: AttentionContent, info: AttentionLayer, one: AttentionMatrix): TemplateResult | typeof nothing {
    const { t, axis } = this;
    const count = axis === 'row' ? info.keys : info.queries;
    const values = valuesOf(one, this.#heeded, count);
    const at = (axis === 'row' ? this.row : this.column) * one.each;
    const { text, attentions, photograph } = content;
    const choose = ({ detail }: CustomEvent<number>): void => {
      const place = Math.floor(detail / one.each);
      if (axis === 'column') this.column = place;
      else this.#look({ row: place, column: this.column });
    };
    if (text && text.tokens.length === count) {
      return html`<prism-text
        narrow
        .t=${t}
        .content=${textWith(text, values)}
        .colours=${colours}
        .at=${at}
        quantity=${this.kind === 'weights' ? 'weight' : 'relevance'}
        @token-choose=${choose}
      ></prism-text>`;
    }
    const { grid } = attentions;
    if (!grid || !photograph || grid.first + grid.width * grid.height > count) return nothing;
    return html`<prism-attention-patches
      .t=${t}
      .photo=${this.photo}
      .viewport=${photograph.viewport}
      .size=${photograph}
      .grid=${grid}
      .values=${values}
      .at=${at}
      .colours=${colours}
      .name=${(token: number) => tokenName(content, token, count, t)}
      @patch-choose=${choose}
    ></prism-attention-patches>`;
  }

  #told(content: AttentionContent, info: AttentionLayer): string {
    const { t, head, one } = this;
    const each = one?.each ?? 1;
    const which = head === 'all' ? t('all heads') : t('head {0}', head);
    if (this.axis === 'column')
      return t('Who heeds {0}, {1}', tokenName(content, this.column * each, info.keys, t), which);
    return t('What {0} heeds, {1}', tokenName(content, this.row * each, info.queries, t), which);
  }

  #cellTold({ map }: AttentionMatrix): string {
    const { t, drawn, row, column, kind } = this;
    const [query, key] = [drawn?.rows[row]?.name ?? '', drawn?.columns[column]?.name ?? ''];
    const value = map.data[row * map.width + column] ?? 0;
    return kind === 'weights'
      ? t('{0} heeds {1} by {2}', query, key, percent(value))
      : t('{0} of the relevance came from {1} heeding {2}', number(value), query, key);
  }

  #look({ row, column }: { readonly row: number; readonly column: number }): void {
    this.row = row;
    this.column = column;
    this.axis = 'row';
    void this.updateComplete.then(() => this.matrix?.reveal({ row, column }));
  }
}
