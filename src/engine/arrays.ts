import { readFileSync } from 'node:fs';
import { PrismError } from '../graph/errors';
import { type NpyArray, readNpy } from '../inputs/npy';

/**
 * The array of an .npy file.
 *
 * @throws PrismError FILE_NOT_FOUND, and what {@link readNpy} throws
 */
export function readArrayFile(file: string): NpyArray {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new PrismError('FILE_NOT_FOUND', `${file} ${why}; check the path`, { file }, { cause });
  }
  return readNpy(bytes, file);
}
