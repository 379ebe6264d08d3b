import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { ScalarMap } from '../../src/protocol';
import type { ComparedMethod } from '../../src/protocol/panel';
import { type Camera, clampCamera, type Point, place, type Rect, type Size, wholeContent } from '../logic/geometry';
import { Hand } from '../logic/hand';
import { Heatmap, type Look } from '../painting/heatmap';
import type { Photo } from '../painting/photo';
import { drawScene, readTheme } from '../painting/scene';
import { comparedFacts, comparedState, comparedStyles } from './compared-facts';
import { PrismElement } from './element';

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
    comparedStyles,
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
        ${comparedState(cell, this.busy, t)}
      </span>
      <span class="words">
        <span class="title ellipsis">${heading}</span>
        <span class="facts quiet number">${cell ? comparedFacts(cell, this.map, t) : nothing}</span>
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
