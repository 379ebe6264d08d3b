import { floatArray } from '../../graph/ndarray';
import { differentiate } from '../gradient';
import type { Attribution, Options, Runtime, Subject } from '../method';
import { noiseOf } from './noise';
import { seeded } from './random';
import { evaluate, feedsWith, varied } from './varied';

/** What is told of one element: from the mean of its gradients and the mean of their squares. */
export type Statistic = (mean: number, meanSquare: number) => number;

/** The gradients of noisy copies, one after another, told as a statistic of each element. */
export async function noisyGradients(
  given: Subject,
  options: Options,
  host: Runtime,
  statistic: Statistic,
): Promise<Attribution> {
  const { subject, runtime, x } = await varied(given, host);
  const noise = noiseOf(x, options, seeded(options.seed as number), runtime);
  const { score, output } = await evaluate(subject, runtime);
  const gradientAt = await differentiate(subject, [subject.input], runtime);
  const sums = new Float64Array(x.data.length);
  const squares = new Float64Array(x.data.length);
  const map = (count: number): Float32Array =>
    Float32Array.from(sums, (sum, i) => statistic(sum / count, squares[i] / count));
  for (let sample = 1; sample <= noise.count; sample++) {
    const added = noise.next();
    const { gradients } = await gradientAt(
      feedsWith(
        subject,
        x,
        x.data.map((value, i) => value + added[i]),
      ),
    );
    gradients.get(subject.input)?.data.forEach((slope, i) => {
      sums[i] += slope;
      squares[i] += slope * slope;
    });
    runtime.progress(sample / noise.count, floatArray(map(sample), x.shape));
  }
  return {
    of: subject.input,
    map: floatArray(map(noise.count), x.shape),
    score,
    output,
    ...(options.noise === '' && { seed: options.seed as number }),
  };
}
