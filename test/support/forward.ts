import { describeTrial, type Trial } from './derivatives';
import type { NdArray } from './evaluator/array';
import { Evaluator } from './evaluator/evaluator';
import { runInOnnxruntime } from './onnxruntime';

const norm = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

/** Compares the reference with onnxruntime's float32, whose kernels share nothing with it, output by output. */
export async function checkForward(trial: Trial): Promise<void> {
  const { graph, feeds } = trial;
  const what = describeTrial(trial);
  const values = new Evaluator(graph).run(feeds);
  for (const [name, actual] of await runInOnnxruntime(graph, feeds, 'disabled')) {
    const expected = values.get(name) as NdArray;
    if (`${actual.shape}` !== `${expected.shape}`) {
      throw new Error(`${what}: ${name} is [${expected.shape}] in the reference, [${actual.shape}] in onnxruntime`);
    }
    const error = norm(actual.data.map((value, i) => (value === expected.data[i] ? 0 : value - expected.data[i])));
    if (!(error <= 2e-6 * Math.max(1, norm(expected.data)))) {
      throw new Error(`${what}: ${name} is ${expected.data} in the reference, ${actual.data} in onnxruntime`);
    }
  }
}
