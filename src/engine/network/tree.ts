/** How many parts a module shows at once; what has more is shown in stretches. */
const MOST_CHILDREN = 30;
/** Inputs and outputs, if they are no more, are seen by themselves also where all else is shown in stretches. */
const MOST_ENDS = 4;
/** Paths go on deeper only in names that nobody reads. */
const MOST_DEPTH = 12;

/** What is sorted into modules. */
export interface Member {
  /** Names of the modules around it, from the model down. */
  readonly path: readonly string[];
  /** Classes of those modules, the model's own first. */
  readonly classes?: readonly string[];
  /** What it is called where it stands by itself. */
  readonly title: string;
  /** Lies outside of the model: an input, an output. */
  readonly outside?: boolean;
}

export interface Group {
  readonly title: string;
  /** -1 for the model itself, which is group 0. */
  readonly parent: number;
  readonly className?: string;
}

export interface Tree {
  readonly groups: readonly Group[];
  /** The group of each member, and what it is called there. */
  readonly places: readonly { readonly group: number; readonly title: string }[];
}

/** A module or a single member on its way into the tree. */
interface Child {
  readonly title: string;
  readonly members: readonly number[];
  /** How many parts of the members' paths lie at or above it; a single member is no module any more. */
  readonly depth: number;
}

/**
 * The tree of modules that members name. A module with one member is that member; a chain of modules with nothing else
 * in them is one module. A module that is used in several places is one for each place where it would otherwise seem
 * that the model goes in circles.
 *
 * @param members in topological order
 * @param next the members that follow each
 */
export function treeOf(members: readonly Member[], next: readonly (readonly number[])[]): Tree {
  return new Forest(members, next).tree();
}

class Forest {
  readonly #groups: Group[] = [{ title: '', parent: -1 }];
  readonly #places: { group: number; title: string }[] = [];
  /** Which child of the level at work a member belongs to; -1 beside it. */
  readonly #childOf: Int32Array;

  constructor(
    private readonly members: readonly Member[],
    private readonly next: readonly (readonly number[])[],
  ) {
    this.#childOf = new Int32Array(members.length).fill(-1);
  }

  tree(): Tree {
    const all = this.members.map((_, index) => index);
    let children = this.#childrenOf({ title: '', members: all, depth: 0 });
    // A name around everything says nothing.
    const [whole, ...others] = children.filter(({ members }) => !this.members[members[0]].outside);
    if (whole && whole.members.length > 1 && others.length === 0) {
      const ends = children.filter((child) => child !== whole);
      children = this.#sorted([...ends, ...this.#childrenOf(whole)]);
    }
    this.#place(0, children);
    return { groups: this.#groups, places: this.#places };
  }

  #place(group: number, children: readonly Child[]): void {
    if (children.length > MOST_CHILDREN) {
      const isEnd = ({ members }: Child): boolean => this.members[members[0]].outside === true;
      const all = children.filter(isEnd);
      const ends = all.length > MOST_ENDS ? [] : all;
      this.#place(group, ends);
      const others = children.filter((child) => !ends.includes(child));
      for (const part of this.#stretches(others, MOST_CHILDREN - ends.length)) {
        const title = part.length === 1 ? part[0].title : `${part[0].title} … ${part.at(-1)?.title}`;
        if (part.length === 1) this.#place(group, part);
        else this.#place(this.#groups.push({ title, parent: group }) - 1, part);
      }
      return;
    }
    for (const child of children) {
      const { title, members, depth } = child;
      if (members.length === 1) {
        this.#places[members[0]] = { group, title };
        continue;
      }
      const className = this.members[members[0]].classes?.[depth];
      this.#groups.push({ title, parent: group, ...(className && { className }) });
      this.#place(this.#groups.length - 1, this.#childrenOf(child));
    }
  }

  #child(path: readonly string[], depth: number, members: readonly number[]): Child {
    // Where nothing else is in a module than one other, both are one.
    let end = depth;
    const [first, ...others] = members.map((member) => this.members[member].path);
    const shared = (at: number): boolean =>
      first.length > at && others.every((other) => other.length > at && other[at] === first[at]);
    while (members.length > 1 && end < MOST_DEPTH && shared(end)) end++;
    const own = path.slice(depth - 1, end);
    // A number says nothing without the list that it counts.
    const named = depth > 1 && /^\d+$/.test(own[0]) ? [path[depth - 2], ...own] : own;
    return { title: named.join('.'), members, depth: end };
  }

  /** What a module consists of, in topological order. */
  #childrenOf(child: Child): Child[] {
    return this.#sorted(this.#partsOf(child));
  }

  #partsOf({ members, depth }: Child): Child[] {
    const buckets = new Map<string, number[]>();
    const children: Child[] = [];
    for (const member of members) {
      const { path, title } = this.members[member];
      const part = depth < MOST_DEPTH ? path[depth] : undefined;
      if (part === undefined) {
        children.push({ title, members: [member], depth });
        continue;
      }
      const bucket = buckets.get(part);
      if (bucket) bucket.push(member);
      else buckets.set(part, [member]);
    }
    for (const bucket of buckets.values()) children.push(this.#child(this.members[bucket[0]].path, depth + 1, bucket));
    return children;
  }

  /**
   * The children in topological order; those that lie on circles are taken apart into what hangs together, and one that
   * is most of the whole into its own children.
   */
  #sorted(children: readonly Child[]): Child[] {
    const before = this.#circles(children);
    if (before.size === 0) return this.#order(children);
    const whole = children.reduce((sum, { members }) => sum + members.length, 0);
    const most = children.find((child, index) => before.has(index) && child.members.length > whole / 2);
    if (most && most.members.length > 1)
      return this.#sorted(children.flatMap((child) => (child === most ? this.#partsOf(most) : [child])));
    return this.#order(
      children.flatMap((child, index) => {
        const parts = before.has(index) ? this.#pieces(child.members) : [];
        if (parts.length < 2) return [child];
        return parts.map((members, part) => ({ ...child, members, title: `${child.title} · ${part + 1}` }));
      }),
    );
  }

  /** Which children follow each. */
  #links(children: readonly Child[]): Set<number>[] {
    children.forEach(({ members }, index) => {
      for (const member of members) this.#childOf[member] = index;
    });
    const links = children.map(({ members }, index) => {
      const found = new Set<number>();
      for (const member of members)
        for (const follower of this.next[member]) {
          const other = this.#childOf[follower];
          if (other >= 0 && other !== index) found.add(other);
        }
      return found;
    });
    for (const { members } of children) for (const member of members) this.#childOf[member] = -1;
    return links;
  }

  /** The children that lie on circles or between two. */
  #circles(children: readonly Child[]): Set<number> {
    const forward = this.#links(children);
    const backward = reversed(forward);
    const left = new Set(children.keys());
    for (const links of [forward, backward]) {
      for (const done of peel(links, left)) left.delete(done);
    }
    return left;
  }

  #order(children: readonly Child[]): Child[] {
    const links = this.#links(children);
    const order = peel(links, new Set(children.keys()), (index) => children[index].members[0]);
    const ordered = new Set(order);
    const missing = [...children.keys()].filter((index) => !ordered.has(index));
    const rest = missing.sort((a, b) => children[a].members[0] - children[b].members[0]);
    return [...order, ...rest].map((index) => children[index]);
  }

  /** Members that hang together, those that come first in front. */
  #pieces(members: readonly number[]): number[][] {
    const own = new Set(members);
    const parent = new Map(members.map((member) => [member, member]));
    const rootOf = (member: number): number => {
      let root = member;
      for (let up = parent.get(root) as number; up !== root; up = parent.get(root) as number) root = up;
      parent.set(member, root);
      return root;
    };
    for (const member of members)
      for (const follower of this.next[member]) if (own.has(follower)) parent.set(rootOf(follower), rootOf(member));
    const pieces = new Map<number, number[]>();
    for (const member of members) {
      const root = rootOf(member);
      const piece = pieces.get(root);
      if (piece) piece.push(member);
      else pieces.set(root, [member]);
    }
    return [...pieces.values()];
  }

  /** Cuts a long list where few connections cross. */
  #stretches(children: readonly Child[], most: number): Child[][] {
    const { length } = children;
    const count = Math.min(most, Math.ceil(length / (MOST_CHILDREN / 2)));
    const crossing = new Int32Array(length + 1);
    this.#links(children).forEach((followers, index) => {
      for (const follower of followers) {
        crossing[Math.min(index, follower) + 1]++;
        crossing[Math.max(index, follower) + 1]--;
      }
    });
    for (let at = 1; at <= length; at++) crossing[at] += crossing[at - 1];
    const slack = Math.floor(length / count / 3);
    const parts: Child[][] = [];
    let start = 0;
    for (let part = 1; part < count; part++) {
      const middle = Math.round((part * length) / count);
      let best = middle;
      for (let off = 1; off <= slack; off++)
        for (const at of [middle - off, middle + off]) if (crossing[at] < crossing[best]) best = at;
      parts.push(children.slice(start, best));
      start = best;
    }
    parts.push(children.slice(start));
    return parts.filter((part) => part.length > 0);
  }
}

function reversed(links: readonly ReadonlySet<number>[]): Set<number>[] {
  const back = links.map(() => new Set<number>());
  links.forEach((followers, index) => {
    for (const follower of followers) back[follower].add(index);
  });
  return back;
}

/**
 * Takes away one after the other whatever nothing before it is left of; what lies on circles and behind them stays.
 *
 * @param rank among several the one with the lowest rank goes first
 */
function peel(
  links: readonly ReadonlySet<number>[],
  left: ReadonlySet<number>,
  rank: (index: number) => number = (index) => index,
): number[] {
  const waiting = new Map<number, number>();
  for (const index of left)
    for (const follower of links[index]) waiting.set(follower, (waiting.get(follower) ?? 0) + 1);
  const ready: number[] = [];
  const add = (index: number): void => {
    let low = 0;
    for (let high = ready.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (rank(ready[middle]) > rank(index)) low = middle + 1;
      else high = middle;
    }
    ready.splice(low, 0, index);
  };
  for (const index of left) if (!waiting.has(index)) add(index);
  const order: number[] = [];
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    order.push(index);
    for (const follower of links[index]) {
      if (!left.has(follower)) continue;
      const count = (waiting.get(follower) as number) - 1;
      waiting.set(follower, count);
      if (count === 0) add(follower);
    }
  }
  return order;
}
