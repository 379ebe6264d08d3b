import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { DataLayout, replaceFile, writeAll } from './dataFile';
import type { Graph, Tensor } from './ir';
import { ModelProtoSchema, OperatorSetIdProtoSchema } from './onnx/onnx.gen';
import { restore } from './onnx/rest';
import { type Place, tooLarge, writeEntries, writeGraph } from './onnx/writeGraph';
import { byteLength } from './tensor';

/** The first IR version that has opset 21. */
const IR_VERSION = 10n;
const MAX_BYTES = 2 ** 31;

export interface ExportOptions {
  /**
   * The folder that the model will lie in (or that the session is told to find external data in). Weights in files of
   * this folder are referred to; all others are copied into the model.
   */
  readonly folder?: string;
}

function encode(graph: Graph, place: Place): Uint8Array {
  const proto = restore(ModelProtoSchema, graph.rest);
  proto.irVersion = IR_VERSION;
  proto.graph = writeGraph(graph, place);
  proto.opsetImport = Object.entries(graph.opsets).map(([domain, version]) =>
    create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
  );
  proto.metadataProps = writeEntries(graph.metadata);
  return toBinary(ModelProtoSchema, proto);
}

/** Where in the folder a tensor's file is, if it is there. */
function within(folder: string | undefined, tensor: Tensor): string | undefined {
  if (folder === undefined || tensor.source.kind !== 'file') return undefined;
  const path = relative(resolve(folder), tensor.source.path);
  return path.startsWith('..') || resolve(path) === path ? undefined : path.split(sep).join('/');
}

const inlineBytes = (graph: Graph, place: Place): number =>
  [...graph.initializers].reduce(
    (sum, [name, tensor]) => sum + (place(name, tensor) ? 0 : byteLength(tensor.dtype, tensor.shape)),
    0,
  );

/**
 * The graph as an ONNX file.
 *
 * @throws PrismError MODEL_TOO_LARGE when it would have 2 GB or more, and those of reading external weights
 */
export function exportModel(graph: Graph, options: ExportOptions = {}): Uint8Array {
  const place: Place = (_name, tensor) => {
    const location = within(options.folder, tensor);
    if (location === undefined || tensor.source.kind !== 'file') return undefined;
    return { location, offset: tensor.source.offset, length: tensor.source.length };
  };
  if (inlineBytes(graph, place) >= MAX_BYTES) throw tooLarge();
  return encode(graph, place);
}

export interface WriteOptions {
  /** Tensors of at least so many bytes go to the data file; without it everything is written into the model. */
  readonly externalThreshold?: number;
  /** Name of the data file, beside the model; by default the model's name followed by `.data`. */
  readonly dataFile?: string;
}

/**
 * Writes the graph as an ONNX file, and its large tensors beside it when asked to. Each file appears whole or not at
 * all.
 *
 * @throws PrismError MODEL_TOO_LARGE, FILE_UNWRITABLE, and those of reading external weights
 */
export function writeModel(graph: Graph, path: string, options: WriteOptions = {}): void {
  const { externalThreshold = Number.POSITIVE_INFINITY, dataFile = `${basename(path)}.data` } = options;
  const data = new DataLayout();
  const place: Place = (_name, tensor) => {
    const length = byteLength(tensor.dtype, tensor.shape);
    if (tensor.source.kind === 'strings' || length < externalThreshold) return undefined;
    return { location: dataFile, offset: data.offsetOf(tensor), length };
  };
  if (inlineBytes(graph, place) >= MAX_BYTES) throw tooLarge();
  const model = encode(graph, place);
  if (data.size > 0) replaceFile(join(dirname(path), dataFile), (file) => data.write(file));
  replaceFile(path, (file) => writeAll(file, model, 0));
}
