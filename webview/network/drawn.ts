import type { Network, NetworkNode } from '../../src/protocol/flow';
import { streamsSeen } from './streams';

/** What of a network is seen when some of its modules are open. */

/** What relevance does at a place: in + sink + lost = out. */
export interface Balance {
  /** What comes from what follows. */
  readonly out: number;
  /** What goes on to what is before. */
  readonly in: number;
  readonly sink: number;
  readonly lost: number;
  /** Of two streams, what in these is of that against. */
  readonly against?: Omit<Balance, 'against'>;
}

interface Place {
  /** `n3` for a node, `g3` for a module. */
  readonly id: string;
  readonly title: string;
  /** Operator or class. */
  readonly about: string;
  /** How many modules are around it. */
  readonly level: number;
  /** The open module around it; undefined for the model itself. */
  readonly parent?: string;
  readonly balance: Balance;
}

/** A node, or a module that is closed or open. */
export interface Box extends Place {
  readonly kind: 'node' | 'input' | 'output' | 'module';
  /** Of modules: whether its parts are seen. */
  readonly open?: boolean;
  /** How many nodes are in it. */
  readonly count: number;
  /** What it makes: itself, or the last of a module. */
  readonly node: NetworkNode;
}

export interface Ribbon {
  readonly from: string;
  readonly to: string;
  readonly relevance: number;
  /** Of two streams, what in `relevance` is of that against. */
  readonly against?: number;
}

export interface Drawn {
  /** Open modules before what is in them; otherwise in the order of the model. */
  readonly boxes: readonly Box[];
  readonly ribbons: readonly Ribbon[];
}

/** A network, ready to be drawn. */
export class NetworkTree {
  readonly network: Network;
  /** Nodes of every module, in the model's order; those of modules inside it too. */
  readonly #members: readonly number[][];
  readonly #parts: readonly (readonly (readonly ['n' | 'g', number])[])[];
  readonly #balances: ReadonlyMap<string, Balance>;

  constructor(network: Network) {
    this.network = network;
    this.#members = membersOf(network);
    this.#parts = partsOf(network, this.#members);
    const balances = balancesOf(network);
    if (network.totalAgainst !== undefined) {
      const against = balancesOf(streamsSeen(network, 'against'));
      for (const [id, balance] of balances) balances.set(id, { ...balance, against: against.get(id)! });
    }
    this.#balances = balances;
  }

  /** The modules that are open at first: all of a level together, as long as no more than `most` boxes are seen. */
  firstOpen(most = 40): ReadonlySet<string> {
    const open = new Set<string>();
    let level = this.#modulesIn(0);
    let seen = this.#parts[0]!.length;
    while (level.length > 0) {
      const more = level.reduce((sum, group) => sum + this.#parts[group]!.length - 1, 0);
      if (seen + more > most) break;
      for (const group of level) open.add(`g${group}`);
      seen += more;
      level = level.flatMap((group) => this.#modulesIn(group));
    }
    return open;
  }

  #modulesIn(group: number): number[] {
    return this.#parts[group]!.flatMap(([kind, index]) => (kind === 'g' ? [index] : []));
  }

  /** The modules around a place, from the model down, itself left out. */
  around(id: string): string[] {
    const { nodes, groups } = this.network;
    const index = Number(id.slice(1));
    const found: string[] = [];
    for (let up = id.startsWith('n') ? nodes[index]!.group : groups[index]!.parent; up > 0; up = groups[up]!.parent)
      found.unshift(`g${up}`);
    return found;
  }

  /** Nodes and modules whose names have all words, the model's own order. */
  find(text: string): string[] {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    const has = (...names: readonly (string | undefined)[]): boolean => {
      const whole = names.join(' ').toLowerCase();
      return words.every((word) => whole.includes(word));
    };
    const { groups, nodes } = this.network;
    return [
      ...groups.flatMap(({ title, className }, at) => (at > 0 && has(title, className) ? [`g${at}`] : [])),
      ...nodes.flatMap(({ title, op, id }, at) => (has(title, op, id) ? [`n${at}`] : [])),
    ];
  }

  draw(open: ReadonlySet<string>): Drawn {
    const boxes: Box[] = [];
    /** The box that each node is seen in. */
    const seen = new Map<number, string>();
    const visit = (group: number, level: number): void => {
      const parent = group === 0 ? {} : { parent: `g${group}` };
      for (const [kind, index] of this.#parts[group]!) {
        const id = `${kind}${index}`;
        if (kind === 'n') {
          boxes.push({ ...this.#node(index), ...parent, level });
          seen.set(index, id);
          continue;
        }
        const isOpen = open.has(id);
        boxes.push({ ...this.#module(index), ...parent, level, open: isOpen });
        if (isOpen) visit(index, level + 1);
        else for (const member of this.#members[index]!) seen.set(member, id);
      }
    };
    visit(0, 1);
    const ribbons = new Map<string, { from: string; to: string; relevance: number; against?: number }>();
    for (const edge of this.network.edges) {
      const from = seen.get(edge.from)!;
      const to = seen.get(edge.to)!;
      if (from === to) continue;
      const ribbon = ribbons.get(`${from} ${to}`) ?? { from, to, relevance: 0 };
      ribbon.relevance += edge.relevance;
      if (edge.against !== undefined) ribbon.against = (ribbon.against ?? 0) + edge.against;
      ribbons.set(`${from} ${to}`, ribbon);
    }
    return { boxes, ribbons: [...ribbons.values()] };
  }

  #node(index: number): Omit<Box, 'level'> {
    const node = this.network.nodes[index]!;
    const { title, op, kind = 'node' } = node;
    return { id: `n${index}`, kind, title, about: op, count: 1, node, balance: this.#balances.get(`n${index}`)! };
  }

  #module(index: number): Omit<Box, 'level'> {
    const { title, className = '' } = this.network.groups[index]!;
    const members = this.#members[index]!;
    return {
      id: `g${index}`,
      kind: 'module',
      title,
      about: className,
      count: members.length,
      node: this.network.nodes[members.at(-1)!]!,
      balance: this.#balances.get(`g${index}`)!,
    };
  }
}

function membersOf({ nodes, groups }: Network): number[][] {
  const members = groups.map((): number[] => []);
  nodes.forEach(({ group }, index) => {
    for (let up = group; up >= 0; up = groups[up]!.parent) members[up]!.push(index);
  });
  return members;
}

/** Nodes and modules directly in each module, in the order of what comes first in them. */
function partsOf({ nodes, groups }: Network, members: readonly number[][]): (readonly ['n' | 'g', number])[][] {
  const parts = groups.map((): ['n' | 'g', number][] => []);
  nodes.forEach(({ group }, index) => {
    parts[group]!.push(['n', index]);
  });
  groups.forEach(({ parent }, index) => {
    if (parent >= 0) parts[parent]!.push(['g', index]);
  });
  const first = ([kind, index]: readonly ['n' | 'g', number]): number => (kind === 'n' ? index : members[index]![0]!);
  for (const list of parts) list.sort((a, b) => first(a) - first(b));
  return parts;
}

/** What happens at every node and in every module: connections that cross its border, and what stays inside. */
function balancesOf({ nodes, groups, edges }: Network): Map<string, Balance> {
  const zero = (): { out: number; in: number; sink: number; lost: number } => ({ out: 0, in: 0, sink: 0, lost: 0 });
  const ofNodes = nodes.map(zero);
  const ofGroups = groups.map(zero);
  const around = groups.map(({ parent }, index) => {
    const found = new Set([index]);
    for (let up = parent; up >= 0; up = groups[up]!.parent) found.add(up);
    return found;
  });
  nodes.forEach(({ group, sink, lost }, index) => {
    for (const balance of [ofNodes[index]!, ...[...around[group]!].map((at) => ofGroups[at]!)]) {
      balance.sink += sink;
      balance.lost += lost;
    }
  });
  for (const { from, to, relevance } of edges) {
    ofNodes[from]!.out += relevance;
    ofNodes[to]!.in += relevance;
    const source = around[nodes[from]!.group]!;
    const target = around[nodes[to]!.group]!;
    for (const group of source) if (!target.has(group)) ofGroups[group]!.out += relevance;
    for (const group of target) if (!source.has(group)) ofGroups[group]!.in += relevance;
  }
  return new Map([
    ...ofNodes.map((balance, index) => [`n${index}`, balance] as const),
    ...ofGroups.map((balance, index) => [`g${index}`, balance] as const),
  ]);
}
