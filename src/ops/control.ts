import { getGraph, getInt, getInts, int } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Graph, Node } from '../graph/ir';
import { toNumbers } from '../graph/tensor';
import { constantInput, fromFront, unsupported } from './common';
import type { Expansions } from './rule';

/** Unrolling more steps than this would make graphs that take longer to compile than to run. */
const MAX_STEPS = 2048;

/** Values of the graph being built, by the names that a subgraph has for them. */
type Scope = ReadonlyMap<string, string>;

type Inline = (node: Node, b: Builder, scope: Scope) => readonly string[];

function bodyOf(node: Node, attribute: string): Graph {
  const body = getGraph(node, attribute);
  if (!body) throw unsupported(node, attribute, 'it is missing');
  return body;
}

/** Emits a subgraph's nodes and returns its outputs; names it does not define are those of the graphs around it. */
function inline(b: Builder, body: Graph, outer: Scope, bound: readonly string[]): string[] {
  const scope = new Map(outer);
  body.inputs.forEach(({ name }, index) => {
    scope.set(name, bound[index]);
  });
  for (const [name, tensor] of body.initializers) scope.set(name, b.constant(tensor));
  const find = (name: string): string => scope.get(name) ?? name;
  for (const node of body.nodes) {
    const control = node.domain === '' ? CONTROL[node.op] : undefined;
    const inputs = node.inputs.map(find);
    const outputs = control
      ? control({ ...node, inputs }, b, scope)
      : node.op === 'Identity'
        ? inputs
        : b.ops(node.op, inputs, node.outputs.length, node.attributes, node.domain);
    node.outputs.forEach((name, index) => {
      if (name) scope.set(name, outputs[index]);
    });
  }
  return body.outputs.map(({ name }) => find(name));
}

/** The boolean that a value always has; undefined when it depends on data. */
function constantTruth(b: Builder, value: string | undefined): boolean | undefined {
  if (!value) return true;
  const tensor = b.initializer(value);
  return tensor && toNumbers(tensor)[0] !== 0;
}

const stacked = (b: Builder, values: readonly string[], axis: number): string => {
  const parts = values.map((value) => b.op('Unsqueeze', [value, b.ints([axis])]));
  return parts.length === 1 ? parts[0] : b.op('Concat', parts, { axis: int(axis) });
};

/** Both branches are computed and the condition selects, since a gradient graph has no branches. */
const ifNode: Inline = (node, b, scope) => {
  const [condition] = node.inputs;
  const constant = constantTruth(b, condition);
  const branch = (attribute: string): string[] => inline(b, bodyOf(node, attribute), scope, []);
  if (constant !== undefined) return branch(constant ? 'then_branch' : 'else_branch');
  const otherwise = branch('else_branch');
  return branch('then_branch').map((value, index) => {
    if (`${b.shape(value)}` !== `${b.shape(otherwise[index])}`)
      throw unsupported(node, 'else_branch', `its output ${index} has another shape than that of then_branch`);
    return value === otherwise[index] ? value : b.op('Where', [condition, value, otherwise[index]]);
  });
};

/** Every trip is written out. Where the end depends on data, a trip after it keeps the state. */
const loop: Inline = (node, b, scope) => {
  const [trips, condition, ...initial] = node.inputs;
  const body = bodyOf(node, 'body');
  const count = trips ? (constantInput({ ...node, inputs: [trips] }, b, 0, 'M') as number[])[0] : MAX_STEPS + 1;
  if (count > MAX_STEPS) throw unsupported(node, 'M', `it allows more than ${MAX_STEPS} iterations`);
  const scans: string[][] = body.outputs.slice(1 + initial.length).map(() => []);
  let state = initial;
  let going = condition || b.bools([true], []);
  for (let trip = 0; trip < count; trip++) {
    const certain = constantTruth(b, going);
    if (certain === false) break;
    const [next, ...values] = inline(b, body, scope, [b.ints([trip], []), going, ...state]);
    if (certain === undefined && scans.length > 0)
      throw unsupported(node, 'body', 'the number of iterations depends on data, and with it the shape of an output');
    state = state.map((before, index) =>
      certain || before === values[index] ? values[index] : b.op('Where', [going, values[index], before]),
    );
    scans.forEach((scan, index) => {
      scan.push(values[initial.length + index]);
    });
    going = certain || next === going ? next : b.op('And', [going, next]);
  }
  if (scans.some((scan) => scan.length === 0)) throw unsupported(node, 'M', 'a loop without iterations has no outputs');
  return [...state, ...scans.map((scan) => stacked(b, scan, 0))];
};

const scan: Inline = (node, b, scope) => {
  const body = bodyOf(node, 'body');
  const inputCount = getInt(node, 'num_scan_inputs', 0);
  const stateCount = node.inputs.length - inputCount;
  const inputs = node.inputs.slice(stateCount);
  const outputCount = body.outputs.length - stateCount;
  const entry = (name: string, index: number): number => getInts(node, name)?.[index] ?? 0;
  const slices = inputs.map((input, index) => {
    const shape = b.shape(input);
    const axis = fromFront(entry('scan_input_axes', index), shape.length);
    const rest = shape.filter((_, i) => i !== axis);
    if (shape[axis] > MAX_STEPS) throw unsupported(node, 'body', `it has more than ${MAX_STEPS} steps`);
    const sizes = b.ints(new Array<number>(shape[axis]).fill(1));
    const parts = b.ops('Split', [input, sizes], shape[axis], { axis: int(axis) }).map((part) => b.reshape(part, rest));
    return entry('scan_input_directions', index) === 1 ? parts.reverse() : parts;
  });
  const results: string[][] = Array.from({ length: outputCount }, () => []);
  let state = node.inputs.slice(0, stateCount);
  for (let step = 0; step < slices[0].length; step++) {
    const values = inline(b, body, scope, [...state, ...slices.map((parts) => parts[step])]);
    state = values.slice(0, stateCount);
    values.slice(stateCount).forEach((value, index) => {
      if (entry('scan_output_directions', index) === 1) results[index].unshift(value);
      else results[index].push(value);
    });
  }
  return [
    ...state,
    ...results.map((values, index) =>
      stacked(b, values, fromFront(entry('scan_output_axes', index), b.rank(values[0]) + 1)),
    ),
  ];
};

const CONTROL: Readonly<Partial<Record<string, Inline>>> = { If: ifNode, Loop: loop, Scan: scan };

/** Control flow, written out. */
export const control: Expansions = Object.entries(CONTROL).map(
  ([op, inlined]) => [op, (node, b) => (inlined as Inline)(node, b, new Map())] as const,
);
