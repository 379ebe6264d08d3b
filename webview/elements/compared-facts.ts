import '@vscode-elements/elements/dist/vscode-progress-ring/index.js';
import { css, html, nothing, type TemplateResult } from 'lit';
import type { ScalarMap } from '../../src/protocol';
import type { ComparedMethod } from '../../src/protocol/panel';
import { conservationText } from '../logic/conservation';
import type { Translate } from '../logic/l10n';
import { duration, number } from '../logic/numbers';
import { icon } from './icon';

/** Styles of what stands in a cell of a comparison beside its picture or its text. */
export const comparedStyles = css`
  .over {
    align-items: center;
    background: var(--vscode-editorWidget-background);
    border-radius: 4px;
    display: flex;
    gap: 6px;
    padding: 2px 8px;
    position: relative;
  }

  .why {
    font-size: 12px;
    max-height: 100%;
    overflow: auto;
    overflow-wrap: anywhere;
    padding: 8px;
    position: relative;
    user-select: text;
  }

  .why .codicon {
    color: var(--vscode-editorError-foreground, inherit);
  }

  code {
    font-family: var(--numbers);
  }

  .words {
    min-width: 0;
    padding: 4px 8px 6px;
  }

  .title {
    display: block;
    font-weight: 600;
  }

  .facts {
    display: flex;
    flex-wrap: wrap;
    font-size: 12px;
    gap: 0 10px;
    min-height: 1.4em;
  }

  .facts .codicon {
    font-size: 13px;
    vertical-align: -2px;
  }

  .warning {
    color: var(--vscode-editorWarning-foreground, var(--vscode-foreground));
  }
`;

/** Why a cell has nothing to show, or not yet. */
export function comparedState(
  cell: ComparedMethod | undefined,
  busy: boolean,
  t: Translate,
): TemplateResult | typeof nothing {
  if (cell?.error) {
    return html`<span class="why" role="alert">${icon('error')} <code>${cell.error.code}</code> ${cell.error.message}</span>`;
  }
  if (cell?.status === 'working') {
    return html`<span class="over"><vscode-progress-ring></vscode-progress-ring>${t('Explaining…')}</span>`;
  }
  if (cell?.status !== 'waiting') return nothing;
  return html`<span class="over quiet">${busy ? t('Waiting') : t('Cancelled')}</span>`;
}

/** Score, how well the method kept what it promises, and time. */
export function comparedFacts(
  { result }: ComparedMethod,
  map: ScalarMap | undefined,
  t: Translate,
): TemplateResult | typeof nothing {
  if (!result) return nothing;
  const { target, conservation, ms } = result;
  const kept = conservation && map && conservationText(conservation, map, t);
  return html`
    <span data-fact="score">${t('score {0}', number(target.score, 4))}</span>
    ${
      kept
        ? html`<span class=${kept.broken ? 'warning' : ''} title=${kept.text} data-fact="conservation">
            ${kept.broken ? icon('warning') : nothing} ${t('residual {0}', number(conservation.residual, 1))}
          </span>`
        : nothing
    }
    <span data-fact="time">${duration(ms.total ?? 0)}</span>
  `;
}
