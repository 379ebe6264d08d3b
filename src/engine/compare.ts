import sharp from 'sharp';
import { replaceFile, writeAll } from '../graph/dataFile';
import { methodById } from '../methods/index';
import type { OptionValues, RemoteError } from '../protocol';
import type { Sheet } from '../protocol/study';
import { type CallContext, toRemoteError } from '../rpc';
import { commonOptions } from './commonOptions';
import { type Cell, contactSheet } from './contactSheet';
import type { Question } from './explain';
import { wholeParts } from './parts';
import { rowPicture, textPicture } from './partsPicture';
import { renderMap } from './render';
import type { Explained, ExplainReport } from './report';
import { photographOf } from './subject';

/** One input, several methods. */
export interface Comparison {
  readonly model: string;
  readonly target: ExplainReport['target'];
  readonly methods: readonly Omit<ExplainReport, 'model' | 'target' | 'provider' | 'warnings'>[];
  /** Methods that could not explain it. */
  readonly failures: readonly { readonly method: string; readonly error: RemoteError }[];
  readonly provider: string;
  readonly warnings?: readonly RemoteError[];
}

/** Who explains: an engine. */
export interface Explaining {
  attribute(path: string, method: string, question: Question, context?: CallContext): Promise<Explained>;
}

export interface CompareQuestion extends Omit<Question, 'options' | 'erf'> {
  readonly methods: readonly string[];
  readonly methodOptions?: OptionValues;
  /** The picture that is written. */
  readonly out: string;
  /** How many maps stand in a row. */
  readonly columns?: number;
}

/**
 * Explains one input by several methods and writes their maps as one picture. A method that fails is left out.
 *
 * @throws PrismError of the only or the last method where none succeeds; FILE_UNWRITABLE
 */
export async function compare(
  engine: Explaining,
  model: string,
  { methods: ids, methodOptions = {}, out, columns, ...question }: CompareQuestion,
  context?: CallContext,
): Promise<Comparison> {
  const infos = [...new Set(ids)].map((id) => methodById(id).info);
  const given = commonOptions('methods', infos, methodOptions);
  const found: Explained[] = [];
  const failures: { method: string; error: RemoteError }[] = [];
  let failure: unknown;
  for (const { id } of infos) {
    try {
      found.push(await engine.attribute(model, id, { ...question, options: given.get(id) ?? {} }, context));
    } catch (error) {
      context?.signal.throwIfAborted();
      failure = error;
      failures.push({ method: id, error: toRemoteError(error) });
    }
  }
  if (found.length === 0) throw failure;
  const picture = await pictureOfSheet(await sheetOf(found), columns);
  replaceFile(out, (file) => writeAll(file, picture, 0));
  return comparisonOf(found, failures);
}

async function sheetOf(found: readonly Explained[]): Promise<Sheet> {
  const [{ answer, report }] = found;
  const { label, index, score } = report.target;
  const target = `${label}${index === null || label === String(index) ? '' : ` (${index})`}, score ${Number(score.toPrecision(4))}`;
  const photograph = answer.prepared.seen && (await photographOf(answer.prepared.seen));
  return {
    ...(photograph && { photograph }),
    target,
    caption: `${found.map(({ report: { method } }) => method).join(', ')} of ${report.model}: ${target}`,
    cells: found.map((explained) => {
      const { title, signed } = explained.answer.method.info;
      const parts = wholeParts(explained.answer, explained.report);
      return { title, note: optionsOf(explained), map: explained.map, ...parts, signed };
    }),
  };
}

/** Rows of maps, with the photograph left of the first and nothing left of the others. */
function beside(lead: readonly Cell[], maps: readonly Cell[], columns: number): readonly Cell[] {
  return maps.flatMap((map, i) => {
    if (i % columns > 0) return [map];
    return [...lead.map((photograph) => (i === 0 ? photograph : { title: '' })), map];
  });
}

/** Width of a text or of a row's bars in a sheet, how many stand in a row, and how much of each is shown. */
const PARTS = { width: 520, columns: 3, lines: 30, features: 24 };

/** A sheet of texts or rows: each as high as the highest. */
async function sheetOfParts({ caption, columns: table, cells, target }: Sheet, columns?: number): Promise<Uint8Array> {
  let height = 0;
  const drawn = await Promise.all(
    cells.map(async ({ title, note, text, row, signed }): Promise<Cell> => {
      const words = { title, note };
      const drawing = { signed, width: PARTS.width, heading: table ? [] : [target] };
      const picture = text
        ? await textPicture(text, { ...drawing, most: PARTS.lines })
        : row && (await rowPicture(row, { ...drawing, most: PARTS.features }));
      if (!picture) return words;
      height = Math.max(height, (await sharp(picture).metadata()).height);
      return { picture, ...words };
    }),
  );
  const across = table ?? columns ?? Math.min(PARTS.columns, Math.ceil(Math.sqrt(drawn.length)));
  return contactSheet(drawn, across, caption, { width: PARTS.width, height });
}

/** The picture of a sheet: the photograph first, where there is one. */
export async function pictureOfSheet(sheet: Sheet, columns?: number): Promise<Uint8Array> {
  const { photograph, target, caption, columns: table, cells } = sheet;
  if (cells.some(({ text, row }) => text ?? row)) return sheetOfParts(sheet, columns);
  const maps = await Promise.all(
    cells.map(async ({ title, note, map, signed }): Promise<Cell> => {
      const words = { title, note };
      return map ? { picture: await renderMap(map, signed, { photograph }), ...words } : words;
    }),
  );
  const lead: readonly Cell[] = photograph ? [{ picture: photograph.encoded, title: target }] : [];
  if (table) return contactSheet(beside(lead, maps, table), lead.length + table, caption);
  const all = [...lead, ...maps];
  return contactSheet(all, columns ?? Math.ceil(Math.sqrt(all.length)), caption);
}

/** The options that are not what they usually are. */
function optionsOf({ answer: { method, options } }: Explained): string {
  const changed = method.info.options.filter((option) => options[option.key] !== option.default);
  return changed.map(({ key }) => `${key}=${options[key]}`).join(', ');
}

function comparisonOf(found: readonly Explained[], failures: Comparison['failures']): Comparison {
  const [{ report }] = found;
  const warnings = new Map(
    found.flatMap(({ report: own }) => (own.warnings ?? []).map((warning) => [warning.message, warning] as const)),
  );
  return {
    model: report.model,
    target: report.target,
    methods: found.map(({ report: { model: _m, target: _t, provider: _p, warnings: _w, ...own } }) => own),
    failures,
    provider: report.provider,
    ...(warnings.size > 0 && { warnings: [...warnings.values()] }),
  };
}
