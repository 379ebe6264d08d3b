import { html, nothing, type PropertyValues, type SVGTemplateResult, svg, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Network } from '../../src/protocol/flow';
import { PrismElement } from '../elements/element';
import { moveFocus } from '../elements/roving';
import type { Box, Drawn } from './drawn';
import { type Area, boxHeight, type Laid, type Layout, pathBeside, pathOf, thickness } from './layout';
import { canvasStyles } from './styles';
import { about, boxText, clipped, ribbonText, SMALL_LETTER, shareOf } from './words';

declare module '../elements/element' {
  interface PrismEvents {
    'box-choose': string;
    'box-toggle': string;
  }
}

/** What one sees of the drawing: its upper left corner in its own pixels, and how large those are. */
interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

const MARGIN = 16;
/** Kept free for the legend. */
const BELOW = 36;
const MOST_ZOOM = 3;
/** Below this nothing can be read: at first it is rather scrolled. */
const READABLE = 0.7;
const STEP = 60;
const CHEVRON = { open: '\uEAB4', closed: '\uEAB6' };

/** A network drawn; pans, zooms, and is walked by keys as a tree. */
@customElement('prism-network-canvas')
export class NetworkCanvas extends PrismElement {
  static override styles = [...PrismElement.styles, canvasStyles];

  @property({ attribute: false }) network!: Network;
  @property({ attribute: false }) drawn!: Drawn;
  @property({ attribute: false }) layout!: Layout;
  @property() chosen: string | undefined;
  /** Boxes that a search has found; undefined: none is looked for. */
  @property({ attribute: false }) found: ReadonlySet<string> | undefined;

  @state() private view: View | undefined;
  @state() private pointed: string | undefined;
  @state() private focused: string | undefined;
  /** The box that keys have brought the focus to. */
  @state() private walked: string | undefined;
  @state() private tip: { readonly text: string; readonly x: number; readonly y: number } | undefined;

  @query('svg') private picture!: SVGSVGElement;
  @query('.tip') private tipElement!: HTMLElement | null;

  readonly #sizes = new ResizeObserver(() => this.#resized());
  #drag: { readonly x: number; readonly y: number; readonly view: View; moved: boolean } | undefined;
  /** Whose place on the screen stays when the layout changes. */
  #anchor: string | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#sizes.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sizes.disconnect();
  }

  /** All of it is seen. */
  fit(): void {
    const { clientWidth, clientHeight, layout } = this;
    const zoom = Math.min(
      (clientWidth - 2 * MARGIN) / layout.width,
      (clientHeight - MARGIN - BELOW) / layout.height,
      1.25,
    );
    this.view = {
      x: layout.width / 2 - clientWidth / 2 / zoom,
      y: layout.height / 2 - (clientHeight + MARGIN - BELOW) / 2 / zoom,
      zoom,
    };
  }

  zoomBy(factor: number, x = this.clientWidth / 2, y = this.clientHeight / 2): void {
    const { view } = this;
    if (!view) return;
    const zoom = Math.max(0.05, Math.min(MOST_ZOOM, view.zoom * factor));
    this.view = { x: view.x + x / view.zoom - x / zoom, y: view.y + y / view.zoom - y / zoom, zoom };
  }

  /** Puts the focus on a box and brings it into sight. */
  async reach(id: string): Promise<void> {
    await this.updateComplete;
    this.#element(id)?.focus();
    this.#intoSight(id);
  }

  /** The next layout leaves a box where it is on the screen. */
  hold(id: string): void {
    this.#anchor = id;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('layout')) return;
    const before = changed.get('layout') as Layout | undefined;
    const was = before && this.#anchor !== undefined ? before.areas.get(this.#anchor) : undefined;
    const is = this.#anchor === undefined ? undefined : this.layout.areas.get(this.#anchor);
    if (this.view && was && is) {
      const { x, y, zoom } = this.view;
      this.view = { x: x + is.x + is.width / 2 - was.x - was.width / 2, y: y + is.y - was.y, zoom };
    } else if (!before || !this.view) this.view = undefined;
    this.#anchor = undefined;
  }

  protected override updated(): void {
    if (!this.view && this.clientWidth > 0) this.#begin();
    const { tip, tipElement } = this;
    if (!tip || !tipElement) return;
    const x = Math.min(tip.x + 14, this.clientWidth - tipElement.offsetWidth - 4);
    const y =
      tip.y + 18 + tipElement.offsetHeight > this.clientHeight ? tip.y - tipElement.offsetHeight - 8 : tip.y + 18;
    tipElement.style.transform = `translate(${Math.max(4, x)}px, ${Math.max(4, y)}px)`;
  }

  /** As large as it can be read, from the upper end. */
  #begin(): void {
    this.fit();
    const { clientWidth, layout } = this;
    if (!this.view || this.view.zoom >= READABLE) return;
    const zoom = Math.max(READABLE, Math.min(1, (clientWidth - 2 * MARGIN) / layout.width));
    const wide = layout.width * zoom > clientWidth;
    this.view = { x: wide ? -MARGIN / zoom : layout.width / 2 - clientWidth / 2 / zoom, y: -MARGIN / zoom, zoom };
  }

  #resized(): void {
    if (!this.view && this.hasUpdated) this.requestUpdate();
  }

  #element(id: string): SVGGElement | null {
    return this.renderRoot.querySelector(`[data-box="${id}"]`);
  }

  #intoSight(id: string): void {
    const area = this.layout.areas.get(id);
    const { view } = this;
    if (!area || !view) return;
    const height = this.drawn.boxes.find((box) => box.id === id)?.open ? 40 : area.height;
    const into = (start: number, size: number, low: number, seen: number): number => {
      if (start < low + MARGIN) return start - MARGIN;
      return start + size > low + seen - MARGIN ? start + size - seen + MARGIN : low;
    };
    this.view = {
      ...view,
      x: into(area.x, area.width, view.x, this.clientWidth / view.zoom),
      y: into(area.y, height, view.y, this.clientHeight / view.zoom),
    };
  }

  protected override render(): TemplateResult {
    const { view, drawn, layout, t, tip } = this;
    const { x, y, zoom } = view ?? { x: 0, y: 0, zoom: 1 };
    const open = drawn.boxes.filter((box) => box.open);
    const near = this.pointed ?? this.walked;
    return html`<svg
        class=${this.#drag?.moved ? 'dragging' : ''}
        @wheel=${this.#onWheel}
        @pointerdown=${this.#onDown}
        @pointermove=${this.#onMove}
        @pointerup=${this.#onUp}
        @pointercancel=${this.#onUp}
        @pointerleave=${() => this.#point(undefined)}
        @keydown=${this.#onViewKey}
      >
        ${svg`<defs>
          <linearGradient id="fade"><stop offset="0" stop-color="white" /><stop offset="1" stop-color="white" stop-opacity="0.15" /></linearGradient>
          <mask id="fading" maskContentUnits="objectBoundingBox"><rect width="1" height="1" fill="url(#fade)" /></mask>
        </defs>
        <g transform="scale(${zoom}) translate(${-x} ${-y})" class=${near ? 'dim' : ''}>
          <g aria-hidden="true">
            ${open.map((box) => this.#around(layout.areas.get(box.id)))}
            ${layout.ribbons.map((ribbon) => this.#ribbon(ribbon, near))}
            ${drawn.boxes.filter((box) => !box.open).map((box) => this.#stays(box))}
          </g>
          <g role="tree" aria-label=${t('Network: modules and operators, with their relevance')}>
            ${drawn.boxes.map((box) => this.#box(box))}
          </g>
          <g aria-hidden="true">${drawn.boxes.map((box) => this.#texts(box))}</g>
        </g>`}
      </svg>
      ${tip ? html`<div class="tip" role="tooltip">${tip.text}</div>` : nothing}`;
  }

  #around(area: Area | undefined): SVGTemplateResult | typeof nothing {
    if (!area) return nothing;
    return svg`<rect class="around" x=${area.x} y=${area.y} width=${area.width} height=${area.height} rx="8" />`;
  }

  #ribbon(ribbon: Laid, near: string | undefined): SVGTemplateResult {
    const { from, to, relevance, width, points, bands } = ribbon;
    const plain = this.network.widths === 'none';
    const kind = plain ? 'plain' : relevance === 0 ? 'nothing' : relevance < 0 ? 'against' : 'for';
    const isNear = near === from || near === to;
    const band = (of: string, path: string, size: number): SVGTemplateResult => svg`<path
      class="ribbon ${of} ${isNear ? 'near' : ''}"
      d=${path}
      stroke-width=${size}
      data-ribbon="${from} ${to}"
      @pointermove=${(event: PointerEvent) => this.#tell(event, ribbonText(ribbon, this.drawn, this.network, this.t))}
    />`;
    if (!bands || relevance === 0) return band(kind, pathOf(points), width);
    const [inFavour, against] = bands;
    return svg`${inFavour > 0 ? band('for', pathBeside(points, against / 2), inFavour) : nothing}
      ${against > 0 ? band('against', pathBeside(points, -inFavour / 2), against) : nothing}`;
  }

  /** What stays at a box runs out at its side. */
  #stays({ id, balance }: Box): SVGTemplateResult | typeof nothing {
    const area = this.layout.areas.get(id);
    const { scale } = this.layout;
    const total = Math.abs(this.network.total);
    if (!area || scale === 0) return nothing;
    const { sink, lost, against } = balance;
    const drawn = (
      against
        ? ([
            ['for', sink - against.sink],
            ['against', against.sink],
            ['lost for', lost - against.lost],
            ['lost against', against.lost],
          ] as const)
        : ([
            ['', sink],
            ['lost', lost],
          ] as const)
    ).filter(([, value]) => Math.abs(value) > total * 1e-3 && Math.abs(value) * scale > 0.2);
    let y = area.y + area.height / 2 - drawn.reduce((sum, [, value]) => sum + thickness(value, scale) + 2, -2) / 2;
    return svg`${drawn.map(([kind, value]) => {
      const height = thickness(value, scale);
      const top = y;
      y += height + 2;
      const right = area.x + area.width;
      return svg`<rect class="stays ${kind}" data-stays=${id} x=${right} y=${top} width="20" height=${height} />
        <line class="ground" x1=${right + 21} x2=${right + 21} y1=${top - 3} y2=${top + height + 3} />`;
    })}`;
  }

  get #inTabOrder(): string | undefined {
    const seen = (id: string | undefined): boolean => id !== undefined && this.layout.areas.has(id);
    return [this.focused, this.chosen].find(seen) ?? this.drawn.boxes[0]?.id;
  }

  #box(box: Box): SVGTemplateResult | typeof nothing {
    const { id, kind, title, open, level } = box;
    const area = this.layout.areas.get(id);
    if (!area) return nothing;
    const { network, t, found, chosen } = this;
    const match = found === undefined ? '' : found.has(id) ? 'matched' : 'unmatched';
    const height = open ? 30 : area.height;
    const end = kind === 'input' || kind === 'output' ? 'end' : kind;
    return svg`<g
      role="treeitem"
      class="box ${end} ${match}"
      data-box=${id}
      data-title=${title}
      transform="translate(${area.x} ${area.y})"
      tabindex=${id === this.#inTabOrder ? 0 : -1}
      aria-level=${level}
      aria-selected=${chosen === id}
      aria-expanded=${open ?? nothing}
      aria-label=${boxText(box, network, t).replaceAll('\n', ', ')}
      @focus=${(event: FocusEvent) => {
        this.focused = id;
        this.walked = (event.target as Element).matches(':focus-visible') ? id : undefined;
      }}
      @blur=${() => {
        this.walked = undefined;
      }}
      @pointermove=${(event: PointerEvent) => this.#tell(event, boxText(box, network, t), id)}
      @click=${() => this.emit('box-choose', id)}
      @dblclick=${() => kind === 'module' && this.emit('box-toggle', id)}
      @keydown=${(event: KeyboardEvent) => this.#onKey(event, box)}
    >
      ${kind === 'module' && !open ? svg`<rect class="back" x="4" y="4" width=${area.width} height=${height} rx="5" />` : nothing}
      ${
        open
          ? svg`<rect class="face edge" width=${area.width} height=${height} rx="8" fill-opacity="0.6" />`
          : svg`<rect class="face edge" width=${area.width} height=${height} rx=${end === 'end' ? height / 2 : 5} />`
      }
      ${kind === 'module' ? this.#toggle(box, height) : nothing}
    </g>`;
  }

  /** Above the boxes, which say the same and more to a screen reader. */
  #texts(box: Box): SVGTemplateResult | typeof nothing {
    const { id, kind, title, open } = box;
    const area = this.layout.areas.get(id);
    if (!area) return nothing;
    const side = kind === 'input' || kind === 'output' ? 18 : 10;
    const left = kind === 'module' ? 26 : side;
    const single = open || boxHeight(box) < 40;
    const state = `${this.chosen === id ? 'selected' : ''} ${this.found?.has(id) === false ? 'unmatched' : ''}`;
    const glyph = open ? CHEVRON.open : CHEVRON.closed;
    return svg`<g class="texts ${state}" transform="translate(${area.x} ${area.y})">
      ${kind === 'module' ? svg`<text class="chevron" x="7" y=${(open ? 15 : area.height / 2) + 7}>${glyph}</text>` : nothing}
      <text x=${left} y=${open ? 19 : 18}>${clipped(title, area.width - left - (single ? 54 : 12))}</text>
      ${single ? nothing : svg`<text class="about" x=${left} y="33">${clipped(about(box, this.t), area.width - left - 56, SMALL_LETTER)}</text>`}
      <text class="about share" x=${area.width - side} y=${open ? 19 : single ? 18 : 33}>${shareOf(box, this.network)}</text>
    </g>`;
  }

  #toggle({ id, open }: Box, height: number): SVGTemplateResult {
    return svg`<g
      class="toggle"
      @click=${(event: MouseEvent) => {
        event.stopPropagation();
        this.emit('box-toggle', id);
      }}
      @dblclick=${(event: MouseEvent) => event.stopPropagation()}
    >
      <rect x="3" y=${(open ? 15 : height / 2) - 11} width="22" height="22" rx="4" />
    </g>`;
  }

  #tell(event: PointerEvent, text: string, id?: string): void {
    event.stopPropagation();
    this.#onMove(event);
    if (this.#drag?.moved) return;
    const box = this.getBoundingClientRect();
    this.#point(id, { text, x: event.clientX - box.left, y: event.clientY - box.top });
  }

  #point(id: string | undefined, tip?: NonNullable<NetworkCanvas['tip']>): void {
    this.pointed = id;
    this.tip = tip;
  }

  #onWheel = (event: WheelEvent): void => {
    const { view } = this;
    if (!view) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      const box = this.getBoundingClientRect();
      this.zoomBy(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
      return;
    }
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
    const [dx, dy] = event.shiftKey && event.deltaX === 0 ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
    this.view = this.#bounded({ ...view, x: view.x + (dx * unit) / view.zoom, y: view.y + (dy * unit) / view.zoom });
  };

  /** Some of the drawing stays in sight. */
  #bounded(view: View): View {
    const { clientWidth, clientHeight, layout } = this;
    const within = (value: number, size: number, seen: number): number =>
      Math.max(-seen * 0.8, Math.min(size - seen * 0.2, value));
    return {
      ...view,
      x: within(view.x, layout.width, clientWidth / view.zoom),
      y: within(view.y, layout.height, clientHeight / view.zoom),
    };
  }

  #onDown = (event: PointerEvent): void => {
    if (event.button !== 0 || !this.view) return;
    this.#drag = { x: event.clientX, y: event.clientY, view: this.view, moved: false };
  };

  #onMove = (event: PointerEvent): void => {
    const drag = this.#drag;
    if (!drag) {
      this.#point(undefined);
      return;
    }
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < 4) return;
    if (!drag.moved) this.picture.setPointerCapture(event.pointerId);
    drag.moved = true;
    this.#point(undefined);
    const { x, y, zoom } = drag.view;
    this.view = this.#bounded({ x: x - dx / zoom, y: y - dy / zoom, zoom });
  };

  #onUp = (): void => {
    this.#drag = undefined;
    this.requestUpdate();
  };

  #onViewKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Readonly<Record<string, () => void>> = {
      '+': () => this.zoomBy(1.25),
      '=': () => this.zoomBy(1.25),
      '-': () => this.zoomBy(1 / 1.25),
      '0': () => this.fit(),
    };
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
    if (!action) return;
    event.preventDefault();
    action();
  };

  #onKey(event: KeyboardEvent, { id, kind, open, parent }: Box): void {
    const { boxes } = this.drawn;
    const entries = boxes.map((box) => this.#element(box.id)).filter((element) => element !== null);
    if (moveFocus(event, entries as unknown as HTMLElement[])) {
      const next = (this.renderRoot as ShadowRoot).activeElement?.getAttribute('data-box');
      if (next) this.#intoSight(next);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const toggles =
      kind === 'module' &&
      (event.key === ' ' || (event.key === 'ArrowRight' && !open) || (event.key === 'ArrowLeft' && open));
    const within = open ? boxes.find((box) => box.parent === id)?.id : undefined;
    const to = event.key === 'ArrowLeft' ? parent : event.key === 'ArrowRight' ? within : undefined;
    if (toggles) this.emit('box-toggle', id);
    else if (event.key === 'Enter' || event.key === ' ') this.emit('box-choose', id);
    else if (to !== undefined) void this.reach(to);
    else if (!event.key.startsWith('Arrow')) return;
    else if (event.shiftKey && this.view) this.view = this.#bounded({ ...this.view, x: this.view.x + STEP });
    event.preventDefault();
  }
}
