import { PrismError } from '../errors';
import type { DataType, Tensor, TensorSource } from '../ir';
import { byteLength, elementCount } from '../tensor';
import { dtypeOf } from './dtypes';
import type { ExternalData } from './externalData';
import { type SparseTensorProto, type TensorProto, TensorProto_DataLocation, TensorProtoSchema } from './onnx.gen';
import { restOf } from './rest';

const MODELLED = new Set([
  'name',
  'dims',
  'dataType',
  'rawData',
  'floatData',
  'int32Data',
  'int64Data',
  'uint64Data',
  'doubleData',
  'stringData',
  'externalData',
  'dataLocation',
]);

const invalid = (message: string): PrismError => new PrismError('MODEL_INVALID', message);

/** The dimensions as numbers. Throws MODEL_INVALID for negative or impossibly large ones. */
function readDims(dims: readonly bigint[], where: string): number[] {
  const shape = dims.map(Number);
  if (shape.some((dim) => dim < 0) || !Number.isSafeInteger(elementCount(shape) * 16)) {
    throw invalid(`${where} has the impossible shape [${shape.join(', ')}]`);
  }
  return shape;
}

/** The typed fields of a TensorProto as raw little-endian bytes; undefined when the tensor has none of them. */
function fromFields(proto: TensorProto, dtype: DataType): Uint8Array | undefined {
  const bytes = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  switch (dtype) {
    case 'float32':
    case 'complex64':
      return proto.floatData.length > 0 ? bytes(Float32Array.from(proto.floatData)) : undefined;
    case 'float64':
    case 'complex128':
      return proto.doubleData.length > 0 ? bytes(Float64Array.from(proto.doubleData)) : undefined;
    case 'int64':
      return proto.int64Data.length > 0 ? bytes(BigInt64Array.from(proto.int64Data)) : undefined;
    case 'uint64':
      return proto.uint64Data.length > 0 ? bytes(BigUint64Array.from(proto.uint64Data)) : undefined;
    case 'uint32':
      return proto.uint64Data.length > 0 ? bytes(Uint32Array.from(proto.uint64Data, Number)) : undefined;
    case 'int32':
      return proto.int32Data.length > 0 ? bytes(Int32Array.from(proto.int32Data)) : undefined;
    case 'float16':
    case 'bfloat16':
    case 'int16':
    case 'uint16':
      return proto.int32Data.length > 0 ? bytes(Uint16Array.from(proto.int32Data)) : undefined;
    default:
      // Every other type has one byte an entry: 8-bit elements, or several smaller ones packed.
      return proto.int32Data.length > 0 ? Uint8Array.from(proto.int32Data) : undefined;
  }
}

function readSource(
  proto: TensorProto,
  dtype: DataType,
  shape: readonly number[],
  where: string,
  external: ExternalData,
): TensorSource {
  if (dtype === 'string') {
    if (proto.stringData.length !== elementCount(shape)) {
      throw invalid(`${where} has ${proto.stringData.length} strings for the shape [${shape.join(', ')}]`);
    }
    return { kind: 'strings', strings: proto.stringData.map((bytes) => Buffer.from(bytes).toString('utf8')) };
  }
  const expected = byteLength(dtype, shape);
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    return external.locate(new Map(proto.externalData.map(({ key, value }) => [key, value])), expected, where);
  }
  const bytes = proto.rawData.length > 0 ? proto.rawData : fromFields(proto, dtype);
  if ((bytes?.length ?? 0) !== expected) {
    throw invalid(
      `${where} has ${bytes?.length ?? 0} bytes of data where [${shape.join(', ')}] ${dtype} needs ${expected}`,
    );
  }
  return { kind: 'bytes', bytes: bytes ?? new Uint8Array(0) };
}

/**
 * A tensor of the model.
 *
 * @throws PrismError MODEL_INVALID when data and shape disagree, UNSUPPORTED_TYPE, and those of external data
 */
export function readTensor(proto: TensorProto, where: string, external: ExternalData): Tensor {
  const dtype = dtypeOf(proto.dataType, where);
  const shape = readDims(proto.dims, where);
  const source = readSource(proto, dtype, shape, where, external);
  const rest = restOf(TensorProtoSchema, proto, MODELLED);
  return rest ? { dtype, shape, source, rest } : { dtype, shape, source };
}

const MAX_DENSE_BYTES = 2 ** 31;

/** A sparse tensor written out, as every operator reads it. Indices are linear ([NNZ]) or coordinates ([NNZ, rank]). */
export function readSparse(proto: SparseTensorProto, where: string, external: ExternalData): Tensor {
  if (!proto.values) throw invalid(`${where} has no values`);
  const values = readTensor(proto.values, where, external);
  const shape = readDims(proto.dims, where);
  const size = byteLength(values.dtype, shape);
  const width = byteLength(values.dtype, [1]);
  if (values.source.kind !== 'bytes' || size > MAX_DENSE_BYTES) {
    throw new PrismError(
      'UNSUPPORTED_TYPE',
      `${where} is a sparse tensor too large or of a type that is not supported`,
    );
  }
  const bytes = new Uint8Array(size);
  const count = elementCount(values.shape);
  if (count > 0) {
    if (!proto.indices) throw invalid(`${where} has no indices`);
    const indices = readTensor(proto.indices, where, external);
    const linear = indices.shape.length === 1;
    if (indices.dtype !== 'int64' || indices.source.kind !== 'bytes') throw invalid(`${where} has unusable indices`);
    if (elementCount(indices.shape) !== count * (linear ? 1 : shape.length)) {
      throw invalid(`${where} has ${elementCount(indices.shape)} indices for ${count} values`);
    }
    const view = new DataView(indices.source.bytes.buffer, indices.source.bytes.byteOffset);
    for (let i = 0; i < count; i++) {
      let at = 0;
      if (linear) at = Number(view.getBigInt64(8 * i, true));
      else {
        for (let axis = 0; axis < shape.length; axis++) {
          at = at * shape[axis] + Number(view.getBigInt64(8 * (i * shape.length + axis), true));
        }
      }
      if (at < 0 || (at + 1) * width > size) throw invalid(`${where} has an index outside its shape`);
      bytes.set(values.source.bytes.subarray(i * width, (i + 1) * width), at * width);
    }
  }
  return { dtype: values.dtype, shape, source: { kind: 'bytes', bytes } };
}
