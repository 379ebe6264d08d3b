import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import type { Movement } from '../../reverse/movements';
import type { LedgerEntry } from '../method';
import type { Flow } from './flow';
import { type Amount, Sums } from './sums';

type Account = 'sink' | 'lost';

interface Kept {
  readonly sink: Amount[];
  readonly lost: Amount[];
}

/** The books of one walk: sums of everything that moves, as graph values, and which node each belongs to. */
export class Ledger {
  readonly #b: Builder;
  readonly #sums: Sums;
  /** Relevance that a value received, and which node gave it. */
  readonly #moves: { readonly node: Node; readonly value: string; readonly amounts: readonly Amount[] }[] = [];
  /** Node (by its first output) → what stays there. */
  readonly #kept = new Map<string, Kept>();
  /** Of nodes that others were written out in: shape → what stays, to be added up before it is summed. */
  readonly #inner = new Map<string, Record<Account, Map<string, string[]>>>();
  /** What nodes that stand for another one were emitted for. */
  readonly #owners = new Map<string, Node>();

  constructor(b: Builder) {
    this.#b = b;
    this.#sums = new Sums(b);
  }

  /** Everything that a node was written out in counts for that node. */
  owns(node: Node, parts: readonly Node[]): void {
    const owner = this.#owners.get(node.outputs[0]) ?? node;
    for (const { outputs } of parts) this.#owners.set(outputs[0], owner);
  }

  /** Notes relevance that reaches an input of a node. */
  move(node: Node, value: string, flow: Flow): void {
    if (this.#owners.has(node.outputs[0])) return;
    this.#moves.push({ node, value, amounts: flow.map((stream) => this.#sums.of(stream, 1)) });
  }

  /**
   * Notes relevance that stays: a value's elements, each times a number.
   *
   * @param weight a vector over channels or the last axis, or anything else that broadcasts against the value
   */
  keep(node: Node, account: Account, value: string, { weight, factor = 1 }: { weight?: string; factor?: number } = {}) {
    const owner = this.#owners.get(node.outputs[0]);
    if (owner) {
      const b = this.#b;
      const whole = weight === undefined ? value : b.mul(value, weight);
      const amount = b.scale(whole, factor);
      const inner = this.#inner.get(owner.outputs[0]) ?? { sink: new Map(), lost: new Map() };
      this.#inner.set(owner.outputs[0], inner);
      const shape = b.shape(amount).join();
      inner[account].set(shape, [...(inner[account].get(shape) ?? []), amount]);
      return;
    }
    this.#keptBy(node.outputs[0])[account].push(this.#sums.of(value, factor, weight));
  }

  #keptBy(node: string): Kept {
    const known = this.#kept.get(node) ?? { sink: [], lost: [] };
    this.#kept.set(node, known);
    return known;
  }

  /**
   * Closes the books.
   *
   * @param seeds what flowed into the output
   * @param roots what arrived at the inputs
   * @returns how to write the sums into the graph, and how to read them
   */
  close(output: string, seeds: Flow, roots: readonly Flow[]): Books {
    const b = this.#b;
    const amounts = (flow: Flow): Amount[] => flow.map((stream) => this.#sums.of(stream, 1));
    const [begun, reached] = [amounts(seeds), roots.flatMap(amounts)];
    for (const [owner, accounts] of this.#inner) {
      for (const account of ['sink', 'lost'] as const)
        for (const values of accounts[account].values())
          this.#keptBy(owner)[account].push(this.#sums.of(values.length === 1 ? values[0] : b.op('Sum', values), 1));
    }
    const places = this.#sums.places();
    const place = ({ sum, factor }: Amount): Place => {
      const [from, to] = places.get(sum) as readonly [number, number];
      return { from, to, factor };
    };
    const received = new Map<string, Place[]>();
    const given = new Map<string, Place[]>();
    const nodes = new Map<string, Node>();
    const steps: (Omit<Movement, 'relevance'> & { readonly places: readonly Place[] })[] = [];
    const note = (map: Map<string, Place[]>, key: string, moved: readonly Amount[]): void => {
      const list = map.get(key) ?? [];
      list.push(...moved.map(place));
      map.set(key, list);
    };
    const started = begun.map(place);
    const isContrast = seeds.length === 2;
    const arrived = reached.map(place);
    received.set(output, [...started]);
    for (const { node, value, amounts: moved } of this.#moves) {
      note(received, value, moved);
      note(given, node.outputs[0], moved);
      nodes.set(node.outputs[0], node);
      steps.push({ node: node.outputs[0], value, places: moved.map(place) });
    }
    for (const node of b.nodes) {
      if (this.#kept.has(node.outputs[0]) && !nodes.has(node.outputs[0])) nodes.set(node.outputs[0], node);
    }
    const rows = [...nodes].map(([key, node]) => ({
      key,
      op: node.op,
      out: node.outputs.flatMap((value) => received.get(value) ?? []),
      in: given.get(key) ?? [],
      sink: (this.#kept.get(key)?.sink ?? []).map(place),
      lost: (this.#kept.get(key)?.lost ?? []).map(place),
    }));
    return {
      write: () => this.#sums.write([...places.keys()]),
      read(numbers) {
        const sum = (entries: readonly Place[]): number =>
          entries.reduce((total, entry) => total + partOf(numbers, entry), 0);
        return {
          started: sum(started),
          ...(isContrast && { startedAgainst: partOf(numbers, started[1]) }),
          arrived: sum(arrived),
          moves: steps.map(({ places: parts, ...step }) => ({
            ...step,
            relevance: sum(parts),
            ...(isContrast && { against: partOf(numbers, parts[1]) }),
          })),
          entries: rows.map(({ key, op, ...row }) => ({
            value: key,
            op,
            out: sum(row.out),
            in: sum(row.in),
            sink: sum(row.sink),
            lost: sum(row.lost),
          })),
        };
      },
    };
  }
}

/** Where an amount stands in the vector of all. */
interface Place {
  readonly from: number;
  readonly to: number;
  readonly factor: number;
}

function partOf(numbers: ArrayLike<number>, { from, to, factor }: Place): number {
  let total = 0;
  for (let i = from; i < to; i++) total += numbers[i];
  return factor * total;
}

/** All sums of a walk. */
export interface Books {
  /**
   * Adds them to the graph as one vector. Last of all: onnxruntime begins with what the last node reads, and the walk
   * runs in the order of its sums then.
   */
  write(): string;
  read(numbers: ArrayLike<number>): Balance;
}

export interface Balance {
  /** Relevance of the output. */
  readonly started: number;
  /** Of two streams, what of it is that against. */
  readonly startedAgainst?: number;
  /** Relevance of the inputs. */
  readonly arrived: number;
  readonly entries: readonly LedgerEntry[];
  /** What went from node to node. */
  readonly moves: readonly Movement[];
}
