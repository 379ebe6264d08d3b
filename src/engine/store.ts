import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { writeAll } from '../graph/dataFile';
import { PrismError } from '../graph/errors';
import { exportModel } from '../graph/export';
import type { Graph, Tensor } from '../graph/ir';
import { tensorBytes } from '../graph/tensor';

/** Smaller tensors are written into the graph itself. */
const EXTERNAL_BYTES = 32 * 1024;
/** Shapes, sizes of parts and indices too, up to many: onnxruntime infers shapes from them while it reads the graph. */
const EXTERNAL_SHAPE_BYTES = 8 * 2 ** 20;
/** After a failed write the folder is left alone for so long. */
const RETRY_MS = 60_000;
/** Drafts of a process that died. */
const STALE_DRAFT_MS = 60 * 60 * 1000;
/** What eviction leaves, as a share of the bound, so that it does not run at every write. */
const LOW_WATER = 0.8;

/** Beside each graph: what it needs to be whole. Written last. */
interface Manifest {
  readonly sha256: string;
  readonly weights: Readonly<Record<string, number>>;
  /** Estimate of the memory that a session of it takes, in bytes. */
  readonly memory: number;
}

/** A graph in the folder, whole when it was looked up. */
export interface StoredGraph {
  readonly path: string;
  readonly memory: number;
}

const hex = (hash: Hash): string => hash.digest('hex').slice(0, 40);

/** A name for a file of the store: the same parts give the same name. */
export function nameOf(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hex(hash);
}

/**
 * Compiled graphs on disk, with their weights stored once however many graphs refer to them. Several processes may use
 * one folder: files appear whole, weights are named by their content, and whatever is damaged or was evicted by another
 * process counts as absent. A folder that cannot be written costs speed and nothing else.
 */
export class GraphStore {
  readonly #folder: string;
  readonly #maxBytes: number;
  /** Weights that this process has seen whole: name → bytes. */
  readonly #whole = new Map<string, number>();
  readonly #names = new WeakMap<Tensor, string>();
  #failure?: PrismError;
  #failedAt = Number.NEGATIVE_INFINITY;

  /** @param maxBytes what the folder may hold; the least recently used files go first */
  constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** Why the folder could not be written, if it could not lately. */
  get failure(): PrismError | undefined {
    return this.#failure;
  }

  /** The graph of this name, if it is there with all its weights and undamaged. */
  read(name: string): StoredGraph | undefined {
    const path = join(this.#folder, `${name}.onnx`);
    try {
      const manifest = JSON.parse(readFileSync(join(this.#folder, `${name}.json`), 'utf8')) as Manifest;
      if (hex(createHash('sha256').update(readFileSync(path))) !== manifest.sha256) throw new Error('damaged');
      for (const [file, bytes] of Object.entries(manifest.weights)) {
        if (!this.#isWhole(file, bytes)) throw new Error(`${file} is missing or damaged`);
      }
      this.#touch(`${name}.onnx`, `${name}.json`, ...Object.keys(manifest.weights));
      return { path, memory: manifest.memory };
    } catch {
      this.remove(name);
      return undefined;
    }
  }

  /** Writes a graph, its large weights into files of their own. Undefined when the folder cannot be written. */
  write(name: string, graph: Graph, memory: number): StoredGraph | undefined {
    if (performance.now() - this.#failedAt < RETRY_MS) return undefined;
    try {
      mkdirSync(this.#folder, { recursive: true });
      const weights: Record<string, number> = {};
      const initializers = new Map<string, Tensor>();
      for (const [value, tensor] of graph.initializers) {
        const placed = this.#place(tensor, weights);
        initializers.set(value, placed);
      }
      const model = exportModel({ ...graph, initializers }, { folder: this.#folder });
      const manifest: Manifest = { sha256: hex(createHash('sha256').update(model)), weights, memory };
      const path = join(this.#folder, `${name}.onnx`);
      this.#replace(`${name}.onnx`, model);
      this.#replace(`${name}.json`, Buffer.from(JSON.stringify(manifest)));
      this.#failure = undefined;
      this.#evict(new Set([`${name}.onnx`, `${name}.json`, ...Object.keys(weights)]));
      return { path, memory };
    } catch (cause) {
      if (!isFolderFailure(cause)) throw cause;
      this.#failedAt = performance.now();
      this.#failure = cacheUnavailable(this.#folder, cause);
      return undefined;
    }
  }

  /** Forgets a graph, as after its file proved unusable. */
  remove(name: string): void {
    for (const file of [`${name}.json`, `${name}.onnx`]) this.#remove(file);
  }

  /** Bytes in the folder. */
  size(): number {
    return this.#files().reduce((sum, { size }) => sum + size, 0);
  }

  /** The tensor, in a file of the folder when it is large. */
  #place(tensor: Tensor, weights: Record<string, number>): Tensor {
    const { source } = tensor;
    if (source.kind === 'strings') return tensor;
    const length = source.kind === 'file' ? source.length : source.bytes.length;
    const isShape = tensor.dtype === 'int64' && tensor.shape.length < 2;
    if (length < (isShape ? EXTERNAL_SHAPE_BYTES : EXTERNAL_BYTES)) return tensor;
    let name = this.#names.get(tensor);
    if (name === undefined || !this.#isWhole(name, length)) {
      const bytes = tensorBytes(tensor);
      const found = `${hex(createHash('sha256').update(bytes))}.weights`;
      if (name !== undefined && name !== found) throw modelChanged(source.kind === 'file' ? source.path : undefined);
      name = found;
      this.#names.set(tensor, name);
      if (!this.#isWhole(name, length)) {
        this.#replace(name, bytes);
        this.#whole.set(name, length);
      }
    }
    weights[name] = length;
    return { ...tensor, source: { kind: 'file', path: join(this.#folder, name), offset: 0, length } };
  }

  /** Whether a weights file holds what its name says. The contents are read once a process, the size every time. */
  #isWhole(name: string, bytes: number): boolean {
    const path = join(this.#folder, name);
    try {
      if (statSync(path).size !== bytes) return false;
      if (this.#whole.get(name) === bytes) return true;
      if (`${hashOfFile(path)}.weights` !== name) return false;
      this.#whole.set(name, bytes);
      return true;
    } catch {
      return false;
    }
  }

  /** Whole or not at all for other processes. After a power cut it may be damaged: readers look. */
  #replace(name: string, bytes: Uint8Array): void {
    const path = join(this.#folder, name);
    const draft = `${path}.${process.pid}.tmp`;
    try {
      const file = openSync(draft, 'w');
      try {
        writeAll(file, bytes, 0);
      } finally {
        closeSync(file);
      }
      renameSync(draft, path);
    } catch (cause) {
      rmSync(draft, { force: true });
      throw cause;
    }
  }

  #touch(...names: readonly string[]): void {
    const now = new Date();
    for (const name of names) {
      try {
        utimesSync(join(this.#folder, name), now, now);
      } catch {
        // A folder that is read-only, or another process that evicted it: neither matters here.
      }
    }
  }

  #remove(name: string): void {
    try {
      rmSync(join(this.#folder, name), { force: true });
    } catch {
      // In use on a system that keeps files in use, or read-only.
    }
  }

  #files(): { name: string; size: number; used: number }[] {
    try {
      return readdirSync(this.#folder).flatMap((name) => {
        try {
          const { size, mtimeMs } = statSync(join(this.#folder, name));
          return [{ name, size, used: mtimeMs }];
        } catch {
          return [];
        }
      });
    } catch {
      return [];
    }
  }

  #evict(keep: ReadonlySet<string>): void {
    const files = this.#files();
    let size = files.reduce((sum, file) => sum + file.size, 0);
    const isStale = (name: string, used: number): boolean =>
      name.endsWith('.tmp') && Date.now() - used > STALE_DRAFT_MS;
    const drop = ({ name, size: bytes }: { name: string; size: number }): void => {
      this.#remove(name);
      size -= bytes;
    };
    for (const file of files) if (isStale(file.name, file.used)) drop(file);
    if (size <= this.#maxBytes) return;
    const oldestFirst = files.filter(({ name }) => /\.(onnx|json|weights)$/.test(name) && !keep.has(name));
    oldestFirst.sort((a, b) => a.used - b.used);
    for (const file of oldestFirst) {
      if (size <= this.#maxBytes * LOW_WATER) return;
      drop(file);
    }
  }
}

function hashOfFile(path: string): string {
  const hash = createHash('sha256');
  const chunk = new Uint8Array(1 << 20);
  const file = openSync(path, 'r');
  try {
    for (let count = readSync(file, chunk); count > 0; count = readSync(file, chunk)) {
      hash.update(chunk.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
  return hex(hash);
}

/** True for what a folder does to a writer, as opposed to a mistake in the graph. */
function isFolderFailure(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function cacheUnavailable(folder: string, cause: unknown): PrismError {
  const reason =
    cause instanceof PrismError ? (cause.cause as NodeJS.ErrnoException) : (cause as NodeJS.ErrnoException);
  const why = reason?.code === 'ENOSPC' ? 'the disk is full' : (reason?.code ?? String(cause));
  return new PrismError(
    'CACHE_UNAVAILABLE',
    `the cache folder ${folder} cannot be written (${why}); explanations work, but every start prepares models anew`,
    { folder },
    { cause },
  );
}

/** Weights that were read from a file are not what they were. */
export function modelChanged(path: string | undefined): PrismError {
  return new PrismError(
    'MODEL_CHANGED',
    `${path ?? 'the model'} has changed since it was read; ask again, when it is complete`,
  );
}
