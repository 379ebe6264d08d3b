import type { ConservationInfo, FeaturePart, TokenPart } from '../../src/protocol';

/** The largest magnitude; 1 where all are zero, so that it can be divided by. */
export const scaleOf = (parts: readonly { readonly relevance: number }[]): number =>
  parts.reduce((most, { relevance }) => Math.max(most, Math.abs(relevance)), 0) || 1;

/** The largest magnitude first. */
export const byStrength = (a: { readonly relevance: number }, b: { readonly relevance: number }): number =>
  Math.abs(b.relevance) - Math.abs(a.relevance);

/**
 * In which order to show the parts beside each other by several methods: those first that have the largest share of all
 * relevance on the average.
 *
 * @param maps what each method gives to each part
 */
export function commonOrder(maps: readonly (readonly number[])[], count: number): number[] {
  const shares = new Float64Array(count);
  for (const map of maps) {
    const total = map.reduce((sum, value) => sum + Math.abs(value), 0) || 1;
    map.forEach((value, i) => {
      shares[i] = shares[i]! + Math.abs(value) / total;
    });
  }
  return [...shares.keys()].sort((a, b) => shares[b]! - shares[a]!);
}

/** The sum of magnitudes. */
export const magnitude = (parts: readonly { readonly relevance: number }[]): number =>
  parts.reduce((sum, { relevance }) => sum + Math.abs(relevance), 0);

/** A piece of a text as it is shown: a token with its index, or what lies between tokens. */
export interface Piece {
  readonly text: string;
  /** Absent for what no token stands for. */
  readonly token?: number;
}

/**
 * A text cut at its tokens, nothing left out. Tokens that stand for nothing of it (a class token, padding) are no part.
 *
 * @param tokens in the order of the text; where two overlap, the first has it
 */
export function pieces(text: string, tokens: readonly TokenPart[]): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  tokens.forEach(({ start, end }, token) => {
    if (end <= start || start < at) return;
    if (start > at) found.push({ text: text.slice(at, start) });
    found.push({ text: text.slice(start, end), token });
    at = end;
  });
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}

/** Pieces in runs of about so many, so that those out of sight need not be laid out. */
export function runs(all: readonly Piece[], length: number): readonly (readonly Piece[])[] {
  return Array.from({ length: Math.ceil(all.length / length) }, (_, i) => all.slice(i * length, (i + 1) * length));
}

/** Rows that are in sight of a list of rows of one height. */
export function visibleRows(
  count: number,
  { top, height, row }: { readonly top: number; readonly height: number; readonly row: number },
): { readonly first: number; readonly last: number } {
  const first = Math.max(0, Math.min(count, Math.floor(top / row) - MARGIN));
  return { first, last: Math.min(count, Math.ceil((top + height) / row) + MARGIN) };
}

/** Rows above and below that are made already. */
const MARGIN = 10;

/** A feature as a step of the way to the score. */
export interface Step extends FeaturePart {
  /** Where the step begins. */
  readonly from: number;
  readonly to: number;
}

export interface Waterfall {
  /** What the score is without the features. */
  readonly base: number;
  readonly score: number;
  /** The largest first; small ones are taken together as the last. */
  readonly steps: readonly Step[];
  /** Of the axis. */
  readonly low: number;
  readonly high: number;
}

/** Contributions that miss their sum by more, as a share of it, are no steps to the score. */
const EXACT = 0.02;

/** Whether the features' relevance adds up to a change of the score. */
export function addsUp(features: readonly FeaturePart[], conservation: ConservationInfo | undefined): boolean {
  if (!conservation) return false;
  const { expected, residual, lost = 0 } = conservation;
  const sum = features.reduce((total, { relevance }) => total + relevance, 0);
  const size = Math.max(Math.abs(expected), magnitude(features), 1e-12);
  return Math.abs(residual) + Math.abs(lost) <= EXACT * size && Math.abs(sum - expected) <= EXACT * size;
}

/** The way from the score without the features to the score, one step a feature, from the largest to the smallest. */
export function waterfall(features: readonly FeaturePart[], score: number): Waterfall {
  const sum = features.reduce((total, { relevance }) => total + relevance, 0);
  const base = score - sum;
  let at = base;
  const steps = [...features].sort(byStrength).map((feature): Step => {
    const from = at;
    at += feature.relevance;
    return { ...feature, from, to: at };
  });
  const ends = [base, score, ...steps.map(({ to }) => to)];
  return { base, score, steps, low: Math.min(...ends), high: Math.max(...ends) };
}
