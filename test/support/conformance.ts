import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { importModel } from '../../src/graph/import';
import type { Graph, Tensor } from '../../src/graph/ir';
import { ExternalData } from '../../src/graph/onnx/externalData';
import { TensorProtoSchema } from '../../src/graph/onnx/onnx.gen';
import { readTensor } from '../../src/graph/onnx/readTensor';
import { isElementType, STORAGE } from '../../src/inputs/elements';
import type { NpyArray } from '../../src/inputs/npy';

/** Where the ONNX conformance models are: Debian's package, or the folder `onnx/backend/test/data` of ONNX's sources. */
const DATA = process.env.ONNX_TEST_DATA ?? '/usr/share/libonnx-testdata/data';

/** A model of the ONNX project with inputs and the outputs that it must have. */
export interface Conformance {
  /** Folder and name, e.g. `node/test_abs`. */
  readonly name: string;
  readonly bytes: () => Uint8Array;
  /** Inputs of each data set, in the model's order; undefined for what is no tensor of numbers. */
  readonly inputs: () => readonly (readonly (NpyArray | undefined)[])[];
  readonly outputs: () => readonly (readonly (NpyArray | undefined)[])[];
}

/** The array in a tensor. Undefined for elements that no array here holds: strings, narrow floats. */
function arrayOf({ dtype, shape, source }: Tensor): NpyArray | undefined {
  if (source.kind !== 'bytes' || !isElementType(dtype)) return undefined;
  return { dtype, shape, data: STORAGE[dtype].make(Uint8Array.from(source.bytes).buffer) };
}

function readArray(path: string): NpyArray | undefined {
  try {
    return arrayOf(readTensor(fromBinary(TensorProtoSchema, readFileSync(path)), path, new ExternalData()));
  } catch {
    // A sequence or an optional value, which is another message.
    return undefined;
  }
}

function arrays(folder: string, kind: 'input' | 'output'): (NpyArray | undefined)[] {
  const files = readdirSync(folder).filter((file) => file.startsWith(kind));
  return files.map((_, index) => readArray(join(folder, `${kind}_${index}.pb`)));
}

/** The models of a folder of the conformance data. */
export function conformance(group: 'node' | 'simple' | 'pytorch-operator' | 'pytorch-converted'): Conformance[] {
  const folder = join(DATA, group);
  if (!existsSync(folder)) {
    throw new Error(
      `the ONNX conformance models are not in ${folder}: install Debian's package libonnx-testdata, ` +
        "or let ONNX_TEST_DATA name the folder onnx/backend/test/data of ONNX's sources",
    );
  }
  return readdirSync(folder).map((name) => {
    const own = join(folder, name);
    const sets = readdirSync(own).filter((set) => set.startsWith('test_data_set_'));
    return {
      name: `${group}/${name}`,
      bytes: () => readFileSync(join(own, 'model.onnx')),
      inputs: () => sets.map((set) => arrays(join(own, set), 'input')),
      outputs: () => sets.map((set) => arrays(join(own, set), 'output')),
    };
  });
}

export const graphOf = ({ name, bytes }: Conformance): Graph => importModel(bytes(), { name });

/** Models that are refused: the code, and their names. */
const REFUSED: Readonly<Record<string, readonly RegExp[]>> = {
  // Older than any exporter that is in use.
  MODEL_OPSET: [
    /^node\/test_(elu|hardsigmoid|selu)(_default|_example)?$/,
    /^node\/test_global(average|max)pool(_precomputed)?$/,
    /^node\/test_(instancenorm_(epsilon|example)|reduce_log_sum|not_[234]d|(softplus|softsign)(_example)?)$/,
  ],
  // Steps of training as operators.
  UNKNOWN_DOMAIN: [
    /^node\/test_(adagrad|adam|momentum)(_multiple)?$/,
    /^node\/test_nesterov_momentum$/,
    /^simple\/test_gradient_of_add(_and_mul)?$/,
  ],
  // Integers of widths that onnxruntime has no kernels for.
  UNSUPPORTED_OPERATOR: [/^node\/test_(bitshift_(left|right)_uint16|(max|min)_u?int16|pow_types_float32_uint(32|64))$/],
};

/** The code of the error by which a model is refused. */
export const refusalOf = (name: string): string | undefined =>
  Object.keys(REFUSED).find((code) => REFUSED[code].some((pattern) => pattern.test(name)));
