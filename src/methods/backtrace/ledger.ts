import { int } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { elementCount } from '../../graph/tensor';
import type { LedgerEntry } from '../method';
import type { Flow } from './flow';

type Account = 'sink' | 'lost';

/** The books of one walk: sums of everything that moves, as graph values, and which node each belongs to. */
export class Ledger {
  readonly #b: Builder;
  readonly #sums = new Map<string, string>();
  /** Relevance that a value received, and which node gave it. */
  readonly #moves: { readonly node: Node; readonly value: string; readonly sums: readonly string[] }[] = [];
  /** Node (by its first output) → account → shape → what stays. */
  readonly #kept = new Map<string, Record<Account, Map<string, string[]>>>();
  /** What nodes that stand for another one were emitted for. */
  readonly #owners = new Map<string, Node>();

  constructor(b: Builder) {
    this.#b = b;
  }

  /** Everything that a node was written out in counts for that node. */
  owns(node: Node, parts: readonly Node[]): void {
    const owner = this.#ownerOf(node);
    for (const { outputs } of parts) this.#owners.set(outputs[0], owner);
  }

  #ownerOf(node: Node): Node {
    return this.#owners.get(node.outputs[0]) ?? node;
  }

  /** Notes relevance that reaches an input of a node. */
  move(node: Node, value: string, flow: Flow): void {
    if (this.#owners.has(node.outputs[0])) return;
    this.#moves.push({ node, value, sums: flow.map((stream) => this.total(stream)) });
  }

  /** Notes relevance that stays: `factor` ⊙ `weight` where one is given, which broadcasts against it. */
  keep(node: Node, account: Account, factor: string, weight?: string): void {
    const b = this.#b;
    let amount = factor;
    if (weight !== undefined) {
      const own = b.shape(weight);
      const shape = b.shape(factor);
      const isPerChannel = shape.length > 2 && shape.length < 6 && own.length === shape.length - 1 && elementCount(own) === own[0];
      if (isPerChannel && own[0] === shape[1]) {
        amount = b.mul(
          b.sum(b.reshape(this.#perChannel(factor), [-1, own[0]]), [0], false),
          b.reshape(weight, [own[0]]),
        );
      } else {
        const joined = elementCount(own) < elementCount(shape) ? b.sumTo(factor, own) : factor;
        amount = b.mul(joined, weight);
      }
    }
    const owner = this.#ownerOf(node).outputs[0];
    const accounts = this.#kept.get(owner) ?? { sink: new Map(), lost: new Map() };
    this.#kept.set(owner, accounts);
    const shape = b.shape(amount).join();
    accounts[account].set(shape, [...(accounts[account].get(shape) ?? []), amount]);
  }

  /** Σ over everything, shape [1]. */
  total(value: string): string {
    const b = this.#b;
    const known = this.#sums.get(value);
    if (known) return known;
    const shape = b.shape(value);
    const isImage = (shape.length === 4 || shape.length === 5) && elementCount(shape.slice(2)) > 1;
    const small = isImage ? this.#perChannel(value) : value;
    const sum = b.op('ReduceSum', [b.reshape(small, [-1]), b.ints([0])], { keepdims: int(1) });
    this.#sums.set(value, sum);
    return sum;
  }

  /** Sums over positions, [N, C, 1…]. onnxruntime takes means within the layout of its convolutions. */
  #perChannel(value: string): string {
    const b = this.#b;
    const shape = b.shape(value);
    return b.scale(b.op('GlobalAveragePool', [value]), elementCount(shape.slice(2)));
  }

  /**
   * Closes the books.
   *
   * @param seeds what flowed into the output
   * @returns a vector of the graph, and how to read it
   */
  close(output: string, seeds: Flow): { readonly values: string; read(numbers: ArrayLike<number>): LedgerEntry[] } {
    const b = this.#b;
    const names: string[] = [];
    const places = new Map<string, number>();
    const place = (sum: string): number => {
      const known = places.get(sum);
      if (known !== undefined) return known;
      places.set(sum, names.length);
      names.push(sum);
      return names.length - 1;
    };
    const received = new Map<string, number[]>();
    const given = new Map<string, number[]>();
    const nodes = new Map<string, Node>();
    const note = (map: Map<string, number[]>, key: string, sums: readonly string[]): void => {
      map.set(key, [...(map.get(key) ?? []), ...sums.map(place)]);
    };
    note(
      received,
      output,
      seeds.map((stream) => this.total(stream)),
    );
    for (const { node, value, sums } of this.#moves) {
      note(received, value, sums);
      note(given, node.outputs[0], sums);
      nodes.set(node.outputs[0], node);
    }
    const accounts = (key: string, account: Account): number[] =>
      [...(this.#kept.get(key)?.[account].values() ?? [])].map((amounts) =>
        place(this.total(amounts.length === 1 ? amounts[0] : b.op('Sum', amounts))),
      );
    for (const node of b.nodes) {
      if (this.#kept.has(node.outputs[0]) && !nodes.has(node.outputs[0])) nodes.set(node.outputs[0], node);
    }
    const rows = [...nodes].map(([key, node]) => ({
      key,
      op: node.op,
      out: node.outputs.flatMap((value) => received.get(value) ?? []),
      in: given.get(key) ?? [],
      sink: accounts(key, 'sink'),
      lost: accounts(key, 'lost'),
    }));
    const values = names.length === 1 ? names[0] : b.op('Concat', names, { axis: int(0) });
    return {
      values,
      read(numbers) {
        const sum = (entries: readonly number[]): number => entries.reduce((total, at) => total + numbers[at], 0);
        return rows.map(({ key, op, ...row }) => ({
          value: key,
          op,
          out: sum(row.out),
          in: sum(row.in),
          sink: sum(row.sink),
          lost: sum(row.lost),
        }));
      },
    };
  }
}
