import type { Node, Wiring } from '../../graph/ir';

/** Pre-activations between which an activation still moves; null for no bound. */
export interface Bounds {
  readonly lower: number | null;
  readonly upper: number | null;
}

/** Swish is not monotone; it is treated as if it were, with its lower bound. */
const SWISH: Bounds = { lower: -6, upper: null };

const BOUNDS: Readonly<Record<string, Bounds>> = {
  Tanh: { lower: -2, upper: 2 },
  Sigmoid: { lower: -4, upper: 4 },
  Softmax: { lower: -1, upper: 2 },
  LogSoftmax: { lower: -1, upper: 2 },
};

/** What may stand between a layer and its activation. */
const BETWEEN = new Set(['Identity', 'Dropout', 'Cast', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);

/** The bounds of the activation that reads a layer's output; undefined where there are none. */
export function boundsBehind(value: string, { consumers }: Pick<Wiring, 'consumers'>): Bounds | undefined {
  const readers = (consumers.get(value) ?? []).filter(({ domain }) => domain === '');
  const product = readers.find(({ op }) => op === 'Mul');
  const sigmoid = readers.find(({ op }) => op === 'Sigmoid');
  if (product && sigmoid && readers.length === 2 && product.inputs.includes(sigmoid.outputs[0])) return SWISH;
  const [only] = readers as readonly (Node | undefined)[];
  if (readers.length !== 1 || !only) return undefined;
  return BETWEEN.has(only.op) ? boundsBehind(only.outputs[0], { consumers }) : BOUNDS[only.op];
}
