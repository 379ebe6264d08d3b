import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { toNumbers } from '../../graph/tensor';
import { reads } from '../../graph/topology';

/** Operators whose results are never negative. */
const NON_NEGATIVE = new Set([
  'Relu',
  'Sigmoid',
  'HardSigmoid',
  'Softmax',
  'Softplus',
  'Abs',
  'Exp',
  'Sqrt',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
]);

/** Operators that do not make negative what was not. */
const KEEPING = new Set([
  'Identity',
  'Cast',
  'Dropout',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Expand',
  'Tile',
  'Slice',
  'Split',
  'Gather',
  'DepthToSpace',
  'SpaceToDepth',
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'ReduceMean',
  'ReduceSum',
  'ReduceMax',
  'LRN',
]);

/** Those that do not if all inputs were not. */
const JOINING = new Set(['Add', 'Sum', 'Mean', 'Mul', 'Concat', 'Max', 'Min']);

/**
 * Who makes and reads which value, and what is known of values, for a graph that a builder extends: what is emitted
 * later is seen as well.
 */
export class Wires {
  readonly #b: Builder;
  readonly #producers = new Map<string, Node>();
  readonly #readers = new Map<string, Node[]>();
  readonly #dependent = new Set<string>();
  readonly #signs = new Map<string, boolean>();
  #seen = 0;

  /** @param from the value whose dependents count as computed */
  constructor(b: Builder, from: string) {
    this.#b = b;
    this.#dependent.add(from);
  }

  producer(value: string): Node | undefined {
    this.#catchUp();
    return this.#producers.get(value);
  }

  readers(value: string): readonly Node[] {
    this.#catchUp();
    return this.#readers.get(value) ?? [];
  }

  /** True if a value depends on the explained one. */
  isComputed(value: string): boolean {
    this.#catchUp();
    return this.#dependent.has(value);
  }

  /** True if no element can be negative, as far as operators tell. */
  isNonNegative(value: string): boolean {
    const known = this.#signs.get(value);
    if (known !== undefined) return known;
    const answer = this.#judge(value);
    this.#signs.set(value, answer);
    return answer;
  }

  #judge(value: string): boolean {
    const constant = this.#b.initializer(value);
    if (constant) return constant.source.kind !== 'strings' && toNumbers(constant).every((number) => number >= 0);
    const node = this.producer(value);
    if (node?.domain !== '') return false;
    if (NON_NEGATIVE.has(node.op)) return true;
    if (node.op === 'Clip')
      return node.inputs[1] !== undefined && node.inputs[1] !== '' && this.isNonNegative(node.inputs[1]);
    if (KEEPING.has(node.op)) return this.isNonNegative(node.inputs[0]);
    return JOINING.has(node.op) && node.inputs.every((input) => this.isNonNegative(input));
  }

  #catchUp(): void {
    const { nodes } = this.#b;
    for (; this.#seen < nodes.length; this.#seen++) {
      const node = nodes[this.#seen];
      const inputs = reads(node);
      let computed = false;
      for (const input of inputs) {
        computed ||= this.#dependent.has(input);
        const list = this.#readers.get(input);
        if (list) list.push(node);
        else this.#readers.set(input, [node]);
      }
      for (const output of node.outputs) {
        if (!output) continue;
        this.#producers.set(output, node);
        if (computed) this.#dependent.add(output);
      }
    }
  }
}
