/** Points and weights of a quadrature over [0, 1]. */
export interface Quadrature {
  readonly points: readonly number[];
  /** They sum to 1. */
  readonly weights: readonly number[];
}

/** Value and derivative of the Legendre polynomial of degree n at x, by its recurrence. */
function legendre(n: number, x: number): readonly [number, number] {
  let previous = 1;
  let value = x;
  for (let k = 2; k <= n; k++) [previous, value] = [value, ((2 * k - 1) * x * value - (k - 1) * previous) / k];
  return [value, (n * (x * value - previous)) / (x * x - 1)];
}

/**
 * Gauss–Legendre quadrature of n points: exact for polynomials up to degree 2n − 1. The points are the roots of the
 * Legendre polynomial, found by Newton's method (Press et al., Numerical Recipes, 4.6).
 */
export function gaussLegendre(n: number): Quadrature {
  const points: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < n; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let step: number;
    let iterations = 0;
    do {
      const [value, slope] = legendre(n, x);
      step = value / slope;
      x -= step;
    } while (Math.abs(step) > 1e-15 && ++iterations < 100);
    const [, slope] = legendre(n, x);
    points.push((x + 1) / 2);
    weights.push(1 / ((1 - x * x) * slope * slope));
  }
  return { points, weights };
}
