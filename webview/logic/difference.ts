import type { ScalarMap } from '../../src/protocol';

/** What lies where: b − a, each as shares of its own relevance, so that the size of the scores does not count. */
export function difference(a: ScalarMap, b: ScalarMap): ScalarMap | undefined {
  if (a.width !== b.width || a.height !== b.height) return undefined;
  const mass = (data: Float32Array): number => data.reduce((sum, value) => sum + Math.abs(value), 0) || 1;
  const [massA, massB] = [mass(a.data), mass(b.data)];
  return { width: a.width, height: a.height, data: b.data.map((value, at) => value / massB - a.data[at]! / massA) };
}
