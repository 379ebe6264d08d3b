import * as ort from 'onnxruntime-node';
import { exportModel } from '../../src/graph/export';
import type { Graph } from '../../src/graph/ir';
import { type Elements, isElementType, STORAGE } from '../../src/inputs/elements';
import type { NpyArray } from '../../src/inputs/npy';

/** An array with its shape, or its elements alone where the graph declares a static shape. */
export type Feed = NpyArray | Elements;

export const sessionOptions: ort.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  logSeverityLevel: 3,
  // Spinning threads of several sessions slow each other down; without the precision flag, 8-bit products saturate on
  // processors without VNNI instructions.
  extra: { session: { 'intra_op.allow_spinning': '0', x64quantprecision: '1' } },
};

function toOrt(graph: Graph, name: string, feed: Feed): ort.Tensor {
  const declared = graph.inputs.find((input) => input.name === name);
  if (!declared) throw new Error(`the graph has no input ${name}`);
  const array =
    'data' in feed ? feed : { dtype: declared.dtype, shape: declared.shape as readonly number[], data: feed };
  return new ort.Tensor(array.dtype as ort.Tensor.Type, array.data as Float32Array, array.shape);
}

function fromOrt(tensor: ort.Tensor): NpyArray {
  if (!isElementType(tensor.type)) throw new Error(`an output of type ${tensor.type}`);
  // Of every representation onnxruntime may choose (float16 arrays are newer than this Node), the bytes are the same.
  const data = tensor.data as Elements;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return { dtype: tensor.type, shape: tensor.dims, data: STORAGE[tensor.type].make(bytes.buffer) };
}

/** A graph loaded into onnxruntime, to be run more than once. */
export interface OpenGraph {
  run(feeds: Readonly<Record<string, Feed>>, outputs?: readonly string[]): Promise<Record<string, NpyArray>>;
  release(): Promise<void>;
}

/** Loads a graph; inputs that it does not have are left out of what is fed. */
export async function openGraph(
  graph: Graph,
  options: ort.InferenceSession.SessionOptions = sessionOptions,
): Promise<OpenGraph> {
  const session = await ort.InferenceSession.create(exportModel(graph), options);
  return {
    async run(feeds, outputs = graph.outputs.map(({ name }) => name)) {
      const tensors = Object.fromEntries(
        session.inputNames.map((name) => {
          if (!feeds[name]) throw new Error(`nothing was fed into ${name}`);
          return [name, toOrt(graph, name, feeds[name])];
        }),
      );
      const results = await session.run(tensors, outputs);
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
    },
    release: () => session.release(),
  };
}

/**
 * Runs a graph in onnxruntime on the CPU.
 *
 * @param feeds inputs by name; every input of the graph must be there
 * @param outputs the outputs wanted: all that are tensors when left out
 */
export async function run(
  graph: Graph,
  feeds: Readonly<Record<string, Feed>>,
  outputs?: readonly string[],
  options: ort.InferenceSession.SessionOptions = sessionOptions,
): Promise<Record<string, NpyArray>> {
  const open = await openGraph(graph, options);
  try {
    return await open.run(feeds, outputs);
  } finally {
    await open.release();
  }
}

/** Runs a model as it is, by its path or bytes, so that onnxruntime itself is the reference. */
export async function runModel(
  model: string | Uint8Array,
  feeds: Readonly<Record<string, NpyArray>>,
  outputs?: readonly string[],
): Promise<Record<string, NpyArray>> {
  const session =
    typeof model === 'string'
      ? await ort.InferenceSession.create(model, sessionOptions)
      : await ort.InferenceSession.create(model, sessionOptions);
  try {
    const tensors = Object.fromEntries(
      Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
        name,
        new ort.Tensor(dtype as ort.Tensor.Type, data as Float32Array, shape),
      ]),
    );
    const results = await session.run(tensors, outputs ?? session.outputNames);
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
  } finally {
    await session.release();
  }
}
