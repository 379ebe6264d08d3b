import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Graph, Tensor } from '../graph/ir';
import { isFloating, tensorChunks } from '../graph/tensor';

/** Tensors of fewer bytes stay in memory. */
const SMALL_BYTES = 4096;

/** A model's weights as this process holds them. */
export interface Weights {
  /** The graph with its large tensors in files. */
  readonly graph: Graph;
  /** Names the contents of the model: file and external data. */
  readonly hash: string;
  /** Files that weights are read from, the model itself first. */
  readonly files: readonly string[];
  /** The opset that the file was written in; importing brings every model to one. */
  readonly opset: number | undefined;
}

/**
 * Lets go of the weights that importing has read: a tensor that lies in the model's file becomes a reference to its
 * place there. Equal files give equal hashes; external data counts by its path, size and time.
 *
 * @param graph as imported from this very file
 */
export function referToFile(path: string, graph: Graph): Weights {
  const file = bufferOf(graph, statSync(path).size) ?? readFileSync(path);
  const hash = createHash('sha256').update(file);
  const files = new Set([path]);
  const initializers = new Map<string, Tensor>();
  for (const [name, tensor] of graph.initializers) {
    const { source } = tensor;
    if (source.kind === 'file') files.add(source.path);
    initializers.set(name, inFile(path, file, tensor));
  }
  for (const external of [...files].slice(1)) {
    const { size, mtimeMs } = statSync(external);
    hash.update(`${external}:${size}:${mtimeMs}`);
  }
  return {
    graph: { ...graph, initializers },
    hash: hash.digest('hex').slice(0, 40),
    files: [...files],
    opset: writtenOpset(file),
  };
}

/** The bytes of the whole file, which the decoded tensors are views of. */
function bufferOf(graph: Graph, size: number): Uint8Array | undefined {
  for (const { source } of graph.initializers.values()) {
    if (source.kind !== 'bytes' || source.bytes.length < SMALL_BYTES) continue;
    if (source.bytes.buffer.byteLength === size) return new Uint8Array(source.bytes.buffer);
  }
  return undefined;
}

function inFile(path: string, file: Uint8Array, tensor: Tensor): Tensor {
  const { source } = tensor;
  if (source.kind !== 'bytes' || source.bytes.buffer !== file.buffer) return tensor;
  const { bytes } = source;
  // A small view would keep the whole file in memory.
  if (bytes.length < SMALL_BYTES) return { ...tensor, source: { kind: 'bytes', bytes: Uint8Array.from(bytes) } };
  const offset = bytes.byteOffset - file.byteOffset;
  return { ...tensor, source: { kind: 'file', path, offset, length: bytes.length } };
}

/** Field `opset_import` of a ModelProto, and `version` of the OperatorSetIdProto in it. */
const OPSET_IMPORT = 8;
const OPSET_VERSION = 2;
const OPSET_DOMAIN = 1;

/** The opset that a model file was written in; importing brings every model to one. Undefined when it says none. */
export function writtenOpset(model: Uint8Array): number | undefined {
  const reader = new BinaryReader(model);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field !== OPSET_IMPORT) {
      reader.skip(type, field);
      continue;
    }
    const entry = new BinaryReader(reader.bytes());
    let domain = '';
    let version = 0;
    while (entry.pos < entry.len) {
      const [inner, innerType] = entry.tag();
      if (inner === OPSET_DOMAIN) domain = entry.string();
      else if (inner === OPSET_VERSION) version = Number(entry.int64());
      else entry.skip(innerType, inner);
    }
    if (domain === '' || domain === 'ai.onnx') return version;
  }
  return undefined;
}

/** Weights that are no numbers, by what an output that is none may be explained with. */
export interface BadWeights {
  readonly name: string;
  readonly nan: number;
  readonly infinite: number;
}

/**
 * Tensors that hold NaN, or infinite values among others (a tensor of 0 and −∞ only is a mask and meant so).
 * float32 and float64; half-precision weights are few models' and show in the output.
 */
export function findBadWeights(graph: Graph): BadWeights[] {
  const bad: BadWeights[] = [];
  for (const [name, tensor] of graph.initializers) {
    if (!isFloating(tensor.dtype) || tensor.source.kind === 'strings') continue;
    const found = countBad(tensor);
    if (found.nan > 0 || (found.infinite > 0 && found.ordinary)) {
      bad.push({ name, nan: found.nan, infinite: found.infinite });
    }
  }
  return bad;
}

/** The exponent of NaN and ∞, which no other number has: in all of a float32, and in the upper half of a float64. */
const EXPONENT = { float32: 0x7f800000, float64: 0x7ff00000 };

/** Nearly always false: a loop without anything else in it. */
function hasExponent(words: Uint32Array, first: number, step: number, exponent: number): boolean {
  for (let i = first; i < words.length; i += step) if ((words[i] & exponent) === exponent) return true;
  return false;
}

function countBad({ dtype, shape, source, ...rest }: Tensor): { nan: number; infinite: number; ordinary: boolean } {
  const found = { nan: 0, infinite: 0, ordinary: false };
  if (dtype !== 'float32' && dtype !== 'float64') return found;
  const exponent = EXPONENT[dtype];
  const [step, first] = dtype === 'float64' ? [2, 1] : [1, 0];
  for (const chunk of tensorChunks({ dtype, shape, source, ...rest })) {
    const aligned = chunk.byteOffset % 4 === 0 ? chunk : Uint8Array.from(chunk);
    const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
    if (!hasExponent(words, first, step, exponent)) {
      found.ordinary ||= words.some((word) => (word & 0x7fffffff) !== 0);
      continue;
    }
    for (let i = first; i < words.length; i += step) {
      const word = words[i];
      if ((word & exponent) !== exponent) found.ordinary ||= (word & 0x7fffffff) !== 0;
      else if ((word & ~exponent & 0x7fffffff) !== 0 || (first === 1 && words[i - 1] !== 0)) found.nan++;
      else found.infinite++;
    }
  }
  return found;
}

/** How many numbers training could change: elements of floating initializers that are no scalars. */
export function countParameters(graph: Graph): number {
  let count = 0;
  for (const { dtype, shape } of graph.initializers.values()) {
    if (isFloating(dtype) && shape.length > 0) count += shape.reduce((product, dim) => product * dim, 1);
  }
  return count;
}
