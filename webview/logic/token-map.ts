import type { TextParts, TokenPart } from '../../src/protocol';
import type { TokenStudy } from '../../src/protocol/tokens';
import type { Translate } from './l10n';
import { percent } from './numbers';

/** What one looks at: the reasons of a row, or all that a token is a reason for. */
export type Look = { readonly row: number } | { readonly column: number };

type Studied = Pick<TokenStudy, 'text' | 'path' | 'tokens' | 'rows'>;

/** Rows of numbers over tokens; a row may be shorter than there are tokens. */
interface Rows {
  readonly rows: readonly { readonly relevance: Float32Array }[];
}

/** A map token × token as it is drawn. */
export interface Matrix extends Rows {
  /** What it is, for who does not see it. */
  readonly label: string;
  readonly columns: readonly { readonly name: string; readonly title: string }[];
  readonly rows: readonly { readonly name: string; readonly note?: string; readonly relevance: Float32Array }[];
}

/** The map of a study: a row for each explained token, a column for each that it may be read from. */
export function matrixOf({ tokens, rows, kind }: TokenStudy, t: Translate): Matrix {
  const named = ({ at, target: { label } }: TokenStudy['rows'][number]): string =>
    kind === 'labels' ? `${visible(tokens[at]?.text ?? '')} → ${label}` : visible(label);
  return {
    label: t('Relevance of {0} tokens for each of {1} explained ones', tokens.length, rows.length),
    columns: tokens.map(({ text }) => ({ name: visible(text), title: t('What {0} contributes to', visible(text)) })),
    rows: rows.map((row) => ({ name: named(row), note: percent(row.target.probability), relevance: row.relevance })),
  };
}

/** A row's value at a token; 0 where it was not read from it. */
export const valueAt = ({ rows }: Rows, row: number, column: number): number => rows[row]?.relevance[column] ?? 0;

/** The largest magnitude of each row, or of all; 1 where all are zero. */
export function scales({ rows }: Rows, together: boolean): number[] {
  const own = rows.map(({ relevance }) => relevance.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  const most = own.reduce((a, b) => Math.max(a, b), 0);
  return own.map((scale) => (together ? most : scale) || 1);
}

/**
 * The text with what is looked at as the relevance of its tokens: of a row what each token contributes, of a column
 * what the token contributes to each explained one.
 */
export function textOf({ text, path, tokens, rows }: Studied, look: Look): TextParts {
  const relevance = new Float32Array(tokens.length);
  if ('row' in look) relevance.set(rows[look.row]?.relevance ?? []);
  else
    rows.forEach(({ at, relevance: own }) => {
      if (at < relevance.length) relevance[at] = own[look.column] ?? 0;
    });
  const parts = tokens.map((token, at): TokenPart => ({ ...token, relevance: relevance[at]! }));
  return { text, ...(path !== undefined && { path }), tokens: parts };
}

/** Where a key leads from a cell; undefined for other keys. */
export function cellAfter(
  key: string,
  { row, column }: { readonly row: number; readonly column: number },
  { rows, columns, page }: { readonly rows: number; readonly columns: number; readonly page: number },
  withControl: boolean,
): { readonly row: number; readonly column: number } | undefined {
  const moves: Readonly<Record<string, readonly [number, number]>> = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    PageUp: [row - page, column],
    PageDown: [row + page, column],
    Home: withControl ? [0, 0] : [row, 0],
    End: withControl ? [rows - 1, columns - 1] : [row, columns - 1],
  };
  const move = moves[key];
  if (!move) return undefined;
  const within = (value: number, count: number): number => Math.max(0, Math.min(count - 1, value));
  return { row: within(move[0], rows), column: within(move[1], columns) };
}

/** A token by itself: without the space that it brings along, ends of lines as signs. */
export function visible(text: string): string {
  const signs = text.replaceAll('\n', '↵').replaceAll('\t', '→');
  return signs.trim() || signs.replace(/^ +$/, '␣');
}
