import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { PrismError } from './errors';
import type { Tensor } from './ir';
import { byteLength, tensorChunks } from './tensor';

/** Page size: onnxruntime maps external data at such offsets instead of copying it. */
const ALIGNMENT = 4096;

/** Writes all bytes at a position, in as many pieces as the system wants. */
export function writeAll(file: number, bytes: Uint8Array, position: number): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(file, bytes, written, Math.min(bytes.length - written, 1 << 30), position + written);
  }
}

let counter = 0;

/**
 * Makes or replaces a file so that it is there whole or not at all.
 *
 * @param fill writes the contents to the descriptor it is given
 * @throws PrismError FILE_UNWRITABLE
 */
export function replaceFile(path: string, fill: (file: number) => void): void {
  const draft = `${path}.${process.pid}-${counter++}.tmp`;
  try {
    const file = openSync(draft, 'wx');
    try {
      fill(file);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (cause) {
    rmSync(draft, { force: true });
    if (cause instanceof PrismError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new PrismError(
      'FILE_UNWRITABLE',
      `${path} cannot be written (${code}); check its folder and the space on the disk`,
      { path },
      { cause },
    );
  }
}

/** Tensors laid out one after the other in a file, each at an aligned offset; the same tensor only once. */
export class DataLayout {
  readonly #offsets = new Map<Tensor['source'], number>();
  readonly #tensors: Tensor[] = [];
  #size = 0;

  /** Bytes laid out so far. */
  get size(): number {
    return this.#size;
  }

  /** The tensor's place; it is given one at the first call. */
  offsetOf(tensor: Tensor): number {
    const known = this.#offsets.get(tensor.source);
    if (known !== undefined) return known;
    const offset = Math.ceil(this.#size / ALIGNMENT) * ALIGNMENT;
    this.#offsets.set(tensor.source, offset);
    this.#tensors.push(tensor);
    this.#size = offset + byteLength(tensor.dtype, tensor.shape);
    return offset;
  }

  /** Writes the tensors without holding more than a piece of one in memory. */
  write(file: number): void {
    for (const tensor of this.#tensors) {
      let position = this.offsetOf(tensor);
      for (const chunk of tensorChunks(tensor)) {
        writeAll(file, chunk, position);
        position += chunk.length;
      }
    }
  }
}
