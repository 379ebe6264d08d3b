import { PrismError } from '../errors';
import type { DataType } from '../ir';
import { TensorProto_DataType as Code } from './onnx.gen';

const CODES: Readonly<Record<DataType, Code>> = {
  float32: Code.FLOAT,
  float64: Code.DOUBLE,
  float16: Code.FLOAT16,
  bfloat16: Code.BFLOAT16,
  int8: Code.INT8,
  int16: Code.INT16,
  int32: Code.INT32,
  int64: Code.INT64,
  uint8: Code.UINT8,
  uint16: Code.UINT16,
  uint32: Code.UINT32,
  uint64: Code.UINT64,
  bool: Code.BOOL,
  string: Code.STRING,
  complex64: Code.COMPLEX64,
  complex128: Code.COMPLEX128,
  float8e4m3fn: Code.FLOAT8E4M3FN,
  float8e4m3fnuz: Code.FLOAT8E4M3FNUZ,
  float8e5m2: Code.FLOAT8E5M2,
  float8e5m2fnuz: Code.FLOAT8E5M2FNUZ,
  uint4: Code.UINT4,
  int4: Code.INT4,
  float4e2m1: Code.FLOAT4E2M1,
  float8e8m0: Code.FLOAT8E8M0,
  uint2: Code.UINT2,
  int2: Code.INT2,
  undefined: Code.UNDEFINED,
};

const TYPES: ReadonlyMap<number, DataType> = new Map(
  Object.entries(CODES).flatMap(([dtype, code]) => (code === Code.UNDEFINED ? [] : [[code, dtype as DataType]])),
);

/** The number ONNX has for a type: in tensors, value types and the `to` of a Cast. */
export const codeOf = (dtype: DataType): number => CODES[dtype];

/** The type of ONNX's number. Throws UNSUPPORTED_TYPE for one that does not exist. */
export function dtypeOf(code: number, where: string): DataType {
  const dtype = TYPES.get(code);
  if (!dtype) throw new PrismError('UNSUPPORTED_TYPE', `${where} has the unknown element type ${code}`);
  return dtype;
}
