import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { type Estimate, estimate } from '../../src/metrics/statistics';
import type { Cost } from './cost';
import type { Subject, Variant } from './subjects';

/** Values of a metric by the names of the inputs; those without one are missing. */
type Values = ReadonlyMap<string, number>;

/** What was found of a method on a model. */
export interface Row {
  readonly variant: Variant;
  /** By metric. */
  readonly values: Readonly<Record<string, Values>>;
  readonly cost?: Cost;
  /** Why the model is beyond the method. */
  readonly refusal?: string;
}

/** A model with all rows; the first is what the others are held against. */
export interface Section {
  readonly subject: Subject;
  /** How many inputs were asked for, judged, and taken for another class. */
  readonly counts: {
    readonly asked: number;
    readonly judged: number;
    readonly misclassified: number;
    readonly labelled: number;
  };
  readonly rows: readonly Row[];
}

/** The values of the metrics in the table of an evaluation, of one method. */
export function valuesIn(folder: string, method: string, metrics: readonly string[]): Row['values'] {
  const lines: Record<string, string>[] = parse(readFileSync(join(folder, 'evaluation.csv'), 'utf8'), {
    columns: true,
  });
  const own = lines.filter((line) => line.method === method);
  return Object.fromEntries(
    metrics.map((metric) => {
      const known = own.filter((line) => line[metric] !== '');
      return [metric, new Map(known.map((line) => [line.image, Number(line[metric])]))];
    }),
  );
}

export const estimateOf = (values: Values): Estimate | undefined => estimate([...values.values()]);

/** How a method compares with another on the same inputs. */
export type Verdict = 'better' | 'worse' | 'open';

/**
 * Whether the mean difference to another method, over the inputs that both have a value of, has a sign: whether its
 * 95 % interval leaves out 0.
 */
export function verdict(own: Values, other: Values, better: 'higher' | 'lower'): Verdict {
  const differences = [...own].flatMap(([input, value]) => {
    const against = other.get(input);
    return against === undefined ? [] : value - against;
  });
  const found = estimate(differences);
  if (!found || differences.length < 5 || (found.low <= 0 && found.high >= 0)) return 'open';
  return found.mean > 0 === (better === 'higher') ? 'better' : 'worse';
}
