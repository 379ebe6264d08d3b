import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { PrismError } from '../errors';
import { type ModelProto, ModelProtoSchema } from './onnx.gen';

const WIRE_TYPES: ReadonlyMap<number, WireType> = new Map(
  ModelProtoSchema.fields.map((field) => [
    field.number,
    field.fieldKind === 'scalar' && field.scalar === 3 ? WireType.Varint : WireType.LengthDelimited,
  ]),
);

/** How files begin that people take for ONNX models: offset, bytes as text, what to say. */
const FOREIGN: readonly (readonly [number, string, string])[] = [
  [0, 'version https://git-lfs', 'it is a Git LFS pointer; fetch the real file with `git lfs pull`'],
  [0, 'PK\u0003\u0004', 'it is a zip archive, such as a PyTorch checkpoint; export the model to ONNX first'],
  [0, '\u0080\u0002', 'it is a Python pickle, such as a PyTorch checkpoint; export the model to ONNX first'],
  [0, '\u0089HDF', 'it is an HDF5 file, such as a Keras model; convert it to ONNX first'],
  [4, 'TFL3', 'it is a TensorFlow Lite model; convert it to ONNX first'],
  [4, 'ORTM', 'it is in the ORT format; use the ONNX file that it was made from'],
  [0, '{', 'it is JSON text'],
  [0, '<', 'it is an XML or HTML page'],
];

const latin1 = (bytes: Uint8Array, length: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(length, bytes.length)).toString('latin1');

/** True when the bytes are whole fields of a ModelProto up to one that runs past the end. */
function endsInsideField(bytes: Uint8Array): boolean {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    try {
      const [field, wireType] = reader.tag();
      if (WIRE_TYPES.get(field) !== wireType) return false;
      reader.skip(wireType, field);
    } catch (error) {
      return error instanceof RangeError;
    }
  }
  return false;
}

/**
 * Decodes a model file.
 *
 * @param where what the file is called in messages
 * @throws PrismError MODEL_NOT_ONNX, MODEL_TRUNCATED
 */
export function decodeModel(bytes: Uint8Array, where: string): ModelProto {
  if (bytes.length === 0) throw new PrismError('MODEL_TRUNCATED', `${where} is empty; export or download it again`);
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    if (endsInsideField(bytes)) {
      throw new PrismError(
        'MODEL_TRUNCATED',
        `${where} ends in the middle of the model (at ${bytes.length} bytes); export or download it again`,
        {},
        { cause },
      );
    }
    throw notOnnx(bytes, where, cause);
  }
  if (!model.graph || (model.graph.node.length === 0 && model.graph.output.length === 0)) throw notOnnx(bytes, where);
  return model;
}

function notOnnx(bytes: Uint8Array, where: string, cause?: unknown): PrismError {
  const start = latin1(bytes, 64);
  const reason = FOREIGN.find(([offset, magic]) => start.startsWith(magic, offset))?.[2] ?? 'it holds no ONNX graph';
  return new PrismError('MODEL_NOT_ONNX', `${where} is not an ONNX model: ${reason}`, {}, { cause });
}
