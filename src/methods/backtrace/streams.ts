import type { Builder } from '../../graph/builder';
import type { DataType, Node } from '../../graph/ir';
import { isFloating } from '../../graph/tensor';

/** Comparisons, roundings, shapes, places: relevance has no way back through these. */
export const STOPPING = [
  ...['Sign', 'Floor', 'Ceil', 'Round', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Not', 'And'],
  ...['Or', 'Xor', 'BitShift', 'BitwiseAnd', 'BitwiseNot', 'BitwiseOr', 'BitwiseXor', 'IsNaN', 'IsInf', 'Shape'],
  ...['Size', 'ConstantOfShape', 'EyeLike', 'Range', 'RandomNormalLike', 'RandomUniformLike', 'Multinomial', 'OneHot'],
  ...['NonZero', 'NonMaxSuppression', 'ArgMax', 'ArgMin', 'Hardmax'],
];

const STOPS = new Set(STOPPING);

/** Operators of which only some inputs are data. */
const DATA: Readonly<Record<string, readonly number[]>> = {
  Where: [1, 2],
  Gather: [0, 1],
  ScatterElements: [0, 2],
  ScatterND: [0, 2],
  ...Object.fromEntries(
    [
      ...['Reshape', 'Expand', 'Slice', 'Pad', 'Tile', 'Squeeze', 'Unsqueeze', 'Split', 'Clip', 'TopK', 'Resize'],
      ...['GatherElements', 'GatherND', 'ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceL1', 'ReduceL2'],
      ...['ReduceSumSquare', 'ReduceProd', 'ReduceLogSum', 'ReduceLogSumExp', 'CumSum', 'Trilu', 'ReverseSequence'],
      ...['LayerNormalization', 'BatchNormalization', 'GridSample', 'Dropout', 'CastLike', 'Upsample'],
    ].map((op) => [op, [0]]),
  ),
};

/** Which types of values relevance can belong to when it goes back to an input of a type: token numbers are whole. */
export const carrierOf = (root: DataType): ((dtype: DataType) => boolean) =>
  isFloating(root) ? isFloating : (dtype) => isFloating(dtype) || /^u?int\d+$/.test(dtype);

/**
 * Which values are made of the model's inputs, as far as relevance is concerned: all others are constants of the
 * answer, whether the model stores or computes them. Sees what a builder emits later as well.
 */
export class Streams {
  readonly #b: Builder;
  readonly #carries: (dtype: DataType) => boolean;
  readonly #values: Set<string>;
  #seen = 0;

  constructor(b: Builder, roots: readonly string[], carries: (dtype: DataType) => boolean) {
    this.#b = b;
    this.#carries = carries;
    this.#values = new Set(roots);
  }

  /** Counts a value as a stream: what is made of it later takes its share, which stays there. */
  join(value: string): void {
    this.#values.add(value);
  }

  has(value: string): boolean {
    const { nodes } = this.#b;
    for (; this.#seen < nodes.length; this.#seen++) this.#note(nodes[this.#seen]);
    return this.#values.has(value);
  }

  #note(node: Node): void {
    if (node.domain === '' && STOPS.has(node.op)) return;
    const data = node.domain === '' ? DATA[node.op] : undefined;
    const reads = data ? data.map((index) => node.inputs[index]) : node.inputs;
    if (!reads.some((input) => this.#values.has(input))) return;
    for (const output of node.outputs) if (output && this.#carries(this.#b.dtype(output))) this.#values.add(output);
  }
}
