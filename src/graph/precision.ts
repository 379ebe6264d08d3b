import { int } from './attributes';
import type { Attribute, DataType, Graph, Node, Tensor } from './ir';
import { codeOf } from './onnx/dtypes';
import { elementCount, float32, tensorBytes, toNumbers } from './tensor';

/** The floating types of half the width of float32. */
const NARROW: readonly DataType[] = ['float16', 'bfloat16'];

/** Attributes that name the type of what a node makes. */
const TYPE_ATTRIBUTES: ReadonlySet<string> = new Set(['to', 'dtype', 'output_dtype', 'output_datatype']);

const CODES: ReadonlySet<number> = new Set(NARROW.map(codeOf));
const FLOAT32 = codeOf('float32');

/** The number that each pattern of bits stands for, by type. */
const numbers = new Map<DataType, Float32Array>();

function numbersOf(dtype: DataType): Float32Array {
  const known = numbers.get(dtype);
  if (known) return known;
  const bits = Uint16Array.from({ length: 2 ** 16 }, (_, pattern) => pattern);
  const all: Tensor = { dtype, shape: [bits.length], source: { kind: 'bytes', bytes: new Uint8Array(bits.buffer) } };
  const made = Float32Array.from(toNumbers(all));
  numbers.set(dtype, made);
  return made;
}

function widened(tensor: Tensor): Tensor {
  const table = numbersOf(tensor.dtype);
  const bytes = tensorBytes(tensor);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(elementCount(tensor.shape));
  for (let i = 0; i < values.length; i++) values[i] = table[view.getUint16(2 * i, true)];
  return float32(values, tensor.shape);
}

/**
 * The graph with values and weights of float16 and bfloat16 in float32, inputs and outputs too. Every number that such a
 * weight holds is kept exactly; nothing is rounded to fewer digits on the way. onnxruntime's CPU provider does the same
 * to single operators where it can, and has no others; rules of reverse passes divide by sums that narrow types lose.
 *
 * @returns the same graph where it has none of these types
 * @throws PrismError those of reading external weights
 */
export function inFloat32(graph: Graph): Graph {
  const isNarrow = (dtype: DataType): boolean => NARROW.includes(dtype);
  let changed = false;
  const typed = <T extends { readonly dtype: DataType }>(value: T): T => {
    if (!isNarrow(value.dtype)) return value;
    changed = true;
    return { ...value, dtype: 'float32' };
  };
  const tensor = (value: Tensor): Tensor => {
    if (!isNarrow(value.dtype)) return value;
    changed = true;
    return widened(value);
  };
  const attribute = (name: string, value: Attribute): Attribute => {
    if (value.type === 'tensor') return { type: 'tensor', value: tensor(value.value) };
    if (value.type === 'graph') return { type: 'graph', value: whole(value.value) };
    if (value.type === 'graphs') return { type: 'graphs', value: value.value.map(whole) };
    if (value.type !== 'int' || !TYPE_ATTRIBUTES.has(name) || !CODES.has(value.value)) return value;
    changed = true;
    return int(FLOAT32);
  };
  const node = (one: Node): Node => ({
    ...one,
    attributes: Object.fromEntries(
      Object.entries(one.attributes).map(([name, value]) => [name, attribute(name, value)]),
    ),
  });
  const whole = (inner: Graph): Graph => ({
    ...inner,
    inputs: inner.inputs.map(typed),
    outputs: inner.outputs.map(typed),
    initializers: new Map([...inner.initializers].map(([name, value]) => [name, tensor(value)])),
    nodes: inner.nodes.map(node),
    types: new Map([...inner.types].map(([name, type]) => [name, typed(type)])),
  });
  const wide = whole(graph);
  return changed ? wide : graph;
}
