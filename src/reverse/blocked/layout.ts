import { int } from '../../graph/attributes';
import { Builder } from '../../graph/builder';
import type { Graph, Node } from '../../graph/ir';
import { prune } from '../../graph/prune';
import { elementCount } from '../../graph/tensor';
import { reads } from '../../graph/topology';
import { castTo } from '../../ops/common';
import { BLOCKED_DOMAIN, type Context, hasShape, type Pending } from './context';
import { conversionOf } from './operators';

class Walk implements Context {
  readonly b: Builder;
  readonly #nodes: Node[] = [];
  readonly #blocked = new Map<string, string>();
  readonly #pending = new Map<string, Pending>();
  /** Values that exist only in blocks so far. */
  readonly #missing = new Set<string>();
  readonly #renamed = new Map<string, string>();
  readonly #fed: Set<string>;
  readonly #readers = new Map<string, number>();
  #emitted: number;

  constructor(
    private readonly graph: Graph,
    readonly block: number,
  ) {
    this.b = new Builder({ ...graph, opsets: { ...graph.opsets, [BLOCKED_DOMAIN]: 1 } });
    this.#emitted = this.b.nodes.length;
    this.#fed = new Set(graph.inputs.map(({ name }) => name));
    for (const node of graph.nodes) {
      const inputs = [...reads(node)];
      for (const value of inputs) this.#readers.set(value, (this.#readers.get(value) ?? 0) + 1);
      if (inputs.some((value) => this.#fed.has(value))) for (const value of node.outputs) this.#fed.add(value);
    }
    for (const { name } of graph.outputs) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
  }

  run(): Graph {
    const results = new Set(this.graph.outputs.map(({ name }) => name));
    for (const node of this.graph.nodes) {
      this.#visit(node);
      // At its place among the nodes, which onnxruntime takes as a hint for the order in which to run them.
      for (const value of node.outputs) if (results.has(value)) this.plain(value);
    }
    for (const { name } of this.graph.outputs) {
      const value = this.plain(name);
      if (value !== name) this.#place({ ...IDENTITY, name, inputs: [value], outputs: [name] });
    }
    this.#flush();
    return prune({ ...this.b.graph(), nodes: this.#nodes });
  }

  #visit(node: Node): void {
    const converted = this.isConstant(node.outputs[0]) ? undefined : conversionOf(node, this);
    this.#flush();
    if (!converted) {
      const inputs = node.inputs.map((input) => this.plain(input));
      for (const value of reads(node)) this.plain(value);
      this.#place({ ...node, inputs });
      return;
    }
    const [output] = node.outputs;
    if ('either' in converted) {
      this.#renamed.set(output, converted.either);
      return;
    }
    this.#missing.add(output);
    if ('blocked' in converted) this.#blocked.set(output, converted.blocked);
    else if (this.#readers.get(output) === 1) this.#pending.set(output, converted.pending);
    else this.#blocked.set(output, this.#settle(converted.pending));
  }

  #settle({ emit, sum }: Pending): string {
    const value = emit(sum);
    this.#flush();
    return value;
  }

  #flush(): void {
    const { nodes } = this.b;
    for (; this.#emitted < nodes.length; this.#emitted++) this.#nodes.push(nodes[this.#emitted]);
  }

  #place(node: Node): void {
    this.#flush();
    this.#nodes.push(node);
  }

  isKnown(value: string): boolean {
    return hasShape(this.graph, value);
  }

  fits(value: string): boolean {
    const shape = this.b.shape(value);
    return shape.length === 4 && shape[1] % this.block === 0 && elementCount(shape.slice(2)) > 1 && shape[0] > 0;
  }

  isBlocked(value: string): boolean {
    return this.#blocked.has(value) || this.#pending.has(value);
  }

  pending(value: string): Pending | undefined {
    return this.#pending.get(value);
  }

  isConstant(value: string): boolean {
    return !this.#fed.has(value);
  }

  blocked(value: string): string {
    const known = this.#blocked.get(value);
    if (known) return known;
    const waiting = this.#pending.get(value);
    this.#pending.delete(value);
    const made = waiting ? this.#settle(waiting) : this.#enter(this.#renamed.get(value) ?? value);
    this.#blocked.set(value, made);
    return made;
  }

  #enter(value: string): string {
    const { b } = this;
    if (elementCount(b.shape(value).slice(2)) === 1) return value;
    return b.op('ReorderInput', [value], { channels_last: int(0) }, BLOCKED_DOMAIN);
  }

  plain(value: string): string {
    const renamed = this.#renamed.get(value);
    if (renamed !== undefined) return renamed;
    if (!this.#missing.has(value)) return value;
    const { b } = this;
    const made = this.blocked(value);
    const leave = (x: string): Node => ({
      op: 'ReorderOutput',
      domain: BLOCKED_DOMAIN,
      name: value,
      inputs: [x],
      outputs: [value],
      attributes: { channels: int(b.shape(value)[1]), channels_last: int(0) },
    });
    if (b.dtype(value) === 'float32') {
      this.#missing.delete(value);
      this.#place(leave(made));
      return value;
    }
    const number = b.op('ReorderOutput', [castTo(b, made, 'float32')], leave(made).attributes, BLOCKED_DOMAIN);
    const back = castTo(b, number, b.dtype(value));
    this.#flush();
    this.#renamed.set(value, back);
    return back;
  }
}

const IDENTITY = { op: 'Identity', domain: '', attributes: {} } as const;

/**
 * The same function with convolutions, and everything elementwise between them, on channels in blocks. onnxruntime
 * writes its convolutions so by itself but leaves that layout for every operator that it has no version for, though to
 * those that treat elements singly all layouts are the same.
 *
 * @param block channels in a block of this machine
 */
export function inBlockedLayout(graph: Graph, block: number): Graph {
  return new Walk(graph, block).run();
}
