import { css, html, nothing, svg, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { JudgedMetric } from '../../src/protocol/study';
import { number } from '../logic/numbers';
import { PrismElement } from './element';
import { icon } from './icon';

const plot = { width: 60, height: 16 };

/** A curve from 0 to its largest value. */
function sparkline(curve: readonly number[]): TemplateResult {
  const most = Math.max(...curve.map(Math.abs), Number.MIN_VALUE);
  const points = curve.map((value, i) => {
    const x = (i / Math.max(1, curve.length - 1)) * plot.width;
    return `${x.toFixed(1)},${((1 - Math.max(0, value) / most) * plot.height).toFixed(1)}`;
  });
  return html`<svg width=${plot.width} height=${plot.height} aria-hidden="true">
    ${svg`<polyline points="${points.join(' ')}" />`}
  </svg>`;
}

/** What metrics say of the explanation. */
@customElement('prism-judged')
export class JudgedMetrics extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      table {
        border-collapse: collapse;
        width: 100%;
      }

      th {
        font-weight: normal;
        text-align: start;
      }

      th,
      td {
        padding: 1px 8px;
      }

      td {
        text-align: end;
        white-space: nowrap;
      }

      polyline {
        fill: none;
        stroke: var(--vscode-charts-blue, var(--vscode-foreground));
        stroke-width: 1.5;
      }

      .codicon {
        color: var(--vscode-editorError-foreground, inherit);
        font-size: 14px;
      }
    `,
  ];

  @property({ attribute: false }) metrics: readonly JudgedMetric[] = [];

  protected override render(): TemplateResult {
    return html`<table>
      <tbody>
        ${this.metrics.map((metric) => this.#row(metric))}
      </tbody>
    </table>`;
  }

  #row({ id, title, summary, better, value, reason, curve, error }: JudgedMetric): TemplateResult {
    const why = error?.message ?? reason ?? '';
    return html`<tr data-metric=${id}>
      <th scope="row" title=${summary}>${title} ${better === 'higher' ? '↑' : '↓'}</th>
      <td>${curve && curve.length > 1 ? sparkline(curve) : nothing}</td>
      <td class="number" title=${why}>
        ${error ? html`${icon('error')}<span class="unseen">${why}</span>` : value === null ? '—' : number(value, 4)}
      </td>
    </tr>`;
  }
}
