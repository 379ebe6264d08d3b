import type { ClassScore } from '../protocol';

/** A number as people read it: five digits, no trailing zeroes. */
export function number(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(5))) : value.toExponential(2);
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const LEVELS = '▁▂▃▄▅▆▇█';
const SPARK_WIDTH = 24;

/** A curve on one line, from 0 to its highest value. */
export function sparkline(curve: readonly number[], width = SPARK_WIDTH): string {
  const highest = curve.reduce((a, b) => Math.max(a, b), 0) || 1;
  return Array.from({ length: Math.min(width, curve.length) }, (_, i) => {
    const at = Math.round((i * (curve.length - 1)) / Math.max(1, Math.min(width, curve.length) - 1));
    return LEVELS[Math.min(LEVELS.length - 1, Math.floor((Math.max(0, curve[at]) / highest) * LEVELS.length))];
  }).join('');
}

export function duration(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`;
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let size = count;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

export const shape = (dims: readonly (number | string | null)[]): string =>
  dims.map((dim) => dim ?? '?').join('×') || 'scalar';

const BAR = 20;

/** A horizontal bar for a share of 1, in eighths of a character. */
function bar(share: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * BAR * 8);
  return '█'.repeat(eighths >> 3) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths & 7];
}

const HALF = 12;

/** A bar to the right of the middle for a share of 1, to the left for a negative one. */
export function signedBar(share: number): string {
  const length = Math.round(Math.min(1, Math.abs(share)) * HALF);
  const filled = '█'.repeat(length);
  return share < 0 ? `${filled.padStart(HALF)}│` : `${' '.repeat(HALF)}│${filled}`;
}

/** Rows with their columns aligned to the left, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
    });
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]))
      .join('  ')
      .trimEnd(),
  );
}

/** Classes with their probabilities as bars. */
export function classTable(classes: readonly ClassScore[]): string[] {
  return table(
    classes.map(({ label, index, score, probability }) => [
      `  ${label === String(index) ? `class ${index}` : `${label} (${index})`}`,
      percent(probability).padStart(7),
      number(score).padStart(8),
      bar(probability),
    ]),
  );
}

/** Text broken between words into lines of a width. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return line ? [...lines, line] : lines;
}
