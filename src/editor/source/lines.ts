import type { SourcedValue } from '../../protocol/source';

/** An edit of a document, in lines that count from 1. */
export interface LineEdit {
  readonly first: number;
  readonly last: number;
  /** Lines that it leaves in their place, one at least. */
  readonly lines: number;
}

export type ValuesByLine = ReadonlyMap<number, readonly SourcedValue[]>;

/** What certain lines of each file made. */
export function byLine(values: readonly SourcedValue[]): Map<string, ValuesByLine> {
  const files = new Map<string, Map<number, SourcedValue[]>>();
  for (const value of values) {
    const { source } = value;
    if (source?.certainty !== 'exact') continue;
    const lines = files.get(source.file) ?? new Map<number, SourcedValue[]>();
    files.set(source.file, lines);
    lines.set(source.line, [...(lines.get(source.line) ?? []), value]);
  }
  return files;
}

/**
 * Lines after an edit, until the file is read again: what is below moves along, a line edited within itself stays, and one
 * that was joined, split or replaced is forgotten. Costs nothing that grows with the length of the file.
 */
export function afterEdit(lines: ValuesByLine, { first, last, lines: left }: LineEdit): ValuesByLine {
  const moved = left - (last - first + 1);
  if (moved === 0 && first === last) return lines;
  const kept = [...lines].flatMap(([line, values]): [number, readonly SourcedValue[]][] => {
    if (line < first) return [[line, values]];
    return line > last ? [[line + moved, values]] : [];
  });
  return new Map(kept);
}

/** Lengths of bars. */
export const BAR_STEPS = 8;

/**
 * Bars of the relevance of each line against the most relevant one, from -BAR_STEPS to BAR_STEPS; lines count from 1. A line that
 * made several layers has the bar of the strongest.
 */
export function barsOf(shares: ReadonlyMap<number, readonly number[]>): Map<number, number> {
  const strongest = [...shares].flatMap(([line, all]): [number, number][] => {
    if (all.length === 0) return [];
    return [[line, all.reduce((most, share) => (Math.abs(share) > Math.abs(most) ? share : most))]];
  });
  const most = strongest.reduce((high, [, share]) => Math.max(high, Math.abs(share)), 0);
  return new Map(
    strongest.flatMap(([line, share]): [number, number][] =>
      share === 0 ? [] : [[line, Math.sign(share) * Math.max(1, Math.round((BAR_STEPS * Math.abs(share)) / most))]],
    ),
  );
}
