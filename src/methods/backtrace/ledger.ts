import { int } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { elementCount } from '../../graph/tensor';
import { castTo } from '../../ops/common';
import type { Movement } from '../../reverse/movements';
import type { LedgerEntry } from '../method';
import type { Flow } from './flow';

type Account = 'sink' | 'lost';

/** A small value of the graph whose elements, times a factor, add up to an amount of relevance. */
interface Amount {
  readonly value: string;
  readonly factor: number;
}

interface Kept {
  readonly sink: Amount[];
  readonly lost: Amount[];
}

/** The books of one walk: sums of everything that moves, as graph values, and which node each belongs to. */
export class Ledger {
  readonly #b: Builder;
  readonly #sums = new Map<string, Amount>();
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
  }

  /** Everything that a node was written out in counts for that node. */
  owns(node: Node, parts: readonly Node[]): void {
    const owner = this.#owners.get(node.outputs[0]) ?? node;
    for (const { outputs } of parts) this.#owners.set(outputs[0], owner);
  }

  /** Notes relevance that reaches an input of a node. */
  move(node: Node, value: string, flow: Flow): void {
    if (this.#owners.has(node.outputs[0])) return;
    this.#moves.push({ node, value, amounts: flow.map((stream) => this.total(stream)) });
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
    const own = this.#keptBy(node.outputs[0]);
    own[account].push(weight === undefined ? this.total(value, factor) : this.#weighted(value, weight, factor));
  }

  #keptBy(node: string): Kept {
    const known = this.#kept.get(node) ?? { sink: [], lost: [] };
    this.#kept.set(node, known);
    return known;
  }

  #weighted(value: string, weight: string, factor: number): Amount {
    const b = this.#b;
    const sum = this.#sums.get(value) ?? this.total(value);
    const size = elementCount(b.shape(weight));
    const isBesideChannels =
      this.#isImage(value) && b.shape(weight)[0] === size && b.rank(weight) === b.rank(value) - 1;
    const isLast = b.shape(weight).at(-1) === size && !this.#isImage(value);
    const shape = b.shape(sum.value);
    if ((isBesideChannels || isLast) && elementCount(shape) === size) {
      return { value: b.mul(sum.value, b.reshape(weight, shape)), factor: sum.factor * factor };
    }
    return this.total(b.mul(value, weight), factor);
  }

  #isImage(value: string): boolean {
    const shape = this.#b.shape(value);
    return (shape.length === 4 || shape.length === 5) && shape[0] === 1 && elementCount(shape.slice(2)) > 1;
  }

  /** Everything in a value: one number for each of its channels or each element of its last axis. */
  total(value: string, factor = 1): Amount {
    const b = this.#b;
    const known = this.#sums.get(value);
    if (known) return { ...known, factor: known.factor * factor };
    const shape = b.shape(value);
    const amount = this.#isImage(value)
      ? // onnxruntime takes means within the layout of its convolutions, which a sum over axes would leave.
        { value: b.op('GlobalAveragePool', [value]), factor: elementCount(shape.slice(2)) }
      : { value: this.#sumToLast(value), factor: 1 };
    this.#sums.set(value, amount);
    return { ...amount, factor: amount.factor * factor };
  }

  #sumToLast(value: string): string {
    const b = this.#b;
    const shape = b.shape(value);
    const isVector = elementCount(shape) === (shape.at(-1) ?? 1);
    return isVector ? value : b.sum(value, [...shape.slice(0, -1).keys()]);
  }

  /**
   * The values one behind another. onnxruntime runs what makes a node's inputs in the order in which the inputs were
   * written down, backward. So that each sum is taken when its summands are made, and they need not be kept until the
   * end, what was made last is written down first.
   */
  #joined(values: readonly string[]): string {
    const b = this.#b;
    const made = new Map(b.nodes.flatMap(({ outputs }, place) => outputs.map((output) => [output, place] as const)));
    const vectors = new Map<string, string>();
    for (const value of values.toSorted((one, other) => (made.get(other) ?? -1) - (made.get(one) ?? -1)))
      vectors.set(value, castTo(b, b.reshape(value, [elementCount(b.shape(value))]), 'float32'));
    const parts = values.map((value) => vectors.get(value) as string);
    return parts.length === 1 ? parts[0] : b.op('Concat', parts, { axis: int(0) });
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
    const places = new Map<string, readonly [number, number]>();
    let length = 0;
    const place = ({ value, factor }: Amount): Place => {
      const span = places.get(value) ?? [length, length + elementCount(b.shape(value))];
      places.set(value, span);
      length = Math.max(length, span[1]);
      return { from: span[0], to: span[1], factor };
    };
    const received = new Map<string, Place[]>();
    const given = new Map<string, Place[]>();
    const nodes = new Map<string, Node>();
    const steps: (Omit<Movement, 'relevance'> & { readonly places: readonly Place[] })[] = [];
    const note = (map: Map<string, Place[]>, key: string, amounts: readonly Amount[]): void => {
      const list = map.get(key) ?? [];
      list.push(...amounts.map(place));
      map.set(key, list);
    };
    const totals = (flow: Flow): Place[] => flow.map((stream) => place(this.total(stream)));
    const started = totals(seeds);
    const isContrast = seeds.length === 2;
    const arrived = roots.flatMap(totals);
    received.set(output, [...started]);
    for (const { node, value, amounts } of this.#moves) {
      note(received, value, amounts);
      note(given, node.outputs[0], amounts);
      nodes.set(node.outputs[0], node);
      steps.push({ node: node.outputs[0], value, places: amounts.map(place) });
    }
    for (const [owner, accounts] of this.#inner) {
      for (const account of ['sink', 'lost'] as const)
        for (const values of accounts[account].values())
          this.#keptBy(owner)[account].push(this.total(values.length === 1 ? values[0] : b.op('Sum', values)));
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
      write: () => this.#joined([...places.keys()]),
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
