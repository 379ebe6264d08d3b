import { css, html, type nothing, svg, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { PfvSource } from '../../src/protocol/pfv';
import { centreOf, type Point, type Rect } from '../logic/geometry';
import { percent, signed } from '../logic/numbers';
import { PrismElement } from './element';

declare module './element' {
  interface PrismEvents {
    /** A source is pointed at; undefined when none is any more. */
    'source-mark': PfvSource | undefined;
    /** A source is to be looked at itself. */
    'source-visit': PfvSource;
  }
}

/** A rectangle of a pane's content, as it lies on the page now; undefined where it is out of sight. */
export type Measured = () => Rect | undefined;

/** A source, and the cell that it has in its pane. */
export interface SourceCell {
  readonly source: PfvSource;
  readonly cell: Measured;
}

interface Line {
  readonly source: PfvSource;
  readonly from: Rect;
  readonly to: Rect;
}

/** Widest and thinnest line, in CSS pixels. */
const widest = 6;
const thinnest = 1;

const between = (a: Point, b: Point, share: number): Point => ({
  x: a.x + share * (b.x - a.x),
  y: a.y + share * (b.y - a.y),
});

/** Where the way from the middle of a rectangle to a point leaves the rectangle. */
function edgeTowards(rect: Rect, point: Point): Point {
  const middle = centreOf(rect);
  const reach = Math.max(
    Math.abs(point.x - middle.x) / (rect.width / 2),
    Math.abs(point.y - middle.y) / (rect.height / 2),
  );
  return reach > 1 ? between(middle, point, 1 / reach) : middle;
}

/** Lines from a PFV in one pane to what it is made of in another, as wide as the shares are large. */
@customElement('prism-pfv-lines')
export class PfvLines extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        inset: 0;
        pointer-events: none;
        position: absolute;
      }

      svg {
        display: block;
        height: 100%;
        overflow: visible;
        width: 100%;
      }

      .ground {
        stroke: var(--vscode-editor-background);
      }

      .for {
        stroke: var(--vscode-charts-red, var(--vscode-foreground));
      }

      .against {
        stroke: var(--vscode-charts-blue, var(--vscode-foreground));
        stroke-dasharray: 6 4;
      }

      rect {
        fill: none;
      }

      .target {
        cursor: pointer;
        pointer-events: stroke;
        stroke: transparent;
      }

      g.marked .shown {
        stroke: var(--vscode-focusBorder, var(--vscode-foreground));
        stroke-dasharray: none;
      }

      @media (forced-colors: active) {
        .for,
        .against {
          stroke: CanvasText;
        }

        g.marked .shown {
          stroke: Highlight;
        }
      }
    `,
  ];

  /** The PFV. */
  @property({ attribute: false }) to: Measured | undefined;
  @property({ attribute: false }) sources: readonly SourceCell[] = [];
  @property({ attribute: false }) marked: PfvSource | undefined;
  /** Changes whenever something may lie elsewhere. */
  @property({ attribute: false }) layout: unknown;

  @state() private lines: readonly Line[] = [];

  #frame = 0;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    cancelAnimationFrame(this.#frame);
  }

  protected override render(): TemplateResult {
    const most = Math.max(...this.sources.map(({ source }) => Math.abs(source.share)), 0);
    // The strongest lie on top, and what is pointed at on all.
    const ordered = [...this.lines].reverse();
    const marked = ordered.filter(({ source }) => source === this.marked);
    const lines = [...ordered.filter(({ source }) => source !== this.marked), ...marked];
    return html`<svg aria-hidden="true" focusable="false">${lines.map((line) => this.#line(line, most))}</svg>`;
  }

  protected override updated(): void {
    cancelAnimationFrame(this.#frame);
    // Where the panes have come to lie is known when all of them are up to date.
    this.#frame = requestAnimationFrame(() => this.#measure());
  }

  #measure(): void {
    const box = this.getBoundingClientRect();
    const here = ({ x, y, width, height }: Rect): Rect => ({ x: x - box.x, y: y - box.y, width, height });
    const from = this.to?.();
    const lines = this.sources.flatMap(({ source, cell }): Line[] => {
      const to = cell();
      return from && to ? [{ source, from: here(from), to: here(to) }] : [];
    });
    if (JSON.stringify(lines) !== JSON.stringify(this.lines)) this.lines = lines;
  }

  #line({ source, from, to }: Line, most: number): TemplateResult | typeof nothing {
    const size = most > 0 ? Math.abs(source.share) / most : 0;
    const width = thinnest + (widest - thinnest) * size;
    const opacity = 0.35 + 0.65 * size;
    const b = centreOf(to);
    const a = edgeTowards(from, b);
    // What is clicked on the PFV itself is meant for it.
    const start = between(a, b, 0.2);
    const isMarked = source === this.marked;
    const kind = source.share < 0 ? 'against' : 'for';
    const stroke = (name: string, thickness: number, from = a): TemplateResult =>
      svg`<line class=${name} x1=${from.x} y1=${from.y} x2=${b.x} y2=${b.y} stroke-width=${thickness}></line>`;
    return svg`<g
      class=${isMarked ? 'marked' : ''}
      data-source="${source.layer}@${source.y},${source.x}"
      data-share=${source.share}
      opacity=${isMarked ? 1 : opacity}
      @pointerover=${() => this.emit('source-mark', source)}
      @pointerout=${() => this.emit('source-mark', undefined)}
      @click=${() => this.emit('source-visit', source)}
    >
      <title>${this.t('{0} ({1}): click to go there', percent(source.share), signed(source.share))}</title>
      ${stroke('ground', width + 2)} ${stroke(`shown ${kind}`, width)} ${stroke('target', 14, start)}
      <rect class="ground" x=${to.x} y=${to.y} width=${to.width} height=${to.height} stroke-width="4"></rect>
      <rect
        class="shown ${kind}" x=${to.x} y=${to.y} width=${to.width} height=${to.height} stroke-width=${isMarked ? 3 : 1.5}
      ></rect>
    </g>` as unknown as TemplateResult;
  }
}
