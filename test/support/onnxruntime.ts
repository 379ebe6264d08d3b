import type { Graph } from '../../src/graph/ir';
import type { Elements } from '../../src/inputs/elements';
import { type NdArray, ndarray } from './evaluator/array';
import { run, sessionOptions } from './run';

function toElements({ dtype, data }: NdArray): Elements {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(data);
    case 'float64':
      return data;
    case 'int64':
      return BigInt64Array.from(data, (value) => BigInt(value));
    case 'int32':
      return Int32Array.from(data);
    case 'bool':
    case 'uint8':
      return Uint8Array.from(data);
    default:
      throw new Error(`feeding ${dtype} to onnxruntime is not provided for`);
  }
}

/** Runs a graph in onnxruntime, in the types it declares, and returns its outputs as the reference holds arrays. */
export async function runInOnnxruntime(
  graph: Graph,
  feeds: Readonly<Record<string, NdArray>>,
  level: 'all' | 'disabled' = 'all',
): Promise<Map<string, NdArray>> {
  const elements = Object.fromEntries(Object.entries(feeds).map(([name, x]) => [name, toElements(x)]));
  const options = { ...sessionOptions, graphOptimizationLevel: level, intraOpNumThreads: 1 };
  const outputs = await run(graph, elements, undefined, options);
  return new Map(
    Object.entries(outputs).map(([name, { dtype, shape, data }]) => [
      name,
      ndarray(dtype, shape, Float64Array.from(data as ArrayLike<number | bigint>, Number)),
    ]),
  );
}
