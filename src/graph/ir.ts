/**
 * The graph: ONNX as plain data. Values are named by strings as in ONNX itself; an empty string is an absent optional
 * input or output. After import every graph is of the one operator set {@link TARGET_OPSET}.
 */

/** The opset that import normalises to and that rules read and emit. */
export const TARGET_OPSET = 21;

export type DataType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string'
  | 'complex64'
  | 'complex128'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'uint4'
  | 'int4'
  | 'float4e2m1'
  | 'float8e8m0'
  | 'uint2'
  | 'int2'
  /** Not declared by the model and not inferred yet. */
  | 'undefined';

/** Where a tensor's elements are: in memory (little-endian, C order), in a file, or as strings. */
export type TensorSource =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly offset: number; readonly length: number }
  | { readonly kind: 'strings'; readonly strings: readonly string[] };

export interface Tensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly source: TensorSource;
  /** What ONNX says of it beyond these fields, as the encoded message, so that export loses nothing. */
  readonly rest?: Uint8Array;
}

/** A dimension: known, named, or unknown (null). */
export type Dim = number | string | null;

export interface TensorType {
  readonly dtype: DataType;
  /** undefined: not even the rank is known. */
  readonly shape: readonly Dim[] | undefined;
}

export interface ValueInfo extends TensorType {
  readonly name: string;
  /**
   * What ONNX says of it beyond these fields, as the encoded message. Holds the whole type of a value that is no
   * tensor (sequence, map, optional); `dtype` is then that of its elements and `shape` undefined.
   */
  readonly rest?: Uint8Array;
}

/** What each kind of attribute holds. */
export interface AttributeValues {
  readonly int: number;
  readonly float: number;
  readonly string: string;
  readonly tensor: Tensor;
  readonly graph: Graph;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly strings: readonly string[];
  readonly graphs: readonly Graph[];
  /** Anything else (sparse tensors, type protos): the encoded AttributeProto, so that export loses nothing. */
  readonly opaque: Uint8Array;
}

export type AttributeType = keyof AttributeValues;

export type Attribute = {
  [T in AttributeType]: { readonly type: T; readonly value: AttributeValues[T] };
}[AttributeType];

export type Attributes = Readonly<Record<string, Attribute>>;

export interface Node {
  readonly op: string;
  /** '' is the ONNX domain itself. */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  /** metadata_props of the node, e.g. the exporter's source lines. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly doc?: string;
  /** What ONNX says of it beyond these fields, as the encoded message, so that export loses nothing. */
  readonly rest?: Uint8Array;
}

export interface Graph {
  readonly name: string;
  /** Domain → version; the ONNX domain '' is always {@link TARGET_OPSET} after import. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Inputs a caller feeds; initializers are never among them. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** In topological order. */
  readonly nodes: readonly Node[];
  /** What is known of inner values; complete and static after `specialise`. */
  readonly types: ReadonlyMap<string, TensorType>;
  /** metadata_props of the model. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What ONNX says of the model beyond these fields, as the encoded ModelProto, so that export loses nothing. */
  readonly rest?: Uint8Array;
}

/** Which node makes a value and which nodes read it. */
export interface Wiring {
  readonly producer: ReadonlyMap<string, Node>;
  readonly consumers: ReadonlyMap<string, readonly Node[]>;
}

export function wiring(graph: Graph): Wiring {
  const producer = new Map<string, Node>();
  const consumers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) if (output) producer.set(output, node);
    for (const input of new Set(node.inputs)) {
      if (!input) continue;
      const list = consumers.get(input);
      if (list) list.push(node);
      else consumers.set(input, [node]);
    }
  }
  return { producer, consumers };
}

/** The type of any value of the graph: input, initializer, output or inner value; undefined when unknown. */
export function typeOf(graph: Graph, value: string): TensorType | undefined {
  const initializer = graph.initializers.get(value);
  if (initializer) return { dtype: initializer.dtype, shape: initializer.shape };
  return (
    graph.types.get(value) ??
    graph.inputs.find((input) => input.name === value) ??
    graph.outputs.find((output) => output.name === value)
  );
}
