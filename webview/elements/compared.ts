import '@vscode-elements/elements/dist/vscode-progress-ring/index.js';
import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { ScalarMap } from '../../src/protocol';
import type { ComparedMethod } from '../../src/protocol/panel';
import { conservationText } from '../logic/conservation';
import { type Camera, clampCamera, type Point, place, type Rect, type Size, wholeContent } from '../logic/geometry';
import { Hand } from '../logic/hand';
import { duration, number } from '../logic/numbers';
import { Heatmap, type Look } from '../painting/heatmap';
import type { Photo } from '../painting/photo';
import { drawScene, readTheme } from '../painting/scene';
import { PrismElement } from './element';
import { icon } from './icon';

declare module './element' {
  interface PrismEvents {
    'compared-open': undefined;
    'compared-camera': Camera;
  }
}

/** One picture of a comparison: the photograph with what a method says of it, or why it says nothing. */
@customElement('prism-compared')
export class Compared extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: block;
        min-width: 0;
      }

      .cell {
        background: none;
        border: 1px solid var(--line);
        border-radius: 4px;
        color: inherit;
        display: flex;
        flex-direction: column;
        font: inherit;
        height: 100%;
        overflow: hidden;
        padding: 0;
        text-align: start;
        width: 100%;
      }

      button.cell {
        cursor: pointer;
      }

      button.cell:hover {
        background: var(--vscode-list-hoverBackground);
        color: var(--vscode-list-hoverForeground, inherit);
      }

      :host([current]) .cell {
        border-color: var(--vscode-focusBorder);
      }

      .frame {
        aspect-ratio: var(--shape, 1);
        display: grid;
        place-items: center;
        position: relative;
        width: 100%;
      }

      .frame {
        touch-action: pan-y;
      }

      canvas {
        height: 100%;
        inset: 0;
        position: absolute;
        width: 100%;
      }

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
    `,
  ];

  /** What is painted: the value of the canvas's data-map. */
  @property() what = '';
  @property() heading = '';
  /** Absent for the photograph by itself. */
  @property({ attribute: false }) cell: ComparedMethod | undefined;
  @property({ attribute: false }) map: ScalarMap | undefined;
  @property({ attribute: false }) look: Look | undefined;
  @property({ attribute: false }) photo: Photo | undefined;
  /** Whether the comparison goes on. */
  @property({ attribute: false }) busy = false;
  @property({ attribute: false }) camera: Camera = wholeContent;
  /** Changes when the theme does. */
  @property({ attribute: false }) theme = 0;

  @query('canvas') private canvas!: HTMLCanvasElement | null;
  @query('.frame') private frame!: HTMLElement | null;

  readonly #heatmap = new Heatmap();
  readonly #hand = new Hand(
    () => ({ camera: this.camera, content: this.#content, canvas: this.#size, margin: 0 }),
    (camera) => this.emit('compared-camera', camera),
    () => 4 * this.#ratio,
  );
  readonly #observer = new ResizeObserver(() => this.#paint());
  #paints = 0;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
  }

  protected override firstUpdated(): void {
    if (this.frame) this.#observer.observe(this.frame);
  }

  protected override render(): TemplateResult {
    const { cell, heading, t } = this;
    const inside = html`
      <span
        class="frame"
        @wheel=${this.#onWheel}
        @pointerdown=${this.#onDown}
        @pointermove=${this.#onMove}
        @pointerup=${this.#onUp}
        @pointercancel=${this.#onUp}
      >
        <canvas aria-hidden="true" data-pane="compared"></canvas>
        ${this.#over(cell)}
      </span>
      <span class="words">
        <span class="title ellipsis">${heading}</span>
        <span class="facts quiet number">${cell ? this.#facts(cell) : nothing}</span>
      </span>
    `;
    if (cell?.status !== 'ready')
      return html`<div class="cell" data-status=${cell?.status ?? 'photograph'}>${inside}</div>`;
    return html`<button
      class="cell"
      data-status="ready"
      title=${t('Show {0} by itself', heading)}
      @click=${this.#onClick}
      @keydown=${this.#onKey}
    >
      ${inside}
    </button>`;
  }

  #over(cell: ComparedMethod | undefined): TemplateResult | typeof nothing {
    const { t } = this;
    if (cell?.error) {
      return html`<span class="why" role="alert">${icon('error')} <code>${cell.error.code}</code> ${cell.error.message}</span>`;
    }
    if (cell?.status === 'working') {
      return html`<span class="over"><vscode-progress-ring></vscode-progress-ring>${t('Explaining…')}</span>`;
    }
    if (cell?.status !== 'waiting') return nothing;
    return html`<span class="over quiet">${this.busy ? t('Waiting') : t('Cancelled')}</span>`;
  }

  #facts({ result }: ComparedMethod): TemplateResult | typeof nothing {
    if (!result) return nothing;
    const { t, map } = this;
    const { target, conservation, ms } = result;
    const kept = conservation && map && conservationText(conservation, map, t);
    return html`
      <span data-fact="score">${t('score {0}', number(target.score, 4))}</span>
      ${
        kept
          ? html`<span class=${kept.broken ? 'warning' : ''} title=${kept.text} data-fact="conservation">
              ${kept.broken ? icon('warning') : nothing} ${t('residual {0}', number(conservation!.residual, 1))}
            </span>`
          : nothing
      }
      <span data-fact="time">${duration(ms.total ?? 0)}</span>
    `;
  }

  protected override updated(_changed: PropertyValues<this>): void {
    const { photo } = this;
    if (photo) {
      const { width, height } = photo.source.viewport;
      this.style.setProperty('--shape', String(Math.min(2, Math.max(0.5, width / height))));
    }
    this.#paint();
  }

  get #ratio(): number {
    return window.devicePixelRatio || 1;
  }

  /** In device pixels. */
  get #size(): Size {
    const { clientWidth = 0, clientHeight = 0 } = this.canvas ?? {};
    return { width: Math.round(clientWidth * this.#ratio), height: Math.round(clientHeight * this.#ratio) };
  }

  get #content(): Rect {
    return this.photo?.source.viewport ?? { x: 0, y: 0, width: 1, height: 1 };
  }

  #at(event: MouseEvent): Point {
    const box = this.canvas!.getBoundingClientRect();
    return { x: (event.clientX - box.left) * this.#ratio, y: (event.clientY - box.top) * this.#ratio };
  }

  /** The bare wheel scrolls; a pinch arrives with Ctrl. */
  #onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.#hand.wheel(event.deltaY, event.deltaMode, this.#at(event));
  };

  #onDown = (event: PointerEvent): void => {
    if (event.button > 1) return;
    this.#hand.down(event.pointerId, this.#at(event));
  };

  #onMove = (event: PointerEvent): void => {
    if (!this.#hand.move(event.pointerId, this.#at(event))) return;
    const frame = event.currentTarget as HTMLElement;
    if (!frame.hasPointerCapture(event.pointerId)) frame.setPointerCapture(event.pointerId);
  };

  #onUp = (event: PointerEvent): void => this.#hand.up(event.pointerId);

  /** What was dragged was not clicked. */
  #onClick = (event: MouseEvent): void => {
    if (event.detail > 0 && this.#hand.moved) return;
    this.emit('compared-open', undefined);
  };

  #onKey = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === '0') this.emit('compared-camera', wholeContent);
    else if (!this.#hand.key(event.key)) return;
    event.preventDefault();
  };

  #paint(): void {
    const { canvas, photo, map, look } = this;
    if (!canvas) return;
    const ratio = this.#ratio;
    const size = this.#size;
    const wanted = this.cell ? map : photo;
    if (size.width === 0 || size.height === 0) return;
    Object.assign(canvas, size);
    if (!wanted || !photo) {
      delete canvas.dataset.painted;
      return;
    }
    const { viewport } = photo.source;
    const painted = map && look && this.#heatmap.paint(map, look);
    // What the model did not see has no place in so small a picture.
    const placement = place(clampCamera(this.camera, viewport, size), viewport, size);
    drawScene(
      canvas.getContext('2d')!,
      {
        photo,
        viewport,
        marks: [],
        grey: painted ? look.opacity : 0,
        map: painted && { painted, area: viewport, crisp: false },
      },
      { placement, theme: readTheme(this), ratio },
    );
    const { scale, left, top } = placement;
    canvas.dataset.area = [
      left + scale * viewport.x,
      top + scale * viewport.y,
      scale * viewport.width,
      scale * viewport.height,
    ].join(' ');
    canvas.dataset.map = this.what;
    canvas.dataset.painted = String(++this.#paints);
  }
}
