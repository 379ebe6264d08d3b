import { basename, extname } from 'node:path';
import { replaceFile, writeAll } from '../graph/dataFile';
import { PrismError } from '../graph/errors';
import { exportModel } from '../graph/export';
import type { Graph } from '../graph/ir';
import type { FloatArray } from '../graph/ndarray';
import { writeNpy } from '../inputs/npy';
import type { Photograph, RowParts, ScalarMap, TextParts } from '../protocol';
import { number } from './page';
import { rowPicture, textPicture } from './partsPicture';
import { tableOfParts } from './partsTable';
import { renderMap } from './render';
import type { ExplainReport } from './report';

/** What can be saved of an explanation. */
export interface Savable {
  readonly report: ExplainReport;
  /** The raw attribution. */
  readonly map: FloatArray;
  /** The same, one number a location. */
  readonly locations: ScalarMap;
  readonly signed: boolean;
  /** The method as people call it. */
  readonly title: string;
  readonly photograph?: Photograph;
  /** Of a text or a row whose own attribution it is. */
  readonly text?: TextParts;
  readonly row?: RowParts;
  /** All that is known of it as a page. */
  readonly page: () => Promise<string>;
  /** The graph that computes it from the model's inputs. Throws when there is no single one. */
  readonly graph: () => Graph;
}

export const SAVE_FORMATS = ['npy', 'png', 'csv', 'json', 'html', 'onnx'] as const;
export type SaveFormat = (typeof SAVE_FORMATS)[number];

/** The format that a file name asks for. Throws UNKNOWN_FORMAT. */
export function formatOf(path: string): SaveFormat {
  const extension = extname(path).slice(1).toLowerCase();
  const format = SAVE_FORMATS.find((known) => known === extension);
  if (format) return format;
  throw new PrismError(
    'UNKNOWN_FORMAT',
    `${path} does not say what to write; end its name in ${SAVE_FORMATS.map((known) => `.${known}`).join(', ')}`,
  );
}

async function contentsOf(what: Savable, format: SaveFormat): Promise<Uint8Array> {
  switch (format) {
    case 'npy':
      return writeNpy({ dtype: 'float32', shape: what.map.shape, data: what.map.data });
    case 'csv':
      return Buffer.from(tableOfParts(what.report));
    case 'json':
      return Buffer.from(`${JSON.stringify(what.report, null, 2)}\n`);
    case 'html':
      return Buffer.from(await what.page());
    case 'onnx':
      return exportModel(what.graph());
    case 'png':
      return pictureOf(what);
  }
}

/** A text in its colours, the bars of a row, or the map. */
function pictureOf({ report, signed, title, text, row, photograph, locations }: Savable): Promise<Uint8Array> {
  const caption = captionOf(report);
  const drawing = { signed, heading: headingOf(report, title) };
  if (text) return textPicture(text, drawing, caption);
  if (row) return rowPicture(row, drawing, caption);
  return renderMap(locations, signed, { photograph, caption });
}

/** What a picture of words says over them. */
function headingOf({ model, target, conservation }: ExplainReport, title: string): string[] {
  const name = target.index === null || String(target.index) === target.label ? '' : ` (${target.index})`;
  const kept = conservation ? `, residual ${number(conservation.residual)}` : '';
  return [`${target.label}${name}, score ${number(target.score)}`, `${title} · ${basename(model)}${kept}`];
}

/** A map never appears without its target and score. */
function captionOf({ model, method, target }: ExplainReport): string {
  return `${method} of ${model}: ${target.label}${target.index === null ? '' : ` (${target.index})`}, score ${target.score}`;
}

/**
 * Writes the raw attribution (npy), the picture (png), the tokens or features (csv), the report (json, html) or the
 * explanation as a model (onnx, weights inside), as the file's name says.
 *
 * @throws PrismError UNKNOWN_FORMAT, FILE_UNWRITABLE, NO_PARTS, NOT_ONE_GRAPH
 */
export async function saveExplanation(what: Savable, path: string): Promise<void> {
  const bytes = await contentsOf(what, formatOf(path));
  replaceFile(path, (file) => writeAll(file, bytes, 0));
}
