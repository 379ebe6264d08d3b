/**
 * Arithmetic on whole arrays. Plain loops: methods with a function an element take ten times as long, which for a
 * picture is a fifth of a small model's gradient.
 */

/** total += weight · values */
export function accumulate(total: Float64Array, values: Float32Array, weight = 1): void {
  for (let i = 0; i < total.length; i++) total[i] += weight * values[i];
}

/** total += values² */
export function accumulateSquares(total: Float64Array, values: Float32Array): void {
  for (let i = 0; i < total.length; i++) total[i] += values[i] * values[i];
}

/** total += a · b, element by element. */
export function accumulateProducts(total: Float64Array, a: Float32Array, b: Float32Array): void {
  for (let i = 0; i < total.length; i++) total[i] += a[i] * b[i];
}

/** a + weight · b */
export function combined(a: Float32Array, b: Float32Array, weight = 1): Float32Array {
  const result = new Float32Array(a.length);
  for (let i = 0; i < result.length; i++) result[i] = a[i] + weight * b[i];
  return result;
}

/** a · b, element by element. */
export function product(a: Float32Array, b: Float64Array): Float32Array {
  const result = new Float32Array(a.length);
  for (let i = 0; i < result.length; i++) result[i] = a[i] * b[i];
  return result;
}

export function sumOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}
