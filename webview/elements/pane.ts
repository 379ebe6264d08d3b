import { css, html, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { ScalarMap } from '../../src/protocol';
import {
  type Camera,
  clampCamera,
  type Placement,
  type Point,
  place,
  type Rect,
  rectToCanvas,
  reveal,
  type Size,
  toContent,
  wholeContent,
} from '../logic/geometry';
import { Hand } from '../logic/hand';
import { Ground } from '../painting/ground';
import { Heatmap, type Look, type Painted } from '../painting/heatmap';
import type { Photo } from '../painting/photo';
import type { Drawing } from '../painting/picture';
import { drawFigure, type Mark, readTheme, type Scene } from '../painting/scene';
import './colour-bar';
import { PrismElement } from './element';

/** A point of the content, and whether the keyboard or the pointer chose it. */
export interface Pointing {
  readonly point: Point | undefined;
  readonly by: 'pointer' | 'keyboard';
}

declare module './element' {
  interface PrismEvents {
    /** Something of the content is pointed at; undefined when nothing is any more. */
    'pane-point': Pointing;
    /** Clicked, or chosen by Enter. */
    'pane-pick': Point | undefined;
    /** An arrow key: one step, or ten with Shift. */
    'pane-step': Point;
    'pane-escape': undefined;
    'pane-camera': Camera;
    /** A rectangle of the content, drawn with Shift. */
    'pane-draw': Rect;
  }
}

/** Empty border around the content, in CSS pixels. */
const margin = 6;

const arrows: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** One picture: a photograph, a map, or a map over the photograph, with its caption and its colour bar. */
@customElement('prism-pane')
export class Pane extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: grid;
        grid-template-rows: auto minmax(0, 1fr) auto;
        min-height: 0;
        min-width: 0;
      }

      .caption {
        display: flex;
        gap: 8px;
        min-height: 20px;
        padding: 0 6px;
      }

      .frame {
        min-height: 0;
        position: relative;
      }

      canvas {
        cursor: crosshair;
        display: block;
        height: 100%;
        inset: 0;
        outline-offset: -2px;
        position: absolute;
        touch-action: none;
        width: 100%;
      }

      canvas.moving {
        cursor: grabbing;
      }

      prism-colour-bar,
      .no-bar {
        height: 24px;
        padding: 2px 6px;
      }
    `,
  ];

  /** What is painted: the value of the canvas's data-map. */
  @property() what = '';
  /** Which of the panes this is: the value of the canvas's data-pane. */
  @property() pane = 'map';
  @property() label = '';
  /** Puts the map into words, for who has the focus here. */
  @property({ attribute: false }) describe: () => string = () => '';
  /** What is shown, and what more there is to say of it. */
  @property() heading = '';
  @property() note = '';
  @property({ attribute: false }) content: Rect = { x: 0, y: 0, width: 1, height: 1 };
  @property({ attribute: false }) photo: Photo | undefined;
  @property({ type: Boolean }) faint = false;
  @property({ attribute: false }) viewport: Rect | undefined;
  @property({ attribute: false }) map: ScalarMap | undefined;
  /** What the map covers. */
  @property({ attribute: false }) area: Rect | undefined;
  @property({ attribute: false }) look: Look | undefined;
  @property({ attribute: false }) cells: Size | undefined;
  @property({ attribute: false }) marks: readonly Mark[] = [];
  @property({ attribute: false }) cursor: Point | undefined;
  /** The location of the map whose value is marked on the colour bar. */
  @property({ attribute: false }) at: Point | undefined;
  @property({ attribute: false }) camera: Camera = wholeContent;
  /** Changes when the theme does. */
  @property({ attribute: false }) theme = 0;
  /** Whether dragging with Shift draws a rectangle. */
  @property({ type: Boolean }) draws = false;

  @state() private focused = false;
  /** What is being drawn. */
  @state() private drawn: Rect | undefined;

  @query('canvas') private canvas!: HTMLCanvasElement;

  readonly #heatmap = new Heatmap();
  readonly #ground = new Ground();
  #painted: Painted | undefined;
  #paints = 0;
  #frame = 0;
  /** Whether what is held draws a rectangle. */
  #drawing = false;
  readonly #hand = new Hand(
    () => ({ camera: this.camera, content: this.content, canvas: this.#size, margin: this.#margin }),
    (camera) => this.#move(camera),
    () => 4 * this.#ratio,
  );
  readonly #observer = new ResizeObserver(() => this.#schedule());

  override connectedCallback(): void {
    super.connectedCallback();
    void this.updateComplete.then(() => this.isConnected && this.#observer.observe(this.canvas));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  protected override willUpdate(): void {
    this.#painted = this.map && this.look && this.#heatmap.paint(this.map, this.look);
  }

  protected override render(): TemplateResult {
    return html`
      <div class="caption">
        <span class="ellipsis">${this.heading}</span><span class="quiet number ellipsis">${this.note}</span>
      </div>
      <div class="frame">
        <canvas
          tabindex="0"
          role="application"
          aria-roledescription=${this.t('picture')}
          aria-label=${this.label}
          aria-describedby="description"
          data-pane=${this.pane}
          @pointerdown=${this.#onDown}
          @pointermove=${this.#onMove}
          @pointerup=${this.#onUp}
          @pointercancel=${this.#onCancel}
          @pointerleave=${this.#onLeave}
          @focus=${() => {
            this.focused = true;
          }}
          @blur=${() => {
            this.focused = false;
            this.#point(undefined, 'keyboard');
          }}
          @wheel=${this.#onWheel}
          @keydown=${this.#onKey}
        ></canvas>
        <div id="description" class="unseen">${this.focused ? this.describe() : ''}</div>
      </div>
      ${
        this.#painted && this.look
          ? html`<prism-colour-bar
              .t=${this.t}
              .colours=${this.look.colours}
              .scale=${this.#painted.scale}
              .value=${this.#shownValue}
            ></prism-colour-bar>`
          : html`<div class="no-bar"></div>`
      }
    `;
  }

  protected override updated(_changed: PropertyValues<this>): void {
    this.#schedule();
  }

  /** Shows a point that the keyboard moved to. */
  reveal(point: Point): void {
    this.#move(reveal(this.camera, point, this.content, this.#size, this.#margin));
  }

  zoom(factor: number): void {
    this.#hand.zoom(factor);
  }

  /** Where a part of the content lies on the page; undefined where its middle is out of sight. */
  onPage(part: Rect): Rect | undefined {
    const box = this.canvas.getBoundingClientRect();
    const { x, y, width, height } = rectToCanvas(this.#placement, part);
    const on = { x: x / this.#ratio, y: y / this.#ratio, width: width / this.#ratio, height: height / this.#ratio };
    const [left, top] = [on.x + on.width / 2, on.y + on.height / 2];
    if (left < 0 || top < 0 || left > box.width || top > box.height) return undefined;
    return { ...on, x: box.x + on.x, y: box.y + on.y };
  }

  /** As painted, that is smoothed: the colour bar is that of the picture. */
  get #shownValue(): number | undefined {
    const shown = this.#painted?.shown;
    return this.at && shown?.data[this.at.y * shown.width + this.at.x];
  }

  get #ratio(): number {
    return window.devicePixelRatio || 1;
  }

  get #margin(): number {
    return margin * this.#ratio;
  }

  /** In device pixels. */
  get #size(): Size {
    const { clientWidth, clientHeight } = this.canvas;
    return { width: Math.round(clientWidth * this.#ratio), height: Math.round(clientHeight * this.#ratio) };
  }

  get #placement(): Placement {
    const camera = clampCamera(this.camera, this.content, this.#size, this.#margin);
    return place(camera, this.content, this.#size, this.#margin);
  }

  #schedule(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    this.#frame = 0;
    const { canvas } = this;
    const size = this.#size;
    if (size.width === 0 || size.height === 0) return;
    if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
    const placement = this.#placement;
    const scene = this.#scene(this.cursor);
    const setting = { placement, theme: readTheme(this), ratio: this.#ratio };
    const context = canvas.getContext('2d')!;
    context.clearRect(0, 0, size.width, size.height);
    if (scene.photo) context.drawImage(this.#ground.draw(size.width, size.height, scene, setting), 0, 0);
    drawFigure(context, scene, setting);
    // For tests, which wait for a paint and then read pixels: where on the canvas the map lies.
    const { scale, left, top } = placement;
    const area = this.area ?? this.content;
    canvas.dataset.area = [left + scale * area.x, top + scale * area.y, scale * area.width, scale * area.height].join(
      ' ',
    );
    canvas.dataset.map = this.what;
    canvas.dataset.painted = String(++this.#paints);
  }

  #scene(cursor: Point | undefined): Scene {
    const { photo, faint, viewport, cells, drawn } = this;
    const marks = drawn ? [...this.marks, { rect: drawn, kind: 'pinned' } as const] : this.marks;
    const crisp = cells !== undefined || !(this.look && this.look.sigma >= 0.1);
    const map = this.#painted && { painted: this.#painted, area: this.area ?? this.content, crisp };
    return { photo, faint, viewport, map, cells, marks, cursor, grey: map ? this.look!.opacity : 0 };
  }

  /** All that the pane shows, for a picture: without the cursor, and not magnified. */
  get drawing(): Drawing {
    const { heading, note, content, look } = this;
    const bar = this.#painted && look && { colours: look.colours, scale: this.#painted.scale };
    return { heading, note, content, scene: this.#scene(undefined), bar };
  }

  #at(event: MouseEvent): Point {
    const box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) * this.#ratio, y: (event.clientY - box.top) * this.#ratio };
  }

  #move(camera: Camera): void {
    if (camera !== this.camera) this.emit('pane-camera', camera);
  }

  #point(point: Point | undefined, by: Pointing['by']): void {
    this.emit('pane-point', { point, by });
  }

  #onDown = (event: PointerEvent): void => {
    if (event.button > 1) return;
    this.canvas.setPointerCapture(event.pointerId);
    if (!this.#hand.holds) this.#drawing = this.draws && event.shiftKey;
    this.#hand.down(event.pointerId, this.#at(event));
  };

  #onMove = (event: PointerEvent): void => {
    const at = this.#at(event);
    const dragged = this.#hand.move(event.pointerId, at, !this.#drawing);
    if (dragged && this.#drawing) this.drawn = this.#between(this.#hand.from, at);
    else if (dragged) this.canvas.classList.add('moving');
    else this.#point(toContent(this.#placement, at), 'pointer');
  };

  #onUp = (event: PointerEvent): void => {
    const held = this.#hand.holds;
    this.#hand.up(event.pointerId);
    if (!held || this.#hand.holds) return;
    this.canvas.classList.remove('moving');
    const { drawn } = this;
    this.drawn = undefined;
    if (drawn) this.emit('pane-draw', drawn);
    if (!this.#hand.moved && event.button === 0) {
      this.emit('pane-pick', toContent(this.#placement, this.#at(event)));
    }
  };

  /** The part of the content between two points of the canvas. */
  #between(a: Point, b: Point): Rect {
    const [from, to] = [toContent(this.#placement, a), toContent(this.#placement, b)];
    const [x, y] = [Math.min(from.x, to.x), Math.min(from.y, to.y)];
    return { x, y, width: Math.abs(to.x - from.x), height: Math.abs(to.y - from.y) };
  }

  #onCancel = (event: PointerEvent): void => {
    this.#hand.up(event.pointerId);
    this.drawn = undefined;
    this.canvas.classList.remove('moving');
    this.#onLeave();
  };

  #onLeave = (): void => {
    if (!this.#hand.holds) this.#point(undefined, 'pointer');
  };

  #onWheel = (event: WheelEvent): void => {
    const page = document.documentElement;
    // A pinch arrives with Ctrl. Where the page has something to scroll, the bare wheel is for that.
    if (!event.ctrlKey && !event.metaKey && page.scrollHeight > page.clientHeight) return;
    event.preventDefault();
    this.#hand.wheel(event.deltaY, event.deltaMode, this.#at(event));
  };

  #onKey = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const arrow = arrows[event.key];
    if (arrow) {
      const factor = event.shiftKey ? 10 : 1;
      this.emit('pane-step', { x: factor * arrow.x, y: factor * arrow.y });
    } else if (event.key === '0') this.#move(wholeContent);
    else if (event.key === 'Enter' || event.key === ' ') this.emit('pane-pick', undefined);
    else if (event.key === 'Escape') this.emit('pane-escape', undefined);
    else if (!this.#hand.key(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  };
}
