import { readFileSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { PrismError } from '../../graph/errors';
import { parseTable, type Table } from '../../inputs/table';
import type { EvaluationQuestion, Kind } from './evaluation';
import { filesOf, findItems, type Item, labelled, readLabels, withSlashes } from './items';

/** Columns that usually tell the class. */
const LABEL = /^(label|class|target)$/i;
/** Columns that usually hold the text. */
const TEXT = /^(text|sentence|review|document|content)$/i;

/** What an input is called, alone and with others. */
export const NOUNS: Readonly<Record<Kind, { readonly one: string; readonly many: string }>> = {
  images: { one: 'picture', many: 'pictures' },
  texts: { one: 'text', many: 'texts' },
  rows: { one: 'row', many: 'rows' },
};

/** Where inputs are, and what is known of them. */
type Sources = Pick<EvaluationQuestion, Kind | 'masks' | 'labels'>;

const KINDS: readonly Kind[] = ['images', 'texts', 'rows'];

/** Which kind of inputs is asked about, and where they are. Throws INPUT_MISSING unless there is exactly one. */
export function sourceOf(question: Sources): { readonly kind: Kind; readonly path: string } {
  const given = KINDS.flatMap((kind) => {
    const path = question[kind];
    return path === undefined ? [] : [{ kind, path }];
  });
  const [first, ...others] = given;
  if (first && others.length === 0) return first;
  throw new PrismError('INPUT_MISSING', 'name either a folder of pictures, or texts, or a table of rows');
}

/**
 * The inputs that are asked about, in order, with what is known of them.
 *
 * @throws PrismError INPUT_MISSING, NO_TEXTS, NO_ROWS, TEXT_COLUMN_MISSING, LABELS_INVALID, CSV_INVALID, FILE_NOT_FOUND,
 *   those of {@link findItems}
 */
export function inputsOf(question: Sources): Item[] {
  const { kind, path } = sourceOf(question);
  if (kind === 'rows') return rowsOf(path, question.labels);
  if (kind === 'texts') {
    if (isFile(path, /^\.txt$/i)) return linesOf(path);
    return isFile(path, TABLE) ? textRowsOf(path, question.labels) : textsOf(path, question.labels);
  }
  const { masks, labels } = question;
  return findItems({ images: path, ...(masks !== undefined && { masks }), ...(labels !== undefined && { labels }) });
}

const TABLE = /^\.(csv|tsv)$/i;

const isFile = (path: string, extension: RegExp): boolean =>
  extension.test(extname(path)) && !statSync(path, { throwIfNoEntry: false })?.isDirectory();

/** A text on each line of a file; lines without any are none. Throws FILE_NOT_FOUND, NO_TEXTS. */
function linesOf(file: string): Item[] {
  const items = read(file)
    .split(/\r\n|\n|\r/)
    .flatMap((line, index): Item[] => {
      const text = line.trim();
      return text === '' ? [] : [{ name: rowName(file, index), path: file, given: { text }, contents: text }];
    });
  if (items.length > 0) return items;
  throw new PrismError('NO_TEXTS', `${file} is empty; write a text on each of its lines`, { file });
}

/** Throws FILE_NOT_FOUND. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    throw new PrismError('FILE_NOT_FOUND', `${file} cannot be read; check the path`, { file }, { cause });
  }
}

/** Texts that are no inputs: what lies with a model. */
const COMPANION = /^(labels|classes|vocab|vocabulary|merges|readme|licen[cs]e|requirements)\.txt$/i;

/** The texts of a folder and of those in it. */
function textsOf(folder: string, labels: string | undefined): Item[] {
  const files = filesOf(folder).filter((path) => /\.txt$/i.test(path) && !COMPANION.test(basename(path)));
  if (files.length === 0) {
    throw new PrismError('NO_TEXTS', `there are no texts (.txt) in ${folder}; name a folder of texts`, {
      file: folder,
    });
  }
  const classes = labels === undefined ? undefined : readLabels(labels);
  return files.map((path) => {
    const name = withSlashes(folder, path);
    return { name, path, given: { textFile: path }, ...labelled(name, classes) };
  });
}

/** Throws FILE_NOT_FOUND, CSV_INVALID, NO_ROWS. */
function tableOf(file: string): Table {
  const table = parseTable(read(file), file);
  if (table.rows.length > 0) return table;
  throw new PrismError('NO_ROWS', `${file} names columns, but has no rows`, { file });
}

/** The place of the column that tells the class; -1 for none. Throws LABELS_INVALID. */
function labelColumn({ columns }: Table, file: string, wanted: string | undefined): number {
  if (wanted === undefined) return columns.findIndex((column) => LABEL.test(column));
  const at = columns.indexOf(wanted);
  if (at >= 0) return at;
  throw new PrismError(
    'LABELS_INVALID',
    `${file} has no column ${JSON.stringify(wanted)}; it has ${columns.join(', ')}`,
    { file },
  );
}

/** The class that a row has in a column; a column that nobody named may mean something else. */
const labelIn = (
  row: readonly string[],
  column: number,
  wanted: string | undefined,
): Pick<Item, 'label' | 'guessed'> =>
  column < 0 || row[column] === '' ? {} : { label: row[column], guessed: wanted === undefined };

const rowName = (file: string, index: number): string => `${basename(file)}:${index + 1}`;

function rowsOf(file: string, labels: string | undefined): Item[] {
  const table = tableOf(file);
  const column = labelColumn(table, file, labels);
  return table.rows.map((row, index) => ({
    name: rowName(file, index),
    path: file,
    given: { row: `${file}:${index + 1}` },
    contents: JSON.stringify([table.columns, row]),
    ...labelIn(row, column, labels),
  }));
}

function textRowsOf(file: string, labels: string | undefined): Item[] {
  const table = tableOf(file);
  const { columns } = table;
  const label = labelColumn(table, file, labels);
  const named = columns.findIndex((name, at) => at !== label && TEXT.test(name));
  const others = columns.flatMap((_, at) => (at === label ? [] : [at]));
  const [column] = named >= 0 ? [named] : others;
  if (column === undefined || (named < 0 && others.length > 1)) {
    throw new PrismError(
      'TEXT_COLUMN_MISSING',
      `${file} does not say which column holds the text; call it "text" (there are ${columns.join(', ')})`,
      { file },
    );
  }
  return table.rows.map((row, index) => ({
    name: rowName(file, index),
    path: file,
    given: { text: row[column] },
    contents: row[column],
    ...labelIn(row, label, labels),
  }));
}
