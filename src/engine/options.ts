import { PrismError } from '../graph/errors';
import { closest } from '../inputs/closest';
import type { MethodInfo, OptionSpec, Options, OptionValue } from '../methods/method';

/** A method or a metric, as far as its options go. */
type Optional = Pick<MethodInfo, 'id' | 'options'>;

/**
 * The options of a method or a metric with defaults filled in. Values may be text, as typed on a command line.
 *
 * @throws PrismError UNKNOWN_OPTION listing those there are, BAD_OPTION
 */
export function completeOptions(info: Optional, given: Readonly<Record<string, OptionValue>> = {}): Options {
  const keys = info.options.map(({ key }) => key);
  for (const key of Object.keys(given)) {
    if (keys.includes(key)) continue;
    const near = closest(key, keys);
    const known = keys.length > 0 ? `it has ${keys.join(', ')}` : 'it has none';
    throw new PrismError(
      'UNKNOWN_OPTION',
      `${info.id} has no option ${JSON.stringify(key)}; ${near ? `did you mean ${near}? ` : ''}${known}`,
      { option: key, known: keys },
    );
  }
  return Object.fromEntries(
    info.options.map((spec) => [spec.key, spec.key in given ? check(info, spec, given[spec.key]) : spec.default]),
  );
}

const YES = /^(true|yes|on|1)$/i;
const NO = /^(false|no|off|0)$/i;

function check({ id }: Optional, spec: OptionSpec, value: OptionValue): OptionValue {
  const bad = (expected: string): PrismError =>
    new PrismError('BAD_OPTION', `option ${spec.key} of ${id} is ${JSON.stringify(value)}, but must be ${expected}`, {
      option: spec.key,
    });
  switch (spec.type) {
    case 'boolean':
      if (typeof value === 'boolean') return value;
      if (YES.test(String(value))) return true;
      if (NO.test(String(value))) return false;
      throw bad('true or false');
    case 'integer':
    case 'number': {
      if (typeof value === 'string' && spec.choices?.includes(value)) return value;
      const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
      const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = spec;
      const fits = Number.isFinite(number) && number >= min && number <= max && typeof value !== 'boolean';
      if (!fits || (spec.type === 'integer' && !Number.isInteger(number))) throw bad(describeNumber(spec));
      return number;
    }
    case 'choice': {
      const choice = spec.choices?.find((known) => known === value);
      if (choice === undefined) throw bad(`one of ${spec.choices?.join(', ')}`);
      return choice;
    }
    default:
      if (typeof value !== 'string') throw bad(spec.type === 'file' ? 'the name of a file' : 'the name of a value');
      return value;
  }
}

function describeNumber({ type, min, max, choices = [] }: OptionSpec): string {
  const what = [...choices, type === 'integer' ? 'a whole number' : 'a number'].join(' or ');
  if (min !== undefined && max !== undefined) return `${what} from ${min} to ${max}`;
  if (min !== undefined) return `${what} of at least ${min}`;
  return max !== undefined ? `${what} of at most ${max}` : what;
}
