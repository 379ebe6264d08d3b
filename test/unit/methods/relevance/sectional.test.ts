import { describe, expect, it } from 'vitest';
import { relevanceGraph } from '../../../../src/methods/relevance/compile';
import { SECTIONAL } from '../../../../src/methods/relevance/composites';
import { relativeError } from '../../../support/cases';
import { noise } from '../../../support/graphs';
import { count, fed, graphWith, LAYERS, matrixOf, valuesOf } from '../../../support/layers';

/**
 * Relative sectional propagation in matrix form. Which weight connects input i with output j is read off the layer with
 * numbered weights; the evidence of a weight is Σ x_i R_j over all pairs that it connects, and takes its place.
 */

const total = (parts: readonly number[]): number => parts.reduce((sum, part) => sum + part, 0);

/** What relevance of one sign gives to every input: R_j in proportion to x_i times the evidence of their weight. */
function given(numbers: readonly (readonly number[])[], x: readonly number[], relevance: readonly number[]): number[] {
  const evidence = new Map<number, number>();
  for (const [j, row] of numbers.entries())
    for (const [i, number] of row.entries())
      if (number !== 0) evidence.set(number, (evidence.get(number) ?? 0) + x[i] * relevance[j]);
  const result = x.map(() => 0);
  for (const [j, row] of numbers.entries()) {
    const parts = row.map((number, i) => x[i] * (evidence.get(number) ?? 0));
    const sum = total(parts);
    if (sum !== 0) for (const [i, part] of parts.entries()) result[i] += (part * relevance[j]) / sum;
  }
  return result;
}

/** Numbers that products with a factor and rounding keep apart. */
const numbered = (size: number, seed: number): Float32Array =>
  Float32Array.from({ length: size }, (_, index) => (seed === 7 ? index + 1 : 0));

describe.each(LAYERS)('$name', (trial) => {
  it.each([
    ['signed', false],
    ['rectified', true],
  ] as const)('%s input', async (_, rectified) => {
    const shape = trial.input;
    const image = noise(count(shape), 3);
    const x = Array.from(image, (value) => Math.max(value, 0));
    const numbers = matrixOf(await graphWith(trial, false, [], 'z', numbered), shape).weights;
    const graph = await graphWith(trial, rectified, [], 'z');
    const compiled = relevanceGraph(graph, {
      input: 'other',
      output: 'z',
      of: 'x',
      composite: SECTIONAL,
      stabiliser: 0,
      products: 'gates',
      sums: 'positive',
    });
    const seed = compiled.graph.inputs.find(({ name }) => name === compiled.seed)?.shape as number[];
    const weights = noise(count(seed), 11);
    const values = valuesOf(compiled.graph, { image: fed(shape, image), [compiled.seed]: fed(seed, weights) });
    const relevance = valuesOf(graph, { image: fed(shape, image) })('z').map((z, j) => z * weights[j]);

    const signs = [relevance.map((part) => Math.max(part, 0)), relevance.map((part) => Math.min(part, 0))];
    const [forIt, against] = signs.map((parts) => given(numbers, x, parts));
    const both = forIt.map((part, i) => part + against[i]);
    const isWindow = trial.name.includes('Conv');
    const active = both.filter((part) => part !== 0).length;
    const each = (2 * total(both) - total(relevance)) / active;
    const expected = isWindow ? both.map((part) => (part === 0 ? 0 : 2 * part - each)) : both;
    expect(relativeError(values(compiled.relevance), expected)).toBeLessThan(1e-5);
    const lost = isWindow ? 0 : total(relevance) - total(expected);
    expect(Math.abs(values(compiled.lost)[0] - lost)).toBeLessThan(1e-5);
  });
});
