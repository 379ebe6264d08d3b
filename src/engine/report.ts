import type { LedgerEntry } from '../methods/method';
import type { FeaturePart, OptionValues, RemoteError, ScalarMap, TokenPart } from '../protocol';
import type { Answer } from './explain';
import { statistics } from './maps';
import { partsOf } from './parts';

/** What is told of an explanation as JSON: by the command line's `--json` and in saved reports. */
export interface ExplainReport {
  readonly model: string;
  readonly method: string;
  readonly options: OptionValues;
  readonly target: { readonly index: number | null; readonly label: string; readonly score: number };
  readonly attribution: {
    readonly of: string;
    readonly shape: readonly number[];
    readonly sum: number;
    readonly min: number;
    readonly max: number;
  };
  /** null where the method promises nothing that could be checked. */
  readonly conservation: {
    readonly what: string;
    readonly expected: number;
    readonly actual: number;
    readonly residual: number;
    readonly lost?: number;
  } | null;
  /** Of a text. */
  readonly tokens?: readonly TokenPart[];
  /** Of a row of a table. */
  readonly features?: readonly FeaturePart[];
  /** Of methods that follow relevance node by node: out = in + sink + lost, for every node on the way. */
  readonly ledger?: readonly LedgerEntry[];
  /** Of sampled methods. */
  readonly seed?: number;
  readonly provider: string;
  readonly ms: Readonly<Record<string, number>>;
  /** Absent when there are none. */
  readonly warnings?: readonly RemoteError[];
}

/** An explanation as a program in the same process gets it. */
export interface Explained {
  readonly answer: Answer;
  readonly report: ExplainReport;
  /** One number a location. */
  readonly map: ScalarMap;
}

/**
 * The report of an answer.
 *
 * @param model the path as the person gave it
 * @param map the attribution, one number a location
 */
export function reportOf(
  model: string,
  answer: Answer,
  map: ScalarMap,
  provider: string,
  ms: Readonly<Record<string, number>>,
  warnings: readonly RemoteError[],
): ExplainReport {
  const { attribution, method, options, target } = answer;
  return {
    model,
    method: method.info.id,
    options,
    target,
    attribution: { of: attribution.of, shape: attribution.map.shape, ...statistics(attribution.map.data) },
    conservation: attribution.conservation ?? null,
    ...partsOf(answer, map),
    ...(attribution.ledger && { ledger: attribution.ledger }),
    ...(attribution.seed !== undefined && { seed: attribution.seed }),
    provider,
    ms,
    ...(warnings.length > 0 && { warnings }),
  };
}
