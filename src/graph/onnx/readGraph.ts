import { create, toBinary } from '@bufbuild/protobuf';
import { PrismError } from '../errors';
import type { Attribute, DataType, Dim, Graph, Node, Tensor, TensorType, ValueInfo } from '../ir';
import type { Scope } from '../opset/context';
import { float32, int64, strings } from '../tensor';
import { dtypeOf } from './dtypes';
import type { ExternalData } from './externalData';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TypeProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx.gen';
import { readSparse, readTensor } from './readTensor';
import { restOf } from './rest';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

const entries = (props: readonly { key: string; value: string }[]): Record<string, string> =>
  Object.fromEntries(props.map(({ key, value }) => [key, value]));

/** The type of the elements of whatever a TypeProto describes. */
function elementType(type: TypeProto, where: string): DataType {
  const { value } = type;
  switch (value.case) {
    case 'tensorType':
    case 'sparseTensorType':
      return dtypeOf(value.value.elemType, where);
    case 'sequenceType':
    case 'optionalType':
      return value.value.elemType ? elementType(value.value.elemType, where) : 'undefined';
    case 'mapType':
      return value.value.valueType ? elementType(value.value.valueType, where) : 'undefined';
    default:
      return 'undefined';
  }
}

/** A value's declaration; undefined when it says nothing of the type. */
export function readValueInfo(proto: ValueInfoProto): ValueInfo | undefined {
  const { name, type } = proto;
  const where = `the value ${JSON.stringify(name)}`;
  if (!type || type.value.case === undefined) return undefined;
  const modelled = new Set(['name', 'type']);
  if (type.value.case !== 'tensorType') {
    const rest = restOf(ValueInfoProtoSchema, proto, new Set(['name']));
    return { name, dtype: elementType(type, where), shape: undefined, rest };
  }
  const tensor = type.value.value;
  const described = type.denotation !== '' || tensor.shape?.dim.some((dim) => dim.denotation !== '');
  const rest = restOf(ValueInfoProtoSchema, proto, described ? new Set(['name']) : modelled);
  const shape = tensor.shape?.dim.map(({ value }): Dim => {
    if (value.case === 'dimParam') return value.value === '' ? null : value.value;
    if (value.case === undefined || value.value < 0n) return null;
    return Number(value.value);
  });
  const dtype = dtypeOf(tensor.elemType, where);
  return rest ? { name, dtype, shape, rest } : { name, dtype, shape };
}

/** Models of the first IR versions leave the type out. */
function attributeType(proto: AttributeProto): AttributeType {
  if (proto.type !== AttributeType.UNDEFINED) return proto.type;
  if (proto.floats.length > 0) return AttributeType.FLOATS;
  if (proto.ints.length > 0) return AttributeType.INTS;
  if (proto.strings.length > 0) return AttributeType.STRINGS;
  if (proto.t) return AttributeType.TENSOR;
  if (proto.g) return AttributeType.GRAPH;
  if (proto.graphs.length > 0) return AttributeType.GRAPHS;
  if (proto.s.length > 0) return AttributeType.STRING;
  if (proto.f !== 0) return AttributeType.FLOAT;
  if (proto.i !== 0n) return AttributeType.INT;
  return AttributeType.UNDEFINED;
}

const NODE_MODELLED = new Set([
  'input',
  'output',
  'name',
  'opType',
  'domain',
  'attribute',
  'docString',
  'metadataProps',
]);
const GRAPH_MODELLED = new Set(['node', 'name', 'initializer', 'sparseInitializer', 'input', 'output', 'valueInfo']);

const standardDomain = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);

/** A list of nodes read, and the constants that were among them. */
export interface Body {
  readonly nodes: Node[];
  readonly initializers: Map<string, Tensor>;
}

/** Turns nodes of one opset version into the IR's: where functions are expanded and old operators adapted. */
export interface NodeReader {
  read(protos: readonly NodeProto[], scope: Scope): Body;
}

export const nodeLabel = (proto: NodeProto): string =>
  `${JSON.stringify(proto.name || proto.output[0] || '')} (${proto.opType})`;

/** Reads an attribute; subgraphs by the reader of the nodes around them. */
function readAttribute(
  proto: AttributeProto,
  where: string,
  external: ExternalData,
  subgraph: (graph: GraphProto) => Graph,
): Attribute {
  switch (attributeType(proto)) {
    case AttributeType.FLOAT:
      return { type: 'float', value: proto.f };
    case AttributeType.INT:
      return { type: 'int', value: Number(proto.i) };
    case AttributeType.STRING:
      return { type: 'string', value: text(proto.s) };
    case AttributeType.FLOATS:
      return { type: 'floats', value: proto.floats };
    case AttributeType.INTS:
      return { type: 'ints', value: proto.ints.map(Number) };
    case AttributeType.STRINGS:
      return { type: 'strings', value: proto.strings.map(text) };
    case AttributeType.TENSOR:
      if (proto.t) return { type: 'tensor', value: readTensor(proto.t, where, external) };
      break;
    case AttributeType.GRAPH:
      if (proto.g) return { type: 'graph', value: subgraph(proto.g) };
      break;
    case AttributeType.GRAPHS:
      return { type: 'graphs', value: proto.graphs.map(subgraph) };
    default:
      return { type: 'opaque', value: toBinary(AttributeProtoSchema, proto) };
  }
  throw new PrismError('MODEL_INVALID', `${where} has no value`);
}

/** One node as it stands. */
export function readNode(proto: NodeProto, external: ExternalData, subgraph: (graph: GraphProto) => Graph): Node {
  const leftovers: AttributeProto[] = [];
  const attributes = proto.attribute.map((attribute): [string, Attribute] => {
    const where = `the attribute ${JSON.stringify(attribute.name)} of node ${nodeLabel(proto)}`;
    const value = readAttribute(attribute, where, external, subgraph);
    if (value.type !== 'opaque' && (attribute.docString !== '' || attribute.$unknown)) {
      const leftover = create(AttributeProtoSchema, { name: attribute.name, docString: attribute.docString });
      leftover.$unknown = attribute.$unknown;
      leftovers.push(leftover);
    }
    return [attribute.name, value];
  });
  const rest = restOf(NodeProtoSchema, proto, NODE_MODELLED, leftovers.length > 0 ? { attribute: leftovers } : {});
  return {
    op: proto.opType,
    domain: standardDomain(proto.domain),
    name: proto.name,
    inputs: proto.input,
    outputs: proto.output,
    attributes: Object.fromEntries(attributes),
    ...(proto.metadataProps.length > 0 && { metadata: entries(proto.metadataProps) }),
    ...(proto.docString !== '' && { doc: proto.docString }),
    ...(rest && { rest }),
  };
}

/** The value of a Constant node. */
export function constantOf(proto: NodeProto, external: ExternalData): Tensor {
  const where = `the constant ${JSON.stringify(proto.output[0] ?? '')}`;
  const [attribute] = proto.attribute.filter(({ name }) => name === 'sparse_value' || name.startsWith('value'));
  switch (attribute?.name) {
    case 'value':
      if (attribute.t) return readTensor(attribute.t, where, external);
      break;
    case 'sparse_value':
      if (attribute.sparseTensor) return readSparse(attribute.sparseTensor, where, external);
      break;
    case 'value_float':
      return float32([attribute.f], []);
    case 'value_floats':
      return float32(attribute.floats);
    case 'value_int':
      return int64([attribute.i], []);
    case 'value_ints':
      return int64(attribute.ints);
    case 'value_string':
      return strings([text(attribute.s)], []);
    case 'value_strings':
      return strings(attribute.strings.map(text));
  }
  throw new PrismError('MODEL_INVALID', `${where} has no value`);
}

/**
 * A graph or subgraph. Constants become initializers; inputs that have an initializer are dropped from the inputs.
 * Nodes keep their order. `rest` is an encoded GraphProto.
 */
export function readGraph(
  proto: GraphProto,
  reader: NodeReader,
  external: ExternalData,
  outer: Scope,
): Pick<Graph, 'name' | 'inputs' | 'outputs' | 'initializers' | 'nodes' | 'types' | 'rest'> {
  const initializers = new Map<string, Tensor>();
  for (const tensor of proto.initializer) {
    initializers.set(tensor.name, readTensor(tensor, `the initializer ${JSON.stringify(tensor.name)}`, external));
  }
  for (const sparse of proto.sparseInitializer) {
    const name = sparse.values?.name ?? '';
    initializers.set(name, readSparse(sparse, `the initializer ${JSON.stringify(name)}`, external));
  }
  const declared = (values: readonly ValueInfoProto[]): ValueInfo[] =>
    values.map((value) => readValueInfo(value) ?? { name: value.name, dtype: 'undefined', shape: undefined });
  const inputs = declared(proto.input).filter(({ name }) => !initializers.has(name));
  const types = new Map<string, TensorType>();
  const leftovers: ValueInfoProto[] = [];
  for (const value of proto.valueInfo) {
    const info = readValueInfo(value);
    if (!info || info.rest) leftovers.push(value);
    if (info) types.set(info.name, { dtype: info.dtype, shape: info.shape });
  }
  const known = new Map<string, TensorType>([...types, ...inputs.map((input) => [input.name, input] as const)]);
  const body = reader.read(proto.node, {
    type: (value) => initializers.get(value) ?? known.get(value) ?? outer.type(value),
    constant: (value) => initializers.get(value) ?? (known.has(value) ? undefined : outer.constant(value)),
  });
  for (const [name, tensor] of body.initializers) initializers.set(name, tensor);
  const rest = restOf(GraphProtoSchema, proto, GRAPH_MODELLED, leftovers.length > 0 ? { valueInfo: leftovers } : {});
  return {
    name: proto.name,
    inputs,
    outputs: declared(proto.output),
    initializers,
    nodes: body.nodes,
    types,
    ...(rest && { rest }),
  };
}
