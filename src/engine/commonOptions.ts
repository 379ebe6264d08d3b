import { PrismError } from '../graph/errors';
import { closest } from '../inputs/closest';
import type { MethodInfo, OptionValue } from '../methods/method';

type Given = Readonly<Record<string, OptionValue>>;
type Optional = Pick<MethodInfo, 'id' | 'options'>;

/**
 * Options that were given for several methods or metrics at once: `KEY` for all that have it, `ID.KEY` for one.
 *
 * @param what 'methods' or 'metrics', for messages
 * @returns by their identifiers
 * @throws PrismError UNKNOWN_OPTION for a key that none of them has
 */
export function commonOptions(what: string, infos: readonly Optional[], given: Given): ReadonlyMap<string, Given> {
  const out = new Map<string, Record<string, OptionValue>>(infos.map(({ id }) => [id, {}]));
  for (const [name, value] of Object.entries(given)) {
    const [only, key] = name.includes('.') ? name.split(/\.(.*)/s, 2) : [undefined, name];
    const having = infos.filter(
      ({ id, options }) => (only ?? id) === id && options.some((option) => option.key === key),
    );
    if (having.length === 0) throw unknownOption(what, name, infos);
    for (const { id } of having) {
      const own = out.get(id) ?? {};
      // What was said of one counts more than what was said of all.
      if (only !== undefined || !(`${id}.${key}` in given)) own[key] = value;
    }
  }
  return out;
}

function unknownOption(what: string, name: string, infos: readonly Optional[]): PrismError {
  const keys = [...new Set(infos.flatMap(({ options }) => options.map(({ key }) => key)))];
  const near = closest(name, keys);
  const known = keys.length > 0 ? `they have ${keys.join(', ')}` : 'they have none';
  return new PrismError(
    'UNKNOWN_OPTION',
    `none of the ${what} asked for has an option ${JSON.stringify(name)}; ${near ? `did you mean ${near}? ` : ''}${known}`,
    { option: name, known: keys },
  );
}
