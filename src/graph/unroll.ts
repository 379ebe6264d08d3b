import { getGraph, getInt, getInts, int } from './attributes';
import { type Attributes, type Graph, type Node, type Tensor, typeOf } from './ir';
import { renameValues } from './rename';
import { bool, int64, toNumbers } from './tensor';

/** Loops that would become more nodes than this stay loops. */
const MAX_NODES = 20_000;

/** What stands in the place of a node of control flow. */
export interface WrittenOut {
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
}

/** Collects nodes and constants under the name of the node that they replace. */
class Writer implements WrittenOut {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Tensor>();
  readonly #prefix: string;
  #made = 0;

  constructor(node: Node) {
    this.#prefix = node.name || node.outputs[0];
  }

  constant(tensor: Tensor): string {
    const name = `${this.#prefix}/~${this.#made++}`;
    this.initializers.set(name, tensor);
    return name;
  }

  op(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.ops(op, inputs, 1, attributes)[0];
  }

  ops(op: string, inputs: readonly string[], count: number, attributes: Attributes = {}): string[] {
    const outputs = Array.from({ length: count }, () => `${this.#prefix}/~${this.#made++}`);
    this.nodes.push({ op, domain: '', name: outputs[0], inputs, outputs, attributes });
    return outputs;
  }

  /** Gives values the names of the node's own outputs. */
  result(node: Node, values: readonly string[]): void {
    node.outputs.forEach((output, index) => {
      if (output === '') return;
      const inputs = [values[index]];
      this.nodes.push({ op: 'Identity', domain: '', name: output, inputs, outputs: [output], attributes: {} });
    });
  }

  /** Writes a subgraph's nodes; `place` tells several copies apart. Returns what its outputs are. */
  body(graph: Graph, bound: readonly string[], place: string): string[] {
    const names = new Map(graph.inputs.map(({ name }, index) => [name, bound[index]]));
    for (const [name, tensor] of graph.initializers) {
      names.set(name, `${this.#prefix}/${name}`);
      this.initializers.set(`${this.#prefix}/${name}`, tensor);
    }
    for (const { outputs } of graph.nodes)
      for (const output of outputs) if (output !== '') names.set(output, `${this.#prefix}/${place}${output}`);
    const rename = (value: string): string => names.get(value) ?? value;
    for (const inner of graph.nodes) {
      const own = inner.name || inner.outputs.find(Boolean) || inner.op;
      const named = { ...renameValues(inner, rename), name: `${this.#prefix}/${place}${own}` };
      this.nodes.push(named);
      // The end of a loop is often a condition that is only handed on.
      if (inner.op === 'Identity' && inner.domain === '') names.set(inner.outputs[0], named.inputs[0]);
    }
    return graph.outputs.map(({ name }) => rename(name));
  }

  /** Values one behind another along a new axis. */
  stack(values: readonly string[], axis: number): string {
    const axes = this.constant(int64([axis]));
    const parts = values.map((value) => this.op('Unsqueeze', [value, axes]));
    return this.op('Concat', parts, { axis: int(axis) });
  }
}

const truth = (tensor: Tensor | undefined): boolean | undefined => tensor && toNumbers(tensor)[0] !== 0;

/** The branch of an If whose condition is known. */
function branch(node: Node, graph: Graph): WrittenOut | undefined {
  const taken = truth(graph.initializers.get(node.inputs[0]));
  const body = taken === undefined ? undefined : getGraph(node, taken ? 'then_branch' : 'else_branch');
  if (!body) return undefined;
  const writer = new Writer(node);
  writer.result(node, writer.body(body, [], ''));
  return writer;
}

/** All iterations of a Loop whose number is known; where data may end it early, the later ones keep the state. */
function loop(node: Node, graph: Graph): WrittenOut | undefined {
  const [trips, condition, ...initial] = node.inputs;
  const body = getGraph(node, 'body');
  const limit = graph.initializers.get(trips ?? '');
  if (!body || !limit) return undefined;
  const count = toNumbers(limit)[0];
  const scanned = body.outputs.length - 1 - initial.length;
  if (!(count > 0) || count * body.nodes.length > MAX_NODES) return undefined;

  const writer = new Writer(node);
  const known = (value: string): boolean | undefined =>
    truth(writer.initializers.get(value) ?? graph.initializers.get(value));
  const scans: string[][] = Array.from({ length: scanned }, () => []);
  let state = initial;
  let going = condition || writer.constant(bool([true], []));
  for (let trip = 0; trip < count; trip++) {
    const certain = known(going);
    // How often a body runs that data or its start may stop tells the shape of what it collects.
    if (certain === false || (certain === undefined && scanned > 0)) return undefined;
    const [next, ...values] = writer.body(body, [writer.constant(int64([trip], [])), going, ...state], `${trip}/`);
    state = state.map((before, index) =>
      certain || before === values[index] ? values[index] : writer.op('Where', [going, values[index], before]),
    );
    scans.forEach((scan, index) => {
      scan.push(values[initial.length + index]);
    });
    going = certain || next === going ? next : writer.op('And', [going, next]);
  }
  writer.result(node, [...state, ...scans.map((scan) => writer.stack(scan, 0))]);
  return writer;
}

/** All steps of a Scan over axes of known length. */
function scan(node: Node, graph: Graph): WrittenOut | undefined {
  const body = getGraph(node, 'body');
  const inputCount = getInt(node, 'num_scan_inputs', 0);
  const stateCount = node.inputs.length - inputCount;
  const entry = (name: string, index: number): number => getInts(node, name)?.[index] ?? 0;
  const inputs = node.inputs.slice(stateCount).map((value, index) => {
    const shape = typeOf(graph, value)?.shape;
    const axis = entry('scan_input_axes', index);
    const place = axis < 0 ? axis + (shape?.length ?? 0) : axis;
    return { value, axis: place, length: shape?.[place], reversed: entry('scan_input_directions', index) === 1 };
  });
  const length = inputs[0]?.length;
  if (!body || typeof length !== 'number' || length === 0 || length * body.nodes.length > MAX_NODES) return undefined;

  const writer = new Writer(node);
  const ones = writer.constant(int64(new Array<number>(length).fill(1)));
  const slices = inputs.map(({ value, axis, reversed }) => {
    const axes = writer.constant(int64([axis]));
    const parts = writer.ops('Split', [value, ones], length, { axis: int(axis) });
    const rows = parts.map((part) => writer.op('Squeeze', [part, axes]));
    return reversed ? rows.reverse() : rows;
  });
  const results: string[][] = body.outputs.slice(stateCount).map(() => []);
  let state = node.inputs.slice(0, stateCount);
  for (let step = 0; step < length; step++) {
    const values = writer.body(body, [...state, ...slices.map((rows) => rows[step])], `${step}/`);
    state = values.slice(0, stateCount);
    results.forEach((result, index) => {
      result.push(values[stateCount + index]);
    });
  }
  const stacks = results.map((result, index) => {
    const ordered = entry('scan_output_directions', index) === 1 ? result.reverse() : result;
    return writer.stack(ordered, entry('scan_output_axes', index));
  });
  writer.result(node, [...state, ...stacks]);
  return writer;
}

const CONTROL: Readonly<Partial<Record<string, (node: Node, graph: Graph) => WrittenOut | undefined>>> = {
  If: branch,
  Loop: loop,
  Scan: scan,
};

/**
 * A node of control flow as the nodes that it runs: the taken branch, the iterations one after another. Undefined for
 * other nodes and where data decides what runs.
 */
export function writeOut(node: Node, graph: Graph): WrittenOut | undefined {
  return node.domain === '' ? CONTROL[node.op]?.(node, graph) : undefined;
}
