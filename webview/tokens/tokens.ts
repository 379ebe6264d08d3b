import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { TokenStudy, TokensHostApi, TokensState } from '../../src/protocol/tokens';
import { type Client, toRemoteError } from '../../src/rpc';
import { barStyles } from '../elements/bar-styles';
import { PrismElement } from '../elements/element';
import { icon } from '../elements/icon';
import '../elements/text';
import '../elements/work';
import { colourMap } from '../logic/colour-maps';
import { translator } from '../logic/l10n';
import { duration, percent, signed } from '../logic/numbers';
import { type Look, matrixOf, textOf, valueAt, visible } from '../logic/token-map';
import './matrix';
import type { TokenMatrix } from './matrix';
import { tokensStyles } from './styles';

/** How many new tokens one press asks for. */
const MORE = 10;

/** A text of which every new token, or every label, is explained: the text above, the map token × token below. */
@customElement('prism-tokens')
export class TokensView extends PrismElement {
  static override styles = [...PrismElement.styles, barStyles, tokensStyles];

  @property({ attribute: false }) host: Client<TokensHostApi> | undefined;

  @state() private known: TokensState | undefined;
  @state() private row = 0;
  @state() private column = 0;
  @state() private axis: 'row' | 'column' = 'row';
  @state() private together = false;
  @state() private notice: ReturnType<typeof toRemoteError> | undefined;

  @query('prism-token-matrix') private matrix!: TokenMatrix | null;

  /** Whether the token that was asked for has been looked at. */
  #arrived = false;
  /** Whether the newest row is looked at as it comes. */
  #follows = true;

  show(next: TokensState): void {
    const before = this.known?.study;
    this.t = translator(next.l10n);
    this.known = next;
    const { study } = next;
    if (study?.id !== before?.id) this.#follows = true;
    const last = Math.max(0, (study?.rows.length ?? 1) - 1);
    const { at } = next;
    // The token that somebody has asked for, once it is there: a label's row, of a text that goes on the column.
    if (study && at !== undefined && !this.#arrived && study.rows.length > 0) {
      this.#arrived = study.kind === 'generation' || study.rows.some((row) => row.at === at);
      if (this.#arrived) this.#lookAt(study, at);
    }
    if (this.#follows && study) this.#look({ row: last, column: strongest(study, last) });
    else this.row = Math.min(this.row, last);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { known, t, host } = this;
    if (!known || !host) return nothing;
    const { study } = known;
    return html`
      <header @method-pick=${() => this.#ask(host.pickMethod({}))}>
        <div class="bar">
          <h1 class="ellipsis">${study ? this.#headline(study) : t('A text, token by token')}</h1>
          ${study ? this.#tools(known, study, host) : nothing}
        </div>
        <prism-work
          .t=${t}
          .work=${known}
          .notice=${this.notice}
          .methods=${true}
          @work-cancel=${() => host.cancel({})}
          @work-retry=${() => host.retry({})}
          @log-show=${() => host.showLog({})}
          @message-dismiss=${() => {
            this.notice = undefined;
          }}
        >
          ${(study?.warnings ?? []).map((warning) => html`<p class="told quiet">${icon('warning')} ${warning.message}</p>`)}
        </prism-work>
      </header>
      ${study && study.rows.length > 0 ? this.#main(study) : nothing}
    `;
  }

  #headline(study: TokenStudy): string {
    const { t } = this;
    const { rows, kind, method, model, ended, ms } = study;
    const name = `${method.title} · ${model.name}`;
    const facts = [
      kind === 'labels' ? t('{0} labels', rows.length) : t('{0} new tokens', rows.length),
      ...(study.cached ? [t('with a cache')] : []),
      ...(ended === 'end' ? [t('the model ended the text')] : []),
      ...(ended === 'full' ? [t('the model takes no more tokens')] : []),
      duration(ms.total ?? 0),
    ];
    return `${name} · ${facts.join(', ')}`;
  }

  #tools({ status }: TokensState, study: TokenStudy, host: Client<TokensHostApi>): TemplateResult {
    const { t } = this;
    const more = (count: number, label: string): TemplateResult =>
      html`<button
        class="tool"
        ?disabled=${status === 'working'}
        @click=${() => {
          this.#follows = true;
          this.#ask(host.more({ count }));
        }}
      >
        ${label}
      </button>`;
    const exported = (format: 'png' | 'npy' | 'json'): TemplateResult =>
      html`<button
        class="tool"
        aria-label=${t('Export as {0}', format.toUpperCase())}
        @click=${() => this.#ask(host.exportAs({ format }))}
      >
        ${icon('export')} ${format.toUpperCase()}
      </button>`;
    return html`<div class="tools" role="toolbar" aria-label=${t('Tokens')}>
      ${
        study.kind === 'generation' && study.ended === undefined
          ? html`${more(1, t('Next token'))} ${more(MORE, t('{0} more', MORE))}`
          : nothing
      }
      <button class="tool" @click=${() => this.#ask(host.pickMethod({}))}>${t('Method…')}</button>
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
      ${exported('png')} ${exported('npy')} ${exported('json')}
    </div>`;
  }

  #main(study: TokenStudy): TemplateResult {
    const { row, column, axis, t } = this;
    const look: Look = axis === 'row' ? { row } : { column };
    const { signed: isSigned } = study.method;
    const colours = isSigned ? colourMap('rdbu', 'diverging') : colourMap('inferno', 'sequential');
    return html`
      <section class="reasons" aria-label=${t('The text')}>
        <p class="told" aria-live="polite">${this.#told(study, look)}</p>
        <prism-text
          .t=${t}
          .content=${textOf(study, look)}
          .colours=${colours}
          @token-choose=${({ detail }: CustomEvent<number>) => this.#lookAt(study, detail)}
        ></prism-text>
      </section>
      <section
        class="map"
        aria-label=${t('Token × token')}
        @cell-choose=${({ detail }: CustomEvent<{ row: number; column: number }>) => {
          this.#follows = false;
          this.#look(detail);
        }}
        @column-choose=${({ detail }: CustomEvent<{ column: number }>) => {
          this.#follows = false;
          this.column = detail.column;
          this.axis = 'column';
        }}
      >
        <p class="told cell-told" aria-live="polite">${this.#cellTold(study)}</p>
        <prism-token-matrix
          .t=${t}
          .matrix=${matrixOf(study, t)}
          .colours=${colours}
          .together=${this.together}
          .row=${row}
          .column=${column}
        ></prism-token-matrix>
      </section>
    `;
  }

  #told(study: TokenStudy, look: Look): string {
    const { t } = this;
    if ('column' in look) return t('What “{0}” contributes to', visible(study.tokens[look.column]?.text ?? ''));
    const { target, at, top } = study.rows[look.row]!;
    const others = top
      .slice(1, 4)
      .map(({ label, probability }) => `“${visible(label)}” ${percent(probability)}`)
      .join(', ');
    const [chosen, word] = [visible(target.label), visible(study.tokens[at]?.text ?? '')];
    const because =
      study.kind === 'labels'
        ? t('Why “{0}” is {1}, {2}', word, chosen, percent(target.probability))
        : t('Why “{0}” is next, {1}', chosen, percent(target.probability));
    return others === '' ? because : `${because} (${t('else {0}', others)})`;
  }

  #cellTold(study: TokenStudy): string {
    const { row, column, t } = this;
    const { target, relevance } = study.rows[row]!;
    const name = visible(study.tokens[column]?.text ?? '');
    if (column >= relevance.length)
      return t('“{0}” was not there yet when “{1}” was chosen', name, visible(target.label));
    const value = valueAt(study, row, column);
    const all = relevance.reduce((sum, part) => sum + Math.abs(part), 0) || 1;
    return t(
      '“{0}” contributes {1} to “{2}”, {3} of all',
      name,
      signed(value),
      visible(target.label),
      percent(Math.abs(value) / all),
    );
  }

  /** A token: its own row where it is explained, else what it contributes to the others. */
  #lookAt(study: TokenStudy, token: number): void {
    this.#follows = false;
    const row = study.rows.findIndex(({ at }) => at === token);
    if (row >= 0) {
      this.#look({ row, column: strongest(study, row) });
      return;
    }
    this.column = token;
    this.axis = 'column';
  }

  #look({ row, column }: { readonly row: number; readonly column: number }): void {
    this.row = row;
    this.column = column;
    this.axis = 'row';
    void this.updateComplete.then(() => this.matrix?.reveal({ row, column }));
  }

  #ask(work: Promise<void>): void {
    work.catch((reason) => {
      this.notice = toRemoteError(reason);
    });
  }
}

/** The token that a row rests on most. */
function strongest({ rows }: TokenStudy, row: number): number {
  const relevance = rows[row]?.relevance ?? [];
  return relevance.reduce((best, value, at) => (Math.abs(value) > Math.abs(relevance[best] ?? 0) ? at : best), 0);
}
