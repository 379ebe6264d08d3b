import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { RemoteError } from '../../src/protocol';
import type { ReportHostApi, ReportState } from '../../src/protocol/report';
import { type Client, toRemoteError } from '../../src/rpc';
import { translator } from '../logic/l10n';
import { PrismElement } from './element';
import { icon } from './icon';
import './menu';
import './message';
import './progress';

/** The editor's theme for a page that brings its own looks. */
const themed = `
:host { --page: var(--vscode-editor-background); --quiet: var(--vscode-descriptionForeground); }
a { color: var(--vscode-textLink-foreground); }
svg text { font-family: var(--vscode-font-family); }
summary { cursor: pointer; }
`;

/** A page's rules, with what they say of the document said of the element that shows it. */
const rulesOf = (page: Document): string =>
  [...page.querySelectorAll('style')]
    .map(({ textContent }) => textContent ?? '')
    .join('\n')
    .replace(/:root\s*\{[^}]*\}/g, '')
    .replace(/^body\s*\{[^}]*\}/gm, '');

/** The report of an evaluation as it grows, with what can be done about it. */
@customElement('prism-report')
export class Report extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        background: var(--vscode-editor-background);
        display: flex;
        flex-direction: column;
        height: 100vh;
      }

      .bar {
        align-items: center;
        border-bottom: 1px solid var(--line);
        display: flex;
        gap: 8px;
        padding: 4px 8px 4px 16px;
      }

      .title {
        flex: 1;
        font-weight: 600;
        min-width: 0;
      }

      .page {
        flex: 1;
        min-height: 0;
        overflow: auto;
        padding: 0 24px 24px;
      }

      .begin {
        color: var(--quiet);
        padding: 24px;
      }

      [hidden] {
        display: none;
      }
    `,
  ];

  @property({ attribute: false }) host!: Client<ReportHostApi>;

  @state() private report: ReportState | undefined;
  /** A request of the panel's own that failed. */
  @state() private notice: RemoteError | undefined;

  @query('.page') private pane!: HTMLElement;

  readonly #sheet = new CSSStyleSheet();
  #page: string | undefined;

  /** Shows a state; one without a page has that of the state before. */
  show(next: ReportState): void {
    const page = next.page ?? this.report?.page;
    this.t = translator(next.l10n);
    this.report = page === undefined ? next : { ...next, page };
  }

  protected override render(): TemplateResult | typeof nothing {
    const { report, t } = this;
    if (!report) return nothing;
    const { status, title, progress, error, page } = report;
    return html`
      <header>
        <div class="bar">
          <span class="title ellipsis">${title}</span>
          ${status === 'stopped' && page !== undefined ? html`<span class="quiet">${t('Stopped')}</span>` : nothing}
          ${
            status === 'working'
              ? nothing
              : html`<button class="tool" @click=${() => this.#ask(() => this.host.resume({}))}>
                  ${icon('refresh')} ${status === 'ready' ? t('Run again') : t('Go on')}
                </button>`
          }
          ${
            page === undefined
              ? nothing
              : html`<prism-menu
                  .t=${t}
                  label=${t('Export')}
                  icon="export"
                  .items=${[
                    { id: 'html', title: t('Report (HTML)…') },
                    { id: 'csv', title: t('Table (CSV)…') },
                    { id: 'json', title: t('Results (JSON)…') },
                  ]}
                  @menu-choose=${({ detail }: CustomEvent<string>) =>
                    this.#ask(() => this.host.exportAs({ format: detail as 'html' | 'csv' | 'json' }))}
                ></prism-menu>`
          }
        </div>
        ${
          status === 'working'
            ? html`<prism-progress
                .t=${t}
                .progress=${progress ?? { message: t('Preparing the model…') }}
                @work-cancel=${() => this.#ask(() => this.host.cancel({}))}
              ></prism-progress>`
            : nothing
        }
        <div
          @work-retry=${() => this.#ask(() => this.host.resume({}))}
          @log-show=${() => this.#ask(() => this.host.showLog({}))}
          @message-dismiss=${() => {
            this.notice = undefined;
          }}
        >
          <prism-message ?hidden=${status !== 'failed'} .t=${t} .error=${error} .retry=${true}></prism-message>
          <prism-message ?hidden=${!this.notice} .t=${t} .error=${this.notice}></prism-message>
        </div>
      </header>
      ${page === undefined ? html`<p class="begin">${t('The report appears with the first picture.')}</p>` : nothing}
      <main class="page" ?hidden=${page === undefined} data-status=${status}></main>
    `;
  }

  protected override updated(_changed: PropertyValues<this>): void {
    const page = this.report?.page;
    if (page === undefined || page === this.#page) return;
    this.#page = page;
    const { pane } = this;
    const root = pane.shadowRoot ?? pane.attachShadow({ mode: 'open' });
    const parsed = new DOMParser().parseFromString(page, 'text/html');
    this.#sheet.replaceSync(`${rulesOf(parsed)}\n${themed}`);
    root.adoptedStyleSheets = [this.#sheet];
    // What was unfolded, and the place that was read, stay.
    const unfolded = [...root.querySelectorAll('details')].map(({ open }) => open);
    const { scrollTop } = pane;
    root.replaceChildren(...[...parsed.body.children].map((child) => document.importNode(child, true)));
    for (const [i, details] of [...root.querySelectorAll('details')].entries()) details.open = unfolded[i] ?? false;
    pane.scrollTop = scrollTop;
  }

  async #ask(question: () => Promise<void>): Promise<void> {
    try {
      this.notice = undefined;
      await question();
    } catch (reason) {
      this.notice = toRemoteError(reason);
    }
  }
}
