import { createHash } from 'node:crypto';
import { floatArray } from '../../graph/ndarray';
import type { Method } from '../../methods/method';
import { seeded } from '../../methods/sampling/random';
import { evaluate, varied } from '../../methods/sampling/varied';

/** A seed that other numbers change. */
function seedFrom(numbers: readonly Float32Array[], seed: number): number {
  const hash = createHash('sha256').update(String(seed));
  for (const { buffer, byteOffset, byteLength } of numbers) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest().readInt32LE(0);
}

/**
 * Normal noise instead of an explanation: the floor that methods are held against. The same input and weights draw the
 * same noise, any others draw anew.
 */
export const random: Method = {
  info: {
    id: 'random',
    title: 'Random map',
    summary: 'noise, to see what a map that knows nothing gets',
    family: 'perturbation',
    signed: true,
    needs: 'forward',
    layers: false,
    options: [{ key: 'seed', title: 'Seed', help: 'What the draws depend on.', type: 'integer', default: 0 }],
  },

  async explain(given, options, host) {
    const { subject, runtime, x } = await varied(given, host);
    const { score, output } = await evaluate(subject, runtime);
    const seed = options.seed as number;
    const noise = seeded(seedFrom([x.data, output.data], seed));
    return { of: subject.input, map: floatArray(x.data.map(noise.normal), x.shape), score, output, seed };
  },
};
