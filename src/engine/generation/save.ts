import { replaceFile, writeAll } from '../../graph/dataFile';
import { PrismError } from '../../graph/errors';
import { writeNpy } from '../../inputs/npy';
import type { RemoteError, ScalarMap } from '../../protocol';
import type { TokenRow, TokenStudy } from '../../protocol/tokens';
import { writeCsv } from '../csv';
import { statistics } from '../maps';
import { renderMap } from '../render';
import { formatOf } from '../save';
import type { Study } from './study';

/** What is told of a study as JSON. */
export interface TokenReport {
  readonly model: string;
  readonly method: string;
  readonly options: TokenStudy['options'];
  readonly kind: TokenStudy['kind'];
  /** What was given, and what the model has added. */
  readonly text: string;
  /** What the model has added. */
  readonly continuation?: string;
  readonly tokens: TokenStudy['tokens'];
  /** How many of the tokens were given. */
  readonly given: number;
  /** What each token is explained by: of every token, what it contributes. */
  readonly rows: readonly (Pick<TokenRow, 'at' | 'conservation'> & {
    readonly label: string;
    readonly index: number;
    readonly score: number;
    readonly probability: number;
    readonly relevance: readonly number[];
  })[];
  readonly attribution: {
    /** Rows and tokens: a row's own token and those behind it have 0. */
    readonly shape: readonly [number, number];
    readonly sum: number;
    readonly min: number;
    readonly max: number;
  };
  readonly ended: TokenStudy['ended'] | null;
  readonly cached: boolean;
  readonly provider: string;
  readonly ms: Readonly<Record<string, number>>;
  readonly warnings?: readonly RemoteError[];
}

/** A study, and what the requests for it came to. */
export interface KeptStudy extends Pick<TokenStudy, 'ms' | 'warnings' | 'provider'> {
  readonly study: Study;
}

/** The map [rows, tokens]; what a token was not read from has 0. */
export function mapOfRows({ rows, tokens }: Pick<TokenStudy, 'rows' | 'tokens'>): ScalarMap {
  const data = new Float32Array(rows.length * tokens.length);
  rows.forEach(({ relevance }, row) => {
    data.set(relevance, row * tokens.length);
  });
  return { width: tokens.length, height: rows.length, data };
}

/** The report of a study. */
export function tokenReport({ study, ms, warnings, provider }: KeptStudy): TokenReport {
  const { model, method, studied } = study;
  const { kind, options, text, tokens, given, rows, ended = null, cached } = studied;
  const { data } = mapOfRows(studied);
  return {
    model: model.path,
    method: method.info.id,
    options,
    kind,
    text,
    ...(kind === 'generation' && { continuation: text.slice(tokens[given]?.start ?? text.length) }),
    tokens,
    given,
    rows: rows.map(({ at, target, relevance, conservation }) => ({
      at,
      label: target.label,
      index: target.index,
      score: target.score,
      probability: target.probability,
      relevance: [...relevance],
      ...(conservation && { conservation }),
    })),
    attribution: { shape: [rows.length, tokens.length], ...statistics(data) },
    ended,
    cached,
    provider,
    ms,
    ...(warnings.length > 0 && { warnings }),
  };
}

/**
 * Writes the map (npy, float32 [rows, tokens]; csv with the tokens), its picture (png) or the report (json).
 *
 * @throws PrismError UNKNOWN_FORMAT, NOT_ONE_GRAPH, NOT_ONE_EXPLANATION, FILE_UNWRITABLE
 */
export async function saveStudy(kept: KeptStudy, path: string): Promise<void> {
  const bytes = await contentsOf(kept, path);
  replaceFile(path, (file) => writeAll(file, bytes, 0));
}

/** A line for each explained token, a column for each token that it was read from; what it was not read from is empty. */
const tableOfRows = ({ rows, tokens }: Pick<TokenStudy, 'rows' | 'tokens'>): string =>
  writeCsv([
    ['at', 'explained', ...tokens.map(({ text }) => text)],
    ...rows.map(({ at, target, relevance }) => [at, target.label, ...relevance]),
  ]);

async function contentsOf(kept: KeptStudy, path: string): Promise<Uint8Array> {
  const { studied, method, model } = kept.study;
  const map = mapOfRows(studied);
  switch (formatOf(path)) {
    case 'npy':
      return writeNpy({ dtype: 'float32', shape: [map.height, map.width], data: map.data });
    case 'csv':
      return Buffer.from(tableOfRows(studied));
    case 'json':
      return Buffer.from(`${JSON.stringify(tokenReport(kept), null, 2)}\n`);
    case 'png':
      return renderMap(map, method.info.signed, {
        caption: `${method.info.id} of ${model.path}: ${studied.rows.map(({ target }) => target.label).join(' ')}`,
      });
    case 'html':
      throw new PrismError(
        'NOT_ONE_EXPLANATION',
        `${path}: a page tells of one explanation; explain a single token to have one, or write .json`,
      );
    case 'onnx':
      throw new PrismError(
        'NOT_ONE_GRAPH',
        `${path}: a map of several tokens is not one graph; explain a single one to save its graph`,
      );
  }
}
