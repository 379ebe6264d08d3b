import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { PrismError } from '../graph/errors';
import { closest } from './closest';
import { type Feature, totalWidth, widthOf } from './features';

/** Cells by the name of their column, as written. */
export type Cells = ReadonlyMap<string, string>;

/** A row of a table as a person names it: its cells, or its place in a file. */
export interface RowText {
  readonly cells: Cells;
  /** What it is called in messages. */
  readonly name: string;
  /** Whether columns that are no features are a mistake: they were typed. */
  readonly typed: boolean;
  /** Columns that the file has more than once. */
  readonly repeated?: ReadonlySet<string>;
}

/** A table read from a file. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const rowInvalid = (code: string, name: string, why: string): PrismError => new PrismError(code, `${name} ${why}`);

/** The separator that occurs most in the first line. */
function separatorOf(text: string): string {
  const [line] = text.split(/\r\n|\n|\r/, 1);
  const counts = [',', ';', '\t'].map((sign) => ({ sign, count: line.split(sign).length }));
  return counts.reduce((best, other) => (other.count > best.count ? other : best)).sign;
}

/** Where other encodings show: every second byte of UTF-16 is a zero, as are many of other files. */
const BEGINNING = 1000;

/**
 * Reads a table with the names of its columns in the first line; commas, semicolons or tabulators separate.
 *
 * @throws PrismError CSV_INVALID
 */
export function parseTable(text: string, file: string): Table {
  const content = text.replace(/^\uFEFF/, '');
  if (content.slice(0, BEGINNING).includes('\0')) {
    throw new PrismError('CSV_INVALID', `${file} is no text in UTF-8; save it as UTF-8`, { file });
  }
  let records: string[][];
  try {
    records = parse(content, { delimiter: separatorOf(content), skip_empty_lines: true, trim: true });
  } catch (cause) {
    throw new PrismError('CSV_INVALID', `${file} is no table: ${(cause as Error).message}`, { file }, { cause });
  }
  const [columns, ...rows] = records;
  if (!columns) throw new PrismError('CSV_INVALID', `${file} is empty; the first line names the columns`, { file });
  return { columns, rows };
}

/** Throws FILE_NOT_FOUND, CSV_INVALID. */
async function readTable(file: string): Promise<Table> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : (cause as Error).message;
    throw new PrismError('FILE_NOT_FOUND', `${file} ${why}; check the path`, { file }, { cause });
  }
  return parseTable(text, file);
}

/**
 * The row that a person names: `a=1,b=red`, or a file, whose first row is meant unless `:N` or `#N` follows (1 is the
 * row after the names of the columns).
 *
 * @throws PrismError ROW_INVALID, ROW_OUT_OF_RANGE, FILE_NOT_FOUND, CSV_INVALID
 */
export async function readRow(written: string): Promise<RowText> {
  const place = /^(.*?)(?:[:#](\d+))?$/s.exec(written);
  const file = place?.[1] ?? written;
  if (!/^[^=,]+=/.test(written) || existsSync(file)) {
    const table = await readTable(file);
    return rowOf(table, Number(place?.[2] ?? 1), file);
  }
  let parts: string[];
  try {
    [parts = []] = parse(written, { trim: true, relax_quotes: true }) as string[][];
  } catch (cause) {
    throw new PrismError('ROW_INVALID', `the row cannot be read: ${(cause as Error).message}`, {}, { cause });
  }
  const cells = new Map<string, string>();
  for (const part of parts) {
    const at = part.indexOf('=');
    if (at <= 0)
      throw rowInvalid('ROW_INVALID', 'the row', `says ${JSON.stringify(part)}; write NAME=VALUE,NAME=VALUE`);
    const name = part.slice(0, at).trim();
    if (cells.has(name)) throw rowInvalid('ROW_INVALID', 'the row', `gives ${JSON.stringify(name)} twice`);
    cells.set(name, part.slice(at + 1).trim());
  }
  return { cells, name: 'the row', typed: true };
}

/** A row of a table; rows count from 1. Throws ROW_OUT_OF_RANGE, ROW_INVALID. */
export function rowOf({ columns, rows }: Table, number: number, file: string): RowText {
  const row = rows[number - 1];
  if (!row) {
    throw rowInvalid('ROW_OUT_OF_RANGE', file, `has ${rows.length} rows; there is no row ${number} (1 is the first)`);
  }
  return {
    cells: new Map(columns.map((column, at) => [column, row[at]])),
    name: `row ${number} of ${file}`,
    typed: false,
    repeated: new Set(columns.filter((column, at) => columns.indexOf(column) !== at)),
  };
}

/** A feature of a row: as written, and which numbers of the input it became. */
export interface FeatureValue {
  readonly name: string;
  readonly value: string;
  /** First of its numbers, and how many they are. */
  readonly first: number;
  readonly width: number;
}

export interface EncodedRow {
  readonly values: Float32Array;
  readonly features: readonly FeatureValue[];
}

/**
 * The features that a row is read by where nobody names any: its columns, if they are as many as the model takes.
 *
 * @param count numbers that the model takes; undefined where it leaves that open
 * @throws PrismError FEATURES_MISSING
 */
export function featuresOfRow({ cells }: RowText, count: number | undefined): Feature[] {
  if (count === undefined || cells.size === count) return [...cells.keys()].map((name) => ({ name }));
  throw new PrismError(
    'FEATURES_MISSING',
    `the model takes ${count} numbers, but the row has ${cells.size} columns; name the features in their order in the prism.json ("features": ["age", …])`,
  );
}

/**
 * The numbers that a row is to the model.
 *
 * @throws PrismError UNKNOWN_COLUMN, MISSING_COLUMN, ROW_INVALID, MISSING_VALUE, NOT_A_NUMBER, UNKNOWN_CATEGORY
 */
export function encodeRow(row: RowText, features: readonly Feature[]): EncodedRow {
  const names = features.map(({ name }) => name);
  for (const column of row.typed ? row.cells.keys() : []) {
    if (names.includes(column)) continue;
    const guess = closest(column, names);
    const hint = guess ? `did you mean ${JSON.stringify(guess)}?` : `its features are ${names.join(', ')}`;
    throw rowInvalid(
      'UNKNOWN_COLUMN',
      row.name,
      `has ${JSON.stringify(column)}, which the model does not know; ${hint}`,
    );
  }
  const values = new Float32Array(totalWidth(features));
  let first = 0;
  const encoded = features.map((feature): FeatureValue => {
    const value = cellOf(row, feature);
    values.set(encodeCell(value, feature, row.name), first);
    const width = widthOf(feature);
    first += width;
    return { name: feature.name, value, first: first - width, width };
  });
  return { values, features: encoded };
}

const EMPTY = new Set(['', 'na', 'n/a', 'nan', 'null', 'none', '?']);

function cellOf({ cells, name, repeated }: RowText, feature: Feature): string {
  const column = JSON.stringify(feature.name);
  if (repeated?.has(feature.name)) {
    throw rowInvalid('ROW_INVALID', name, `has the column ${column} more than once; leave one, or rename the others`);
  }
  const cell = cells.get(feature.name);
  const known = feature.categories?.includes(cell ?? '') ?? false;
  if (cell !== undefined && (known || !EMPTY.has(cell.toLowerCase()))) return cell;
  if (feature.missing !== undefined) return String(feature.missing);
  if (cell === undefined) {
    const guess = closest(feature.name, [...cells.keys()]);
    const hint = guess ? `it has ${JSON.stringify(guess)}` : `it has ${[...cells.keys()].join(', ')}`;
    throw rowInvalid('MISSING_COLUMN', name, `has no column ${column}, which the model needs; ${hint}`);
  }
  throw rowInvalid(
    'MISSING_VALUE',
    name,
    `has no value for ${column}; give one, or say what stands for it as "missing" of the feature in the prism.json`,
  );
}

function encodeCell(cell: string, feature: Feature, row: string): number[] {
  const { categories, encoding = 'index', mean = 0, std = 1 } = feature;
  const column = JSON.stringify(feature.name);
  if (categories) {
    const index = categories.indexOf(cell);
    if (index < 0) {
      const guess = closest(cell, categories);
      const hint = guess ? `did you mean ${JSON.stringify(guess)}?` : `known are ${categories.join(', ')}`;
      throw rowInvalid(
        'UNKNOWN_CATEGORY',
        row,
        `says ${JSON.stringify(cell)} for ${column}, which is none of its words; ${hint}`,
      );
    }
    if (encoding === 'one-hot') return categories.map((_, at) => ((at === index ? 1 : 0) - mean) / std);
    return [(index - mean) / std];
  }
  const value = Number(cell);
  if (!Number.isFinite(value)) {
    throw rowInvalid('NOT_A_NUMBER', row, `says ${JSON.stringify(cell)} for ${column}, which is no number`);
  }
  return [(value - mean) / std];
}
