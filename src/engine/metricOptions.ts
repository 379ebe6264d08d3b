import { PrismError } from '../graph/errors';
import { closest } from '../inputs/closest';
import type { OptionValue } from '../methods/method';
import type { Metric } from '../metrics/metric';

type Given = Readonly<Record<string, OptionValue>>;

/**
 * Options that were given for several metrics at once: `KEY` for all that have it, `METRIC.KEY` for one.
 *
 * @returns by the identifiers of the metrics
 * @throws PrismError UNKNOWN_OPTION for a key that none of them has
 */
export function metricOptions(metrics: readonly Metric[], given: Given): ReadonlyMap<string, Given> {
  const out = new Map<string, Record<string, OptionValue>>(metrics.map(({ info }) => [info.id, {}]));
  for (const [name, value] of Object.entries(given)) {
    const [metric, key] = name.includes('.') ? name.split(/\.(.*)/s, 2) : [undefined, name];
    const having = metrics.filter(
      ({ info }) => (metric ?? info.id) === info.id && info.options.some((option) => option.key === key),
    );
    if (having.length === 0) throw unknownOption(name, metrics);
    for (const { info } of having) {
      const own = out.get(info.id) ?? {};
      // What was said of one metric counts more than what was said of all.
      if (metric !== undefined || !(`${info.id}.${key}` in given)) own[key] = value;
    }
  }
  return out;
}

function unknownOption(name: string, metrics: readonly Metric[]): PrismError {
  const keys = [...new Set(metrics.flatMap(({ info }) => info.options.map(({ key }) => key)))];
  const near = closest(name, keys);
  const known = keys.length > 0 ? `they have ${keys.join(', ')}` : 'they have none';
  return new PrismError(
    'UNKNOWN_OPTION',
    `none of the metrics asked for has an option ${JSON.stringify(name)}; ${near ? `did you mean ${near}? ` : ''}${known}`,
    { option: name, known: keys },
  );
}
