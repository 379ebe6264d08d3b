import { create, fromBinary } from '@bufbuild/protobuf';
import { PrismError } from '../errors';
import { type Attribute, type Graph, type Node, type Tensor, typeOf, type ValueInfo } from '../ir';
import { tensorBytes, toInt64 } from '../tensor';
import { codeOf } from './dtypes';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type StringStringEntryProto,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx.gen';
import { restore } from './rest';

export interface Location {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Where to keep a tensor's data; undefined: in the model itself. */
export type Place = (name: string, tensor: Tensor) => Location | undefined;

export const writeEntries = (record: Readonly<Record<string, string>>): StringStringEntryProto[] =>
  Object.entries(record).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));

function writeTensor(name: string, tensor: Tensor, place: Place): TensorProto {
  const proto = restore(TensorProtoSchema, tensor.rest);
  proto.name = name;
  proto.dataType = codeOf(tensor.dtype);
  proto.dims = tensor.shape.map(BigInt);
  if (tensor.source.kind === 'strings') {
    proto.stringData = tensor.source.strings.map((text) => Buffer.from(text, 'utf8'));
    return proto;
  }
  const location = place(name, tensor);
  if (location) {
    proto.dataLocation = TensorProto_DataLocation.EXTERNAL;
    proto.externalData = writeEntries({
      location: location.location,
      offset: String(location.offset),
      length: String(location.length),
    });
  } else proto.rawData = tensorBytes(tensor);
  return proto;
}

function writeDim(dim: number | string | null, proto: TensorShapeProto_Dimension): TensorShapeProto_Dimension {
  if (typeof dim === 'number') proto.value = { case: 'dimValue', value: BigInt(dim) };
  else if (dim !== null) proto.value = { case: 'dimParam', value: dim };
  else proto.value = { case: undefined };
  return proto;
}

/** Fills the type in, except where the declaration kept says that the value is no tensor. */
function writeValueInfo(value: ValueInfo, kept: ValueInfoProto): ValueInfoProto {
  kept.name = value.name;
  if (kept.type && kept.type.value.case !== undefined && kept.type.value.case !== 'tensorType') return kept;
  if (value.dtype === 'undefined') return kept;
  const described = kept.type?.value.case === 'tensorType' ? kept.type.value.value.shape?.dim : undefined;
  const tensor = create(TypeProto_TensorSchema, { elemType: codeOf(value.dtype) });
  if (value.shape) {
    const keep = described?.length === value.shape.length ? described : undefined;
    const dim = value.shape.map((dim, axis) => writeDim(dim, keep?.[axis] ?? create(TensorShapeProto_DimensionSchema)));
    tensor.shape = create(TensorShapeProtoSchema, { dim });
  }
  kept.type ??= create(TypeProtoSchema);
  kept.type.value = { case: 'tensorType', value: tensor };
  return kept;
}

function writeAttribute(
  name: string,
  attribute: Attribute,
  kept: AttributeProto | undefined,
  place: Place,
): AttributeProto {
  if (attribute.type === 'opaque') return fromBinary(AttributeProtoSchema, attribute.value);
  const proto = kept ?? create(AttributeProtoSchema, { name });
  switch (attribute.type) {
    case 'int':
      proto.type = AttributeType.INT;
      proto.i = toInt64(attribute.value);
      break;
    case 'float':
      proto.type = AttributeType.FLOAT;
      proto.f = attribute.value;
      break;
    case 'string':
      proto.type = AttributeType.STRING;
      proto.s = Buffer.from(attribute.value, 'utf8');
      break;
    case 'ints':
      proto.type = AttributeType.INTS;
      proto.ints = attribute.value.map(toInt64);
      break;
    case 'floats':
      proto.type = AttributeType.FLOATS;
      proto.floats = [...attribute.value];
      break;
    case 'strings':
      proto.type = AttributeType.STRINGS;
      proto.strings = attribute.value.map((text) => Buffer.from(text, 'utf8'));
      break;
    case 'tensor':
      proto.type = AttributeType.TENSOR;
      proto.t = writeTensor('', attribute.value, () => undefined);
      break;
    case 'graph':
      proto.type = AttributeType.GRAPH;
      proto.g = writeGraph(attribute.value, place);
      break;
    case 'graphs':
      proto.type = AttributeType.GRAPHS;
      proto.graphs = attribute.value.map((graph) => writeGraph(graph, place));
      break;
  }
  return proto;
}

function writeNode(node: Node, name: string, place: Place): NodeProto {
  const proto = restore(NodeProtoSchema, node.rest);
  const kept = new Map(proto.attribute.map((attribute) => [attribute.name, attribute]));
  proto.input = [...node.inputs];
  proto.output = [...node.outputs];
  proto.opType = node.op;
  if (name) proto.name = name;
  if (node.domain) proto.domain = node.domain;
  if (node.doc) proto.docString = node.doc;
  if (node.metadata) proto.metadataProps = writeEntries(node.metadata);
  proto.attribute = Object.entries(node.attributes).map(([name, attribute]) =>
    writeAttribute(name, attribute, kept.get(name), place),
  );
  return proto;
}

/** onnxruntime refuses two nodes of one name, and nodes that a rewrite made of one node share its name. */
function unique(name: string, taken: Set<string>): string {
  let candidate = name;
  for (let count = 1; candidate !== '' && taken.has(candidate); count++) candidate = `${name}~${count}`;
  taken.add(candidate);
  return candidate;
}

/** The graph as a message. Inner types that the graph knows are written as value infos. */
export function writeGraph(graph: Graph, place: Place): GraphProto {
  const proto = restore(ModelProtoSchema, graph.rest).graph ?? create(GraphProtoSchema);
  const kept = new Map(proto.valueInfo.map((value) => [value.name, value]));
  const declare = (value: ValueInfo): ValueInfoProto =>
    writeValueInfo(value, restore(ValueInfoProtoSchema, value.rest));
  proto.name = graph.name || 'graph'; // onnxruntime refuses a graph without a name
  const names = new Set<string>();
  proto.node = graph.nodes.map((node) => writeNode(node, unique(node.name, names), place));
  proto.initializer = [...graph.initializers].map(([name, tensor]) => writeTensor(name, tensor, place));
  proto.input = graph.inputs.map(declare);
  proto.output = graph.outputs.map((output) => declare({ ...typeOf(graph, output.name), ...output }));
  const declared = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  const inner = new Set(graph.nodes.flatMap((node) => node.outputs));
  proto.valueInfo = [...inner].flatMap((name) => {
    const type = graph.types.get(name);
    const known = kept.get(name);
    if (name === '' || declared.has(name) || (!type && !known)) return [];
    return [
      writeValueInfo({ name, dtype: 'undefined', shape: undefined, ...type }, known ?? create(ValueInfoProtoSchema)),
    ];
  });
  return proto;
}

export function tooLarge(): PrismError {
  return new PrismError(
    'MODEL_TOO_LARGE',
    'the model has 2 GB or more with its weights inside; write it with external data',
  );
}
