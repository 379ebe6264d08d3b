import { Builder } from '../../graph/builder';
import { PrismError } from '../../graph/errors';
import type { Graph } from '../../graph/ir';
import { elementCount, isFloating } from '../../graph/tensor';
import { type Layouts, layoutsFrom } from '../sharing-ratio/locations';

/** Axes of a value by what they run over. */
export interface Axes {
  readonly batch: number | undefined;
  readonly channels: readonly number[];
  readonly places: readonly number[];
}

/** A graph seen from its input: which axes of its values are channels, which are locations. */
export class Space {
  readonly b: Builder;
  readonly layouts: Layouts;
  readonly #batch: number;

  constructor(
    readonly graph: Graph,
    readonly input: string,
  ) {
    this.b = new Builder(graph);
    const shape = this.b.shape(input);
    if (shape.length < 3) {
      throw new PrismError(
        'NO_LOCATIONS',
        `class activation maps need an input with locations (an image, a signal); ${input} has shape [${shape}]: use a gradient or perturbation method`,
        { input },
      );
    }
    this.layouts = layoutsFrom(graph.nodes, this.b, input);
    this.#batch = shape[0];
  }

  axes(value: string): Axes {
    const shape = this.b.shape(value);
    const layout = this.layouts.get(value) ?? shape.map(() => false);
    const all = shape.map((_, axis) => axis);
    const free = all.filter((axis) => !layout[axis]);
    const batch = free.find((axis) => shape[axis] === this.#batch);
    return { batch, channels: all.filter((axis) => layout[axis]), places: free.filter((axis) => axis !== batch) };
  }

  sizes(value: string): number[] {
    const shape = this.b.shape(value);
    return this.axes(value).places.map((axis) => shape[axis]);
  }

  /** Whether the value has channels at more than one place. */
  isMap(value: string): boolean {
    return (
      this.layouts.has(value) &&
      isFloating(this.b.dtype(value)) &&
      this.axes(value).channels.length > 0 &&
      elementCount(this.sizes(value)) > 1
    );
  }
}
