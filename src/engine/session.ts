import { env, InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { PrismError } from '../graph/errors';
import type { DataType } from '../graph/ir';
import type { NdArray, TypedArray } from '../graph/ndarray';
import { elementCount } from '../graph/tensor';

/** An execution provider of onnxruntime. */
export type Provider = 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml';

/** Where a session's model comes from: a file, so that its weights may lie beside it, or memory. */
export type ModelSource = string | Uint8Array;

// Failures arrive as exceptions and are told once, by us; onnxruntime would print them as well.
env.logLevel = 'fatal';

/** A model that onnxruntime has loaded. Its memory lies outside of JavaScript's: release it. */
export interface Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * Runs the model; blocks the thread meanwhile.
   *
   * @param outputs the values wanted; all when absent
   * @throws PrismError RUN_FAILED with the node that failed, OUT_OF_MEMORY
   */
  run(feeds: ReadonlyMap<string, NdArray>, outputs?: readonly string[]): Promise<Map<string, NdArray>>;
  release(): Promise<void>;
}

/**
 * Loads a model with all of onnxruntime's optimisations.
 *
 * @throws PrismError UNSUPPORTED_OPERATOR when onnxruntime does not know an operator, SESSION_FAILED
 */
export async function createSession(source: ModelSource, provider: Provider): Promise<Session> {
  const options: InferenceSession.SessionOptions = {
    executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
    graphOptimizationLevel: 'all',
    // Spinning threads of several sessions slow each other down to half.
    extra: { session: { 'intra_op.allow_spinning': '0' } },
  };
  let session: InferenceSession;
  try {
    session =
      typeof source === 'string'
        ? await InferenceSession.create(source, options)
        : await InferenceSession.create(source, options);
  } catch (cause) {
    throw creationError(cause, provider);
  }
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    async run(feeds, outputs) {
      const tensors = Object.fromEntries(session.inputNames.map((name) => [name, toOrt(feeds.get(name), name)]));
      let results: InferenceSession.ReturnType;
      try {
        results = await session.run(tensors, outputs ?? session.outputNames);
      } catch (cause) {
        throw runError(cause, provider);
      }
      return new Map((outputs ?? session.outputNames).map((name) => [name, fromOrt(results[name], name)]));
    },
    release: () => session.release(),
  };
}

function toOrt(array: NdArray | undefined, name: string): OrtTensor {
  if (!array) throw new PrismError('INPUT_MISSING', `the model needs a value for its input ${name}`, { input: name });
  const { dtype, shape, data } = array;
  // The constructor is typed per element type; the pairs of dtype and data that NdArray allows are the ones it takes.
  return new OrtTensor(dtype as 'float32', data as Float32Array, shape);
}

function fromOrt(value: InferenceSession.ReturnType[string], name: string): NdArray {
  const { type, dims, data } = value as OrtTensor;
  if (type === 'string' || Array.isArray(data)) {
    throw new PrismError('UNSUPPORTED_TYPE', `the output ${name} holds strings, which cannot be explained`);
  }
  const elements = data as TypedArray;
  // float16 is kept as its bits; newer platforms hand it over in an array type of its own.
  const bits = type === 'float16' && !(elements instanceof Uint16Array);
  return {
    dtype: type as DataType,
    shape: dims,
    data: bits ? new Uint16Array(elements.buffer, elements.byteOffset, elementCount(dims)) : elements,
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).trim();

const OUT_OF_MEMORY = /bad.?alloc|failed to allocate|out of memory|cannot allocate/i;

function outOfMemory(cause: unknown): PrismError {
  return new PrismError(
    'OUT_OF_MEMORY',
    'there is not enough memory for this model and input; close other programs or use a smaller input',
    {},
    { cause },
  );
}

/** `domain:Op(-1) is not a registered function/op`, or `No Op registered for Op with domain_version of N`. */
const UNREGISTERED = [
  /(?:Fatal error: )?([\w.]*):(\w+)\((-?\d+)\) is not a registered function\/op/,
  /In Node, \("?([^",]*)"?, (\w+), "([^"]*)", (-?\d+)\)[\s\S]*No Op registered for/,
] as const;

function creationError(cause: unknown, provider: Provider): PrismError {
  const message = messageOf(cause);
  if (OUT_OF_MEMORY.test(message)) return outOfMemory(cause);
  const plain = UNREGISTERED[0].exec(message);
  if (plain) return unregistered(plain[1], plain[2], undefined, cause);
  const placed = UNREGISTERED[1].exec(message);
  if (placed) return unregistered(placed[3], placed[2], placed[1], cause);
  return new PrismError(
    'SESSION_FAILED',
    `onnxruntime cannot load the model on ${provider}: ${message}`,
    { provider },
    { cause },
  );
}

function unregistered(domain: string, op: string, node: string | undefined, cause: unknown): PrismError {
  const name = domain === '' || domain === 'ai.onnx' ? op : `${domain}:${op}`;
  return new PrismError(
    'UNSUPPORTED_OPERATOR',
    `onnxruntime cannot run the operator ${name}${node ? ` (node ${node})` : ''}, so no method can explain this model; ` +
      'export the model with standard operators',
    { op: name, ...(node && { node }) },
    { cause },
  );
}

function runError(cause: unknown, provider: Provider): PrismError {
  const message = messageOf(cause);
  if (OUT_OF_MEMORY.test(message)) return outOfMemory(cause);
  const place = /while running (\w+) node\. Name:'([^']*)'/.exec(message);
  return new PrismError(
    'RUN_FAILED',
    `onnxruntime failed on ${provider}${place ? ` in the ${place[1]} node ${place[2]}` : ''}: ${message}`,
    { provider, ...(place && { op: place[1], node: place[2] }) },
    { cause },
  );
}
