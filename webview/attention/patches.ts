import { css, html, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { AttentionContent } from '../../src/protocol/attention';
import { PrismElement } from '../elements/element';
import '../elements/pane';
import { patchMap } from '../logic/attention';
import type { ColourMap } from '../logic/colour-maps';
import { type Camera, cellOf, type Point, type Rect, type Size, wholeContent } from '../logic/geometry';
import { number } from '../logic/numbers';
import type { Photo } from '../painting/photo';
import type { Mark } from '../painting/scene';

declare module '../elements/element' {
  interface PrismEvents {
    /** A token of the picture was chosen, by its place among all. */
    'patch-choose': number;
  }
}

/** What one patch heeds, painted over the picture; a click asks for another patch. */
@customElement('prism-attention-patches')
export class AttentionPatches extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: flex;
        flex: 1;
        flex-direction: column;
        min-height: 0;
      }

      prism-pane {
        flex: 1;
        min-height: 160px;
      }
    `,
  ];

  @property({ attribute: false }) photo: Photo | undefined;
  /** Size of the photograph, and the part of it that the model saw. */
  @property({ attribute: false }) size: Size = { width: 1, height: 1 };
  @property({ attribute: false }) viewport: Rect | undefined;
  @property({ attribute: false }) grid!: NonNullable<AttentionContent['attentions']['grid']>;
  /** Of every token. */
  @property({ attribute: false }) values: Float32Array = new Float32Array();
  /** The token that is looked at. */
  @property({ type: Number }) at = 0;
  @property({ attribute: false }) colours!: ColourMap;
  @property({ attribute: false }) name: (token: number) => string = String;

  @state() private camera: Camera = wholeContent;

  #values: Float32Array | undefined;
  #map: ReturnType<typeof patchMap> | undefined;

  protected override render(): TemplateResult {
    const { t, size, grid, values, at, name } = this;
    const content = { x: 0, y: 0, width: size.width, height: size.height };
    const area = this.viewport ?? content;
    if (this.#values !== values) this.#map = patchMap(values, grid);
    this.#values = values;
    const patch = at - grid.first;
    const isPatch = patch >= 0 && patch < grid.width * grid.height;
    const place = { x: patch % grid.width, y: Math.floor(patch / grid.width) };
    const marks: Mark[] = isPatch ? [{ rect: cellOf(grid, area, place), kind: 'pinned' }] : [];
    return html`<prism-pane
      .t=${t}
      what="attention"
      pane="attention"
      heading=${name(at)}
      label=${t('What {0} heeds, over the picture; arrow keys lead to other patches', name(at))}
      .describe=${() => t('{0} heeds itself by {1}', name(at), number(values[at] ?? 0))}
      .content=${content}
      .photo=${this.photo}
      .viewport=${this.viewport}
      .map=${this.#map}
      .look=${{ colours: this.colours, opacity: 0.85, sigma: 0, rule: 'maximum' }}
      .area=${area}
      .marks=${marks}
      .camera=${this.camera}
      @pane-camera=${({ detail }: CustomEvent<Camera>) => {
        this.camera = detail;
      }}
      @pane-pick=${({ detail }: CustomEvent<Point | undefined>) => detail && this.#pick(detail, area)}
      @pane-step=${({ detail }: CustomEvent<Point>) => {
        const from = isPatch ? place : { x: 0, y: 0 };
        this.#choose(isPatch ? { x: from.x + detail.x, y: from.y + detail.y } : from);
      }}
    ></prism-pane>`;
  }

  #pick({ x, y }: Point, area: Rect): void {
    const { width, height } = this.grid;
    const place = {
      x: Math.floor(((x - area.x) / area.width) * width),
      y: Math.floor(((y - area.y) / area.height) * height),
    };
    if (place.x >= 0 && place.y >= 0 && place.x < width && place.y < height) this.#choose(place);
  }

  #choose({ x, y }: Point): void {
    const { width, height, first } = this.grid;
    const within = (value: number, count: number): number => Math.max(0, Math.min(count - 1, value));
    this.emit('patch-choose', first + within(y, height) * width + within(x, width));
  }
}
