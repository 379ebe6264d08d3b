import { floatArray } from '../../graph/ndarray';
import type { Attribution, Options, Runtime, Subject } from '../method';
import { gradientsAt } from './gradients';
import { noiseOf } from './noise';
import { seeded } from './random';
import { evaluate, varied } from './varied';
import { accumulate, accumulateSquares, combined } from './vectors';

/** What is told of one element: from the mean of its gradients and the mean of their squares. */
export type Statistic = (mean: number, meanSquare: number) => number;

/** The gradients of noisy copies, one after another, told as a statistic of each element. */
export async function noisyGradients(
  given: Subject,
  options: Options,
  host: Runtime,
  statistic: Statistic,
): Promise<Attribution> {
  const variable = await varied(given, host);
  const { subject, runtime, x } = variable;
  const noise = noiseOf(x, options, seeded(options.seed as number), runtime);
  const { score, output } = await evaluate(subject, runtime);
  const sums = new Float64Array(x.data.length);
  const squares = new Float64Array(x.data.length);
  const map = (count: number): Float32Array => x.data.map((_, i) => statistic(sums[i] / count, squares[i] / count));
  const noisy = (added: Float32Array): Float32Array => combined(x.data, added);
  let done = 0;
  for await (const piece of gradientsAt(variable, noise.arrays(), noise.count, noisy)) {
    for (const { gradient } of piece) {
      accumulate(sums, gradient);
      accumulateSquares(squares, gradient);
    }
    done += piece.length;
    runtime.progress(done / noise.count, () => floatArray(map(done), x.shape));
  }
  return {
    of: subject.input,
    map: floatArray(map(noise.count), x.shape),
    score,
    output,
    ...(options.noise === '' && { seed: options.seed as number }),
  };
}
