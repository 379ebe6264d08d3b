import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { importModel } from '../../src/graph/import';
import type { Graph } from '../../src/graph/ir';
import { ModelProtoSchema, type TensorProto } from '../../src/graph/onnx/onnx.gen';
import { fromFloat32, toFloat32 } from '../../src/inputs/elements';
import { type NpyArray, readNpy } from '../../src/inputs/npy';

const GOLDEN = resolve(__dirname, '../cases/golden');

interface Fill {
  readonly name: string;
  readonly seed: number;
  readonly low: number;
  readonly high: number;
  readonly transposed: boolean;
}

/** One array that a case expects. */
export interface Expectation {
  /** What it is, e.g. `grad`, `forward`, `srd.class`. */
  readonly what: string;
  /** The ONNX value it belongs to: what it explains, or for `forward` the output. */
  readonly of: string;
  readonly target?: number | readonly number[];
  readonly params: Readonly<Record<string, unknown>>;
  readonly note?: string;
  /** Reads the array. */
  readonly array: () => NpyArray;
}

export interface Case {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly task: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The folder of the model, where its external data lies. */
  readonly folder: string;
  /** Recommended relative L2 tolerance of the main map; undefined where the case states none. */
  readonly tolerance: number | undefined;
  readonly expect: readonly Expectation[];
  /** The model file with its weights filled in. */
  readonly bytes: () => Uint8Array;
  readonly graph: () => Graph;
  /** The inputs by name, in the types that the model wants. */
  readonly inputs: () => Record<string, NpyArray>;
  /** Another array of the case's folder, such as a mask or a baseline that `params` names. */
  readonly file: (name: string) => NpyArray;
}

/** Element i of a filled tensor: a 32-bit hash of index and seed, scaled to [low, high). */
export function fillValues(count: number, { seed, low, high }: Pick<Fill, 'seed' | 'low' | 'high'>): Float32Array {
  const offset = Math.imul(seed, 0x9e3779b9);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    let hash = (index + offset) >>> 0;
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    hash = (hash ^ (hash >>> 16)) >>> 0;
    values[index] = low + (high - low) * ((hash >>> 8) / 2 ** 24);
  }
  return values;
}

/** The matrix of `rows` × `columns` whose transpose, in C order, is given. */
function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[row * columns + column] = values[column * rows + row];
  }
  return out;
}

function fillTensor(tensor: TensorProto, fill: Fill): void {
  const dims = tensor.dims.map(Number);
  const values = fillValues(
    dims.reduce((product, dim) => product * dim, 1),
    fill,
  );
  const stored = fill.transposed ? transpose(values, dims[0], dims[1]) : values;
  tensor.rawData = new Uint8Array(stored.buffer);
}

function filled(path: string, fills: readonly Fill[]): Uint8Array {
  const file = readFileSync(path);
  if (fills.length === 0) return file;
  const model = fromBinary(ModelProtoSchema, file);
  const tensors = new Map(model.graph?.initializer.map((tensor) => [tensor.name, tensor]));
  for (const fill of fills) {
    const tensor = tensors.get(fill.name);
    if (!tensor) throw new Error(`${path} has no initializer ${fill.name}`);
    fillTensor(tensor, fill);
  }
  return toBinary(ModelProtoSchema, model);
}

/** The names of the golden cases, optionally of those that begin with one of the prefixes given. */
export function caseNames(...prefixes: readonly string[]): string[] {
  return readdirSync(GOLDEN)
    .filter((name) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix)))
    .sort();
}

/** A golden case of test/cases; arrays and weights are read when they are asked for. */
export function loadCase(name: string): Case {
  const folder = join(GOLDEN, name);
  const description = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'));
  const read = (file: string): NpyArray => readNpy(readFileSync(join(folder, file)), `${name}/${file}`);
  const path = join(folder, description.model ?? 'model.onnx');
  const bytes = (): Uint8Array => filled(path, description.fill);
  const typed = (input: string, file: string): NpyArray => {
    const array = read(file);
    const dtype = description.input_dtypes?.[input] ?? array.dtype;
    return dtype === array.dtype
      ? array
      : { ...array, dtype, data: fromFloat32(toFloat32(array.dtype, array.data), dtype) };
  };
  return {
    name,
    title: description.title,
    source: description.source,
    task: description.task,
    params: description.params,
    folder: dirname(path),
    tolerance: description.params.recommended_rtol_l2,
    expect: description.expect.map(({ file, ...rest }: { file: string }) => ({
      params: {},
      ...rest,
      array: () => read(file),
    })),
    bytes,
    graph: () => importModel(bytes(), { folder: dirname(path), name: `${name}/model.onnx` }),
    inputs: () =>
      Object.fromEntries(
        Object.entries<string>(description.inputs).map(([input, file]) => [input, typed(input, file)]),
      ),
    file: read,
  };
}

/** ‖a − b‖ / ‖b‖; the absolute error where b is zero. */
export function relativeError(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number {
  if (a.length !== b.length) throw new Error(`${a.length} elements against ${b.length}`);
  let error = 0;
  let norm = 0;
  for (let i = 0; i < a.length; i++) {
    error += (Number(a[i]) - Number(b[i])) ** 2;
    norm += Number(b[i]) ** 2;
  }
  return norm > 0 ? Math.sqrt(error / norm) : Math.sqrt(error);
}
