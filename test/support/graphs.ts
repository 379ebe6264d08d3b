import { exportModel } from '../../src/graph/export';
import { type Attributes, type Graph, type Node, TARGET_OPSET, type Tensor, type ValueInfo } from '../../src/graph/ir';
import { elementCount } from '../../src/graph/tensor';
import { type Elements, isElementType, STORAGE } from '../../src/inputs/elements';
import type { NpyArray } from '../../src/inputs/npy';

/** A node; `outputs` are value names. */
export const node = (
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Attributes = {},
  domain = '',
): Node => ({ op, domain, name: `${op}_${outputs[0]}`, inputs, outputs, attributes });

/** A value of a type; `value('x', [1, 3])` is float32. */
export const value = (name: string, shape?: ValueInfo['shape'], dtype: ValueInfo['dtype'] = 'float32'): ValueInfo => ({
  name,
  dtype,
  shape,
});

/** An output whose type is left to inference. */
const untyped = (name: string): ValueInfo => ({ name, dtype: 'undefined', shape: undefined });

export interface GraphParts {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly (ValueInfo | string)[];
  readonly nodes: readonly Node[];
  readonly initializers?: Readonly<Record<string, Tensor>>;
  readonly opset?: number;
  readonly opsets?: Readonly<Record<string, number>>;
}

/** A graph of plain parts, of the target opset unless said otherwise. */
export const graphOf = ({
  inputs,
  outputs,
  nodes,
  initializers = {},
  opset = TARGET_OPSET,
  opsets = {},
}: GraphParts): Graph => ({
  name: 'test',
  opsets: { '': opset, ...opsets },
  inputs,
  outputs: outputs.map((output) => (typeof output === 'string' ? untyped(output) : output)),
  initializers: new Map(Object.entries(initializers)),
  nodes,
  types: new Map(),
  metadata: {},
});

/** A model file of plain parts. */
export const modelOf = (parts: GraphParts): Uint8Array => exportModel(graphOf(parts));

/** Numbers that look random and are the same in every run, in [-1, 1). */
export function noise(count: number, seed = 1): Float32Array {
  let state = seed >>> 0 || 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** An array for an input: noise in floating types, small whole numbers in others. */
function fill({ name, shape, dtype }: ValueInfo, seed = name.length): NpyArray {
  const dims = (shape ?? []).map(Number);
  if (!isElementType(dtype)) throw new Error(`no array of type ${dtype}`);
  const values = noise(elementCount(dims), seed);
  const data = STORAGE[dtype].make(values.length);
  const whole = data instanceof BigInt64Array || data instanceof BigUint64Array;
  values.forEach((number, index) => {
    const floating = data instanceof Float32Array || data instanceof Float64Array;
    const element = floating ? number : dtype === 'bool' ? Number(number > 0) : Math.abs(Math.round(3 * number));
    (data as { [index: number]: number | bigint })[index] = whole ? BigInt(element) : element;
  });
  return { dtype, shape: dims, data: data as Elements };
}

/** Arrays for all inputs of a graph with static shapes. */
export const feedsFor = (inputs: readonly ValueInfo[]): Record<string, NpyArray> =>
  Object.fromEntries(inputs.map((input, index) => [input.name, fill(input, index + 1)]));
