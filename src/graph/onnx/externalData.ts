import { realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { PrismError } from '../errors';
import type { TensorSource } from '../ir';

const isInside = (folder: string, path: string): boolean =>
  path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

function realpath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Finds the files that a model keeps tensors in. They must lie in the model's own folder: a model is data from
 * somewhere else, and must not make us read other files of this machine.
 */
export class ExternalData {
  readonly #folder: string | undefined;
  readonly #allowed: readonly string[];
  readonly #files = new Map<string, { path: string; size: number }>();

  /**
   * @param folder where the model lies; without one a model with external data is refused
   * @param model the model file: where it is a link (as in download caches), the folder of its target is allowed too
   */
  constructor(folder?: string, model?: string) {
    this.#folder = folder === undefined ? undefined : resolve(folder);
    const target = model === undefined ? undefined : realpath(model);
    this.#allowed = [this.#folder && realpath(this.#folder), target && dirname(target)].filter(
      (path) => path !== undefined,
    );
  }

  /**
   * @param entries `external_data` of the tensor: location, offset, length
   * @param expected bytes that type and shape of the tensor need
   * @throws PrismError EXTERNAL_DATA_MISSING, EXTERNAL_DATA_ESCAPES, EXTERNAL_DATA_TRUNCATED, MODEL_INVALID
   */
  locate(entries: ReadonlyMap<string, string>, expected: number, where: string): TensorSource {
    const location = entries.get('location') ?? '';
    const offset = Number(entries.get('offset') ?? 0);
    const length = Number(entries.get('length') ?? expected);
    if (![offset, length].every((value) => Number.isSafeInteger(value) && value >= 0) || length !== expected) {
      throw new PrismError(
        'MODEL_INVALID',
        `${where} has external data at offset ${entries.get('offset')} of length ${entries.get('length')} where its shape needs ${expected} bytes`,
      );
    }
    if (expected === 0) return { kind: 'bytes', bytes: new Uint8Array(0) };
    const { path, size } = this.#open(location, where);
    if (offset + length > size) {
      throw new PrismError(
        'EXTERNAL_DATA_TRUNCATED',
        `${where} needs bytes ${offset} to ${offset + length} of ${location}, which has ${size}; export or download it again`,
        { location },
      );
    }
    return { kind: 'file', path, offset, length };
  }

  #open(location: string, where: string): { path: string; size: number } {
    const known = this.#files.get(location);
    if (known) return known;
    const escapes = new PrismError(
      'EXTERNAL_DATA_ESCAPES',
      `${where} refers to ${JSON.stringify(location)}, which is outside the model's folder; put the file beside the model and save it with a relative path`,
      { location },
    );
    const parts = location.split(/[\\/]/);
    if (location.includes('\0') || isAbsolute(location) || /^[A-Za-z]:/.test(location) || parts.includes('..'))
      throw escapes;
    if (parts[0] === '' && location !== '') throw escapes;
    const missing = (cause?: unknown): PrismError =>
      new PrismError(
        'EXTERNAL_DATA_MISSING',
        `${where} keeps its data in ${JSON.stringify(location)}, which is not ${this.#folder === undefined ? 'given with the model' : `in ${this.#folder}`}; put that file beside the model`,
        { location },
        { cause },
      );
    if (this.#folder === undefined || location === '') throw missing();
    let path: string;
    let stats: Stats;
    try {
      path = realpathSync(join(this.#folder, ...parts));
      stats = statSync(path);
    } catch (cause) {
      throw missing(cause);
    }
    if (!this.#allowed.some((folder) => isInside(folder, path))) throw escapes;
    if (!stats.isFile()) throw missing();
    const file = { path, size: stats.size };
    this.#files.set(location, file);
    return file;
  }
}
