import type { Random } from '../sampling/random';
import type { Coalition } from './game';

/** A coalition with its weight in KernelSHAP's regression. */
export interface WeightedCoalition {
  readonly shown: Coalition;
  readonly weight: number;
}

export interface Coalitions {
  readonly count: number;
  /** In the order in which they are best asked for: an estimate exists early. */
  readonly items: Iterable<WeightedCoalition>;
  /** False when these are all coalitions there are, so that nothing was drawn. */
  readonly sampled: boolean;
}

/** All coalitions beside the empty and the full one. */
export const properCoalitions = (features: number): number => 2 ** features - 2;

/** The fewest coalitions that tell the features apart: each alone, and all but each. */
export const fewestCoalitions = (features: number): number => Math.min(2 * features, properCoalitions(features));

function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= k; i++) value = (value * (n - k + i)) / i;
  return Math.round(value);
}

/** What all coalitions of a size weigh together: C(M, s) π(s) = (M − 1) / (s (M − s)). */
const weightOfSize = (features: number, size: number): number => (features - 1) / (size * (features - size));

/** A size and that of the complements. */
const pairOf = (features: number, size: number): number[] => (2 * size === features ? [size] : [size, features - size]);

/** All coalitions of a size, in lexicographic order of their members. */
function* ofSize(features: number, size: number): Generator<Coalition> {
  const members = Array.from({ length: size }, (_, i) => i);
  for (;;) {
    yield coalition(features, members);
    let last = size - 1;
    while (last >= 0 && members[last] === features - size + last) last--;
    if (last < 0) return;
    members[last]++;
    for (let i = last + 1; i < size; i++) members[i] = members[i - 1] + 1;
  }
}

function coalition(features: number, members: readonly number[]): Coalition {
  const shown = new Uint8Array(features);
  for (const member of members) shown[member] = 1;
  return shown;
}

/**
 * Coalitions for KernelSHAP (Lundberg, Lee 2017), the sizes that weigh most first: whole sizes, with their complements,
 * as long as drawing would be expected to bring all of them; of the others random ones with their complements, which
 * share what weight is left.
 *
 * @param budget how many may be asked for; at least {@link fewestCoalitions}
 */
export function kernelCoalitions(features: number, budget: number, random: Random): Coalitions {
  const most = Math.floor(features / 2);
  const exhaustive = budget >= properCoalitions(features);
  const weightFrom = (size: number): number => {
    let weight = 0;
    for (let s = size; s <= most; s++) weight += weightOfPair(features, s);
    return weight;
  };
  let left = budget;
  let whole = 0;
  for (let size = 1; size <= most; size++) {
    const cost = pairOf(features, size).length * binomial(features, size);
    const expected = left * (weightOfPair(features, size) / weightFrom(size));
    if (!exhaustive && size > 1 && expected < cost) break;
    left -= cost;
    whole = size;
  }
  function* enumerated(): Generator<WeightedCoalition> {
    for (let pair = 1; pair <= whole; pair++) {
      for (const size of pairOf(features, pair)) {
        const weight = weightOfSize(features, size) / binomial(features, size);
        for (const shown of ofSize(features, size)) yield { shown, weight };
      }
    }
  }
  if (exhaustive) return { count: properCoalitions(features), items: enumerated(), sampled: false };
  const drawn = draw(features, whole + 1, left, random, weightFrom(whole + 1));
  function* all(): Generator<WeightedCoalition> {
    yield* enumerated();
    yield* drawn;
  }
  return { count: budget - left + drawn.length, items: all(), sampled: true };
}

const weightOfPair = (features: number, size: number): number =>
  pairOf(features, size).length * weightOfSize(features, size);

/** Draws until there are so many different ones; what comes again weighs more. */
function draw(features: number, smallest: number, wanted: number, random: Random, weight: number): WeightedCoalition[] {
  const most = Math.floor(features / 2);
  const sizes = Array.from({ length: most - smallest + 1 }, (_, i) => smallest + i);
  const cumulative = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((sum, s) => sum + weightOfPair(features, s), 0));
  const order = Array.from({ length: features }, (_, i) => i);
  const times = new Map<string, { readonly shown: Coalition; count: number }>();
  const note = (shown: Coalition): void => {
    const key = shown.join('');
    const known = times.get(key);
    if (known) known.count++;
    else times.set(key, { shown, count: 1 });
  };
  let draws = 0;
  while (times.size + 2 <= wanted && draws < 8 * wanted) {
    const at = random.uniform() * weight;
    const size = sizes[cumulative.findIndex((sum) => at < sum)] ?? most;
    shuffle(order, random, size);
    const shown = coalition(features, order.slice(0, size));
    note(shown);
    note(shown.map((isShown) => 1 - isShown));
    draws += 2;
  }
  return Array.from(times.values(), ({ shown, count }) => ({ shown, weight: (weight * count) / draws }));
}

/** Puts random elements into the first `count` places (Fisher and Yates). */
export function shuffle(items: number[], random: Random, count = items.length): void {
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random.uniform() * (items.length - i));
    [items[i], items[j]] = [items[j], items[i]];
  }
}
