import { PrismError } from '../graph/errors';
import type { InputShapes } from '../graph/inputShapes';
import type { Graph } from '../graph/ir';
import { specialise } from '../graph/specialise';
import { unfuse } from '../ops/unfuse';
import { valueBytes } from './programs';
import type { Provider } from './session';

/** Bytes of values that a run may make: on the CPU so few that they stay near it, elsewhere what fills the device. */
const BUDGET = { cpu: 2 ** 24, device: 2 ** 29 } as const;
const MAX_BATCH = 256;

/**
 * Operators that look at a batch as a whole, so that the others in it change what comes of one: they branch by what they
 * see, or scale by its range.
 */
const WHOLE: ReadonlySet<string> = new Set([
  'If',
  'Loop',
  'DynamicQuantizeLinear',
  'DynamicQuantizeMatMul',
  'DynamicQuantizeLSTM',
]);

/** How many inputs at once suit a provider: a power of two, the smallest that takes `limit` if that is not too many. */
export function batchSize(single: Graph, provider: Provider, limit: number): number {
  const budget = provider === 'cpu' ? BUDGET.cpu : BUDGET.device;
  const most = Math.min(MAX_BATCH, budget / Math.max(1, valueBytes(single)));
  let size = 1;
  while (size < limit && 2 * size <= most) size *= 2;
  return size;
}

/**
 * The model for several inputs at once. A first dimension that the model fixes to one is opened: exporters fix it
 * unless they are told not to, and most models do not depend on it.
 *
 * @param graph the model as imported
 * @param shapes of a single input
 * @returns undefined where the first dimension of some input is no batch, or the model depends on its being one
 */
export async function batched(graph: Graph, shapes: InputShapes, size: number): Promise<Graph | undefined> {
  if ([...shapes.values()].some(([first]) => first !== 1)) return undefined;
  const open = graph.inputs.map((input) => {
    const [first, ...rest] = input.shape ?? [];
    return first === 1 ? { ...input, shape: [null, ...rest] } : input;
  });
  const outputs = graph.outputs.map((output) => ({ ...output, shape: undefined }));
  const many = new Map([...shapes].map(([name, [, ...rest]]) => [name, [size, ...rest]]));
  try {
    const result = unfuse(await specialise({ ...graph, inputs: open, outputs }, many));
    return result.nodes.some(({ op }) => WHOLE.has(op)) ? undefined : result;
  } catch (error) {
    if (error instanceof PrismError) return undefined;
    throw error;
  }
}
