import { type FileHandle, open } from 'node:fs/promises';

/** Fields of a ModelProto without which it is none: both exporters write the opsets after the graph. */
const GRAPH = 7;
const OPSETS = 8;

/** Wire types of protocol buffers, by how a reader passes over a value. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** More than a tag and a length take. */
const HEADER = 20;
/** A model has a handful of fields, and metadata one each; more is no model. */
const MOST_FIELDS = 10_000;

/**
 * Whether all of an ONNX file is there: it tells in advance how long its graph is, and what has to follow. Reads a few
 * bytes a field, whatever the weights take.
 *
 * @returns false as well for what is no ONNX file, or is not there
 */
export async function isWhole(file: string): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    return await reachesItsEnd(handle);
  } catch {
    return false;
  } finally {
    await handle?.close();
  }
}

async function reachesItsEnd(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  const seen = new Set<number>();
  const header = new Uint8Array(HEADER);
  let position = 0;
  for (let fields = 0; position < size && fields < MOST_FIELDS; fields++) {
    const { bytesRead } = await handle.read(header, 0, HEADER, position);
    const field = fieldAt(header.subarray(0, bytesRead));
    if (!field) return false;
    seen.add(field.number);
    position += field.length;
  }
  return position === size && seen.has(GRAPH) && seen.has(OPSETS);
}

/** The field that begins here, and the bytes up to the next one. Undefined where none does. */
function fieldAt(bytes: Uint8Array): { readonly number: number; readonly length: number } | undefined {
  const tag = varint(bytes, 0);
  if (!tag) return undefined;
  const number = Math.floor(tag.value / 8);
  const value = varint(bytes, tag.end);
  switch (tag.value % 8) {
    case VARINT:
      return value && { number, length: value.end };
    case BYTES:
      return value && { number, length: value.end + value.value };
    case FIXED64:
      return { number, length: tag.end + 8 };
    case FIXED32:
      return { number, length: tag.end + 4 };
    default:
      return undefined;
  }
}

function varint(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let at = start; at < bytes.length; at++) {
    value += (bytes[at] & 0x7f) * 2 ** (7 * (at - start));
    if (bytes[at] < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}
