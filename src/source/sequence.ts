import { type Item, UNKNOWN, type Value } from './values';

interface Step {
  readonly from: number;
  readonly to: number;
  /** What is passed on the way; nothing on a free step. */
  readonly value?: Value;
}

/** The items as a machine that reads one child a step. */
function machine(items: readonly Item[]): { steps: Step[]; states: number; end: number } {
  const steps: Step[] = [];
  let states = 1;
  const build = (list: readonly Item[], start: number): number => {
    let here = start;
    for (const item of list) {
      const next = states++;
      if (item.kind === 'one') steps.push({ from: here, to: next, value: item.value });
      else if (item.kind === 'any') {
        steps.push({ from: here, to: next }, { from: next, to: next, value: UNKNOWN });
      } else if (item.kind === 'many') {
        steps.push({ from: here, to: next }, { from: build(item.items, next), to: next });
      } else for (const option of item.options) steps.push({ from: build(option, here), to: next });
      here = next;
    }
    return here;
  };
  const end = build(items, 0);
  return { steps, states, end };
}

const MAX_POSITIONS = 2000;

/**
 * What can stand at each position of a list, when the children seen at some positions must fit and each position where
 * nothing was seen may only hold what leaves no trace. Undefined when no such list can be made.
 *
 * @param fits whether a value can be the child seen at a position
 * @param mayVanish whether a value can be at a position where nothing was seen
 * @param whole whether the list must end where the children do, but for what may vanish; else its rest may be cut off
 */
export function matchItems(
  items: readonly Item[],
  seen: ReadonlySet<number>,
  fits: (value: Value, position: number) => boolean,
  mayVanish: (value: Value) => boolean,
  whole = false,
): ReadonlyMap<number, readonly Value[]> | undefined {
  const last = Math.max(-1, ...seen);
  if (last > MAX_POSITIONS) return undefined;
  const { steps, end } = machine(items);
  const free = steps.filter(({ value }) => value === undefined);
  const reading = steps.filter((step): step is Required<Step> => step.value !== undefined);
  const close = (states: Set<number>, forward: boolean): Set<number> => {
    for (let grown = true; grown; ) {
      grown = false;
      for (const { from, to } of free) {
        const [a, b] = forward ? [from, to] : [to, from];
        if (states.has(a) && !states.has(b)) {
          states.add(b);
          grown = true;
        }
      }
    }
    return states;
  };
  const passes = (value: Value, position: number): boolean =>
    seen.has(position) ? fits(value, position) : mayVanish(value);
  const reached: Set<number>[] = [close(new Set([0]), true)];
  for (let position = 0; position <= last; position += 1) {
    const next = new Set<number>();
    for (const { from, to, value } of reading) if (reached[position].has(from) && passes(value, position)) next.add(to);
    reached.push(close(next, true));
  }
  // What follows the last child seen leaves no trace; where that cannot be, the rest was cut off.
  let ends = close(new Set([end]), false);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { from, to, value } of reading) {
      if (ends.has(to) && !ends.has(from) && mayVanish(value)) {
        ends.add(from);
        grown = true;
      }
    }
    close(ends, false);
  }
  if (![...reached[last + 1]].some((state) => ends.has(state))) {
    if (whole) return undefined;
    ends = new Set(reached[last + 1]);
  }
  if (ends.size === 0) return undefined;
  const found = new Map<number, Value[]>();
  for (let position = last; position >= 0; position -= 1) {
    const before = new Set<number>();
    const values = new Set<Value>();
    for (const { from, to, value } of reading) {
      if (!ends.has(to) || !reached[position].has(from) || !passes(value, position)) continue;
      before.add(from);
      values.add(value);
    }
    found.set(position, [...values]);
    ends = close(before, false);
  }
  return reached[last + 1].size > 0 ? found : undefined;
}
