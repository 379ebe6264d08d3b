import { int } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import type { RuleTable } from '../ops/rule';

/** What a node, named by its first output, gave to one of the values it reads, summed over all elements. */
export interface Movement {
  readonly node: string;
  readonly value: string;
  readonly relevance: number;
  /** Of two streams without sign, that against: its part of `relevance`. */
  readonly against?: number;
}

/** Notes what a reverse pass moves from every node of a graph to each value that the node reads. */
export class Movements {
  readonly #b: Builder;
  readonly #nodes: ReadonlySet<string>;
  readonly #noted: { readonly node: string; readonly value: string; readonly sums: readonly string[] }[] = [];

  /** @param nodes those of the model: what they are written out in is not noted */
  constructor(b: Builder, nodes: readonly Node[]) {
    this.#b = b;
    this.#nodes = new Set(nodes.map(({ outputs }) => outputs[0]));
  }

  /**
   * The table, watched.
   *
   * @param parts values of the graph whose elements add up to what flows
   */
  watch<C>(table: RuleTable<C>, parts: (flow: C) => readonly string[]): RuleTable<C> {
    return {
      ...table,
      conform: (contribution, value, node, b) => {
        const conformed = table.conform(contribution, value, node, b);
        const [made] = node.outputs;
        if (this.#nodes.has(made)) {
          this.#noted.push({ node: made, value, sums: parts(conformed).map((part) => this.#sum(part)) });
        }
        return conformed;
      },
    };
  }

  #sum(value: string): string {
    const b = this.#b;
    const axes = b.shape(value).map((_, axis) => axis);
    const sum = axes.length === 0 ? value : b.sum(value, axes, false);
    return b.cast(b.reshape(sum, [1]), 'float32');
  }

  /** All that was noted, as one vector of the graph. */
  vector(): string {
    const b = this.#b;
    const sums = this.#noted.flatMap(({ sums }) => sums);
    return sums.length === 0 ? b.floats([0]) : b.op('Concat', sums, { axis: int(0) });
  }

  /** What the numbers of {@link vector} say. */
  read(numbers: ArrayLike<number>): Movement[] {
    let at = 0;
    return this.#noted.map(({ node, value, sums }) => {
      let relevance = 0;
      for (let i = 0; i < sums.length; i++) relevance += numbers[at++];
      return { node, value, relevance };
    });
  }
}
