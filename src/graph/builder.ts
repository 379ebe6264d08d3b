import { PrismError } from './errors';
import {
  type Attributes,
  type DataType,
  type Graph,
  type Node,
  TARGET_OPSET,
  type Tensor,
  type TensorType,
  type ValueInfo,
} from './ir';
import { inferTypes } from './shapes';
import { bool, float32, floating, int32, int64 } from './tensor';

/** A value or node's place is not known statically: the graph was not specialised. */
function unknownShape(value: string): PrismError {
  return new PrismError('UNKNOWN_SHAPE', `the shape of ${value} is not known; specialise the graph first`, { value });
}

/** A graph with nothing in it yet. */
export const blankGraph = (name: string): Graph => ({
  name,
  opsets: { '': TARGET_OPSET },
  inputs: [],
  outputs: [],
  initializers: new Map(),
  nodes: [],
  types: new Map(),
  metadata: {},
});

/**
 * Extends a specialised graph by nodes. Every value it makes has a static type, inferred on the spot, so a wrong rule
 * fails where it is written. Equal nodes are made once.
 */
export class Builder {
  readonly #graph: Graph;
  readonly #nodes: Node[];
  readonly #initializers: Map<string, Tensor>;
  readonly #types: Map<string, TensorType>;
  readonly #inputs: ValueInfo[];
  readonly #outputs: ValueInfo[];
  readonly #opsets: Record<string, number>;
  readonly #names = new Set<string>();
  readonly #made = new Map<string, readonly string[]>();
  readonly #counters = new Map<string, number>();
  /** Large index arrays by identity: they are too long to compare. */
  readonly #indices = new Map<Int32Array, string>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#nodes = [...graph.nodes];
    this.#initializers = new Map(graph.initializers);
    this.#types = new Map(graph.types);
    this.#inputs = [...graph.inputs];
    this.#outputs = [...graph.outputs];
    this.#opsets = { ...graph.opsets };
    for (const value of [...graph.inputs, ...graph.outputs]) {
      this.#names.add(value.name);
      if (!this.#types.has(value.name)) this.#types.set(value.name, value);
    }
    for (const [name, { dtype, shape }] of graph.initializers) {
      this.#names.add(name);
      this.#types.set(name, { dtype, shape });
    }
    for (const node of graph.nodes) for (const name of [...node.inputs, ...node.outputs]) this.#names.add(name);
  }

  /** The nodes so far, in topological order. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  opset(domain: string): number | undefined {
    return this.#opsets[domain];
  }

  /** The initializer of this name, if the value is one. */
  initializer(value: string): Tensor | undefined {
    return this.#initializers.get(value);
  }

  type(value: string): TensorType {
    const type = this.#types.get(value);
    if (!type) throw unknownShape(value);
    return type;
  }

  dtype(value: string): DataType {
    return this.type(value).dtype;
  }

  /** The static shape. Throws UNKNOWN_SHAPE where a dimension is not a number. */
  shape(value: string): readonly number[] {
    const { shape } = this.type(value);
    if (!shape || shape.some((dim) => typeof dim !== 'number')) throw unknownShape(value);
    return shape as readonly number[];
  }

  rank(value: string): number {
    return this.shape(value).length;
  }

  /** Adds a node of one output and returns its value. */
  op(op: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): string {
    return this.ops(op, inputs, 1, attributes, domain)[0];
  }

  /** Adds a node of `count` outputs and returns their values. An equal node made before is reused. */
  ops(
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: Attributes = {},
    domain = '',
  ): readonly string[] {
    const key = keyOf(domain, op, inputs, count, attributes);
    const made = key && this.#made.get(key);
    if (made) return made;
    const outputs = Array.from({ length: count }, () => this.#fresh(op));
    const node: Node = { op, domain, name: outputs[0], inputs: [...inputs], outputs, attributes };
    const types = inferTypes(
      node,
      (value) => this.type(value),
      (value) => this.#initializers.get(value),
    );
    for (const [index, type] of types.entries()) this.#types.set(outputs[index], type);
    this.#nodes.push(node);
    if (key) this.#made.set(key, outputs);
    return outputs;
  }

  /** Adds a constant. */
  constant(tensor: Tensor, hint = 'constant'): string {
    const { source } = tensor;
    const key =
      source.kind === 'bytes' && source.bytes.length <= 4096
        ? `constant|${tensor.dtype}|${tensor.shape}|${Buffer.from(source.bytes).toString('latin1')}`
        : undefined;
    const made = key && this.#made.get(key);
    if (made) return made[0];
    const name = this.#fresh(hint);
    this.#initializers.set(name, tensor);
    this.#types.set(name, { dtype: tensor.dtype, shape: tensor.shape });
    if (key) this.#made.set(key, [name]);
    return name;
  }

  float(value: number, dtype: DataType = 'float32'): string {
    return this.constant(floating(dtype, [value], []));
  }

  floats(values: Float32Array | readonly number[], shape?: readonly number[]): string {
    return this.constant(float32(values, shape));
  }

  ints(values: readonly number[], shape?: readonly number[]): string {
    return this.constant(int64(values, shape));
  }

  /** Indices for Gather and its like, taken over as they are. */
  indices(values: Int32Array, shape: readonly number[] = [values.length]): string {
    const known = this.#indices.get(values);
    if (known && this.shape(known).join() === shape.join()) return known;
    const name = this.constant(int32(values, shape), 'indices');
    this.#indices.set(values, name);
    return name;
  }

  bools(values: readonly boolean[], shape?: readonly number[]): string {
    return this.constant(bool(values, shape));
  }

  /** Adds a graph input of static shape. */
  input(name: string, dtype: DataType, shape: readonly number[]): string {
    const unique = this.#names.has(name) ? this.#fresh(name) : name;
    this.#names.add(unique);
    this.#inputs.push({ name: unique, dtype, shape });
    this.#types.set(unique, { dtype, shape });
    return unique;
  }

  /** Replaces the graph's outputs. */
  setOutputs(values: readonly string[]): void {
    this.#outputs.splice(0, this.#outputs.length, ...values.map((name) => ({ name, ...this.type(name) })));
  }

  /** Gives a value a name of the caller's choice by an Identity node; use for outputs that must be found by name. */
  alias(value: string, name: string): string {
    if (this.#names.has(name)) throw new Error(`the name ${name} is taken`);
    this.#names.add(name);
    this.#nodes.push({ op: 'Identity', domain: '', name, inputs: [value], outputs: [name], attributes: {} });
    this.#types.set(name, this.type(value));
    return name;
  }

  /** The graph as it stands; the builder can go on. */
  graph(): Graph {
    return {
      ...this.#graph,
      opsets: { ...this.#opsets },
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      initializers: new Map(this.#initializers),
      nodes: [...this.#nodes],
      types: new Map(this.#types),
    };
  }

  // Shorthands for what rules write most.

  add = (x: string, y: string): string => this.op('Add', [x, y]);
  sub = (x: string, y: string): string => this.op('Sub', [x, y]);
  mul = (x: string, y: string): string => this.op('Mul', [x, y]);
  div = (x: string, y: string): string => this.op('Div', [x, y]);
  neg = (x: string): string => this.op('Neg', [x]);
  matmul = (x: string, y: string): string => this.op('MatMul', [x, y]);

  /** Multiplies by a number, in the value's own precision. */
  scale(x: string, factor: number): string {
    return factor === 1 ? x : this.mul(x, this.float(factor, this.dtype(x)));
  }

  /** No node when the shape is already the one wanted. */
  reshape(x: string, shape: readonly number[]): string {
    const now = this.shape(x);
    if (now.length === shape.length && now.every((dim, axis) => dim === shape[axis])) return x;
    // To Reshape a 0 means the input's own size unless told otherwise.
    const attributes: Attributes = shape.includes(0) ? { allowzero: { type: 'int', value: 1 } } : {};
    return this.op('Reshape', [x, this.ints(shape)], attributes);
  }

  /** No node when the permutation is the identity. */
  transpose(x: string, perm: readonly number[]): string {
    if (perm.every((axis, index) => axis === index)) return x;
    return this.op('Transpose', [x], { perm: { type: 'ints', value: perm } });
  }

  expand(x: string, shape: readonly number[]): string {
    const now = this.shape(x);
    if (now.length === shape.length && now.every((dim, axis) => dim === shape[axis])) return x;
    return this.op('Expand', [x, this.ints(shape)]);
  }

  /** Sum over axes; no node when there are none. */
  sum(x: string, axes: readonly number[], keepdims = true): string {
    if (axes.length === 0) return x;
    return this.op('ReduceSum', [x, this.ints(axes)], { keepdims: { type: 'int', value: keepdims ? 1 : 0 } });
  }

  mean(x: string, axes: readonly number[], keepdims = true): string {
    if (axes.length === 0) return x;
    return this.op('ReduceMean', [x, this.ints(axes)], { keepdims: { type: 'int', value: keepdims ? 1 : 0 } });
  }

  slice(
    x: string,
    axes: readonly number[],
    starts: readonly number[],
    ends: readonly number[],
    steps?: readonly number[],
  ): string {
    const inputs = [x, this.ints(starts), this.ints(ends), this.ints(axes)];
    if (steps?.some((step) => step !== 1)) inputs.push(this.ints(steps));
    return this.op('Slice', inputs);
  }

  cast(x: string, dtype: 'float32' | 'float64' | 'int64' | 'bool'): string {
    if (this.dtype(x) === dtype) return x;
    const to = { float32: 1, int64: 7, bool: 9, float64: 11 }[dtype];
    return this.op('Cast', [x], { to: { type: 'int', value: to } });
  }

  /** A value of zeros in the type and shape of another. */
  zerosLike(value: string): string {
    return this.expand(this.float(0, this.dtype(value)), this.shape(value));
  }

  /** Sums over the axes that broadcasting added, so that the result has the shape given. */
  sumTo(x: string, shape: readonly number[]): string {
    const now = this.shape(x);
    const extra = now.length - shape.length;
    const axes = now.flatMap((dim, axis) => (axis < extra || (shape[axis - extra] === 1 && dim !== 1) ? [axis] : []));
    return this.reshape(this.sum(x, axes), shape);
  }

  #fresh(hint: string): string {
    const count = this.#counters.get(hint) ?? 0;
    let index = count;
    let name: string;
    do name = `${hint}~${index++}`;
    while (this.#names.has(name));
    this.#counters.set(hint, index);
    this.#names.add(name);
    return name;
  }
}

/** What makes two nodes equal; undefined for nodes that must not be merged (random draws). */
function keyOf(
  domain: string,
  op: string,
  inputs: readonly string[],
  count: number,
  attributes: Attributes,
): string | undefined {
  if (op.startsWith('Random') || op === 'Bernoulli' || op === 'Multinomial') return undefined;
  const parts: string[] = [];
  for (const name of Object.keys(attributes).sort()) {
    const attribute = attributes[name];
    if (
      attribute.type === 'tensor' ||
      attribute.type === 'graph' ||
      attribute.type === 'graphs' ||
      attribute.type === 'opaque'
    ) {
      return undefined;
    }
    parts.push(`${name}=${attribute.type}:${JSON.stringify(attribute.value)}`);
  }
  return JSON.stringify([domain, op, inputs, count, parts]);
}
