/**
 * A number for people: `digits` significant digits, trailing zeros kept so that columns align; exponents as `3e-7`
 * outside 1e-3 … 1e6.
 */
export function number(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞';
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  return magnitude >= 1e-3 && magnitude < 1e6 ? fixed(value, digits) : exponent(value, digits);
}

function fixed(value: number, digits: number): string {
  const text = value.toPrecision(digits);
  // toPrecision turns to exponents when there are more digits before the point than asked for.
  return text.includes('e') ? value.toFixed(0) : text;
}

function exponent(value: number, digits: number): string {
  return value
    .toExponential(digits - 1)
    .replace(/\.?0+e/, 'e')
    .replace('e+', 'e');
}

/** With its sign always written: `+0.0031`. */
export const signed = (value: number, digits = 3): string =>
  value > 0 ? `+${number(value, digits)}` : number(value, digits);

/** A share as per cent: `34 %`, `3.4 %`, `0.3 %`. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value.toFixed(Math.abs(value) < 9.95 && value !== 0 ? 1 : 0)} %`;
}

/** A duration: `84 ms`, `1.24 s`. */
export function duration(ms: number): string {
  return ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 9995 ? 2 : 1)} s`;
}

/** A count in thousands and millions: `4.65 M`. */
export function count(value: number): string {
  if (value < 1000) return String(value);
  const [divisor, unit] = value < 999_500 ? [1e3, 'k'] : value < 999_500_000 ? [1e6, 'M'] : [1e9, 'G'];
  return `${Number((value / divisor).toPrecision(3))} ${unit}`;
}

/** Sizes as the field writes them: `24 × 112 × 112`. */
export const shape = (sizes: readonly number[]): string => (sizes.length === 0 ? 'scalar' : sizes.join(' × '));
