import { getGraph, getInt, getInts } from '../../../src/graph/attributes';
import type { Graph, Node } from '../../../src/graph/ir';
import { axisOf, type NdArray, ndarray, offsets, stridesOf, take } from './array';
import type { Family, Operator } from './operator';

function body(node: Node, name: string): Graph {
  const graph = getGraph(node, name);
  if (!graph) throw new Error(`${node.op} without ${name}`);
  return graph;
}

/** Equal arrays put together along a new axis. */
function stack(parts: readonly NdArray[], axis: number): NdArray {
  const { dtype, shape } = parts[0];
  const at = axisOf(axis, shape.length + 1);
  const whole = ndarray(dtype, [...shape.slice(0, at), parts.length, ...shape.slice(at)]);
  const strides = stridesOf(whole.shape);
  const others = strides.filter((_, i) => i !== at);
  parts.forEach((part, i) => {
    offsets(shape, others, i * strides[at]).forEach((to, k) => {
      whole.data[to] = part.data[k];
    });
  });
  return whole;
}

/** One slice across an axis, which is dropped. */
function unstack(x: NdArray, axis: number, index: number): NdArray {
  const strides = stridesOf(x.shape);
  const shape = x.shape.filter((_, i) => i !== axis);
  return take(
    x,
    shape,
    offsets(
      shape,
      strides.filter((_, i) => i !== axis),
      index * strides[axis],
    ),
  );
}

const branch: Operator = ({ node, input, subgraph }) =>
  subgraph(body(node, input(0).data[0] ? 'then_branch' : 'else_branch'), []);

const loop: Operator = ({ node, inputs, subgraph }) => {
  const graph = body(node, 'body');
  const trips = inputs[0]?.data[0] ?? Number.POSITIVE_INFINITY;
  let going = inputs[1]?.data[0] ?? 1;
  let carried = inputs.slice(2) as NdArray[];
  const collected: NdArray[][] = Array.from({ length: graph.outputs.length - 1 - carried.length }, () => []);
  for (let i = 0; i < trips && going; i++) {
    const [condition, ...rest] = subgraph(graph, [ndarray('int64', [], [i]), ndarray('bool', [], [going]), ...carried]);
    going = condition.data[0];
    collected.forEach((list, k) => {
      list.push(rest[carried.length + k]);
    });
    carried = rest.slice(0, carried.length);
  }
  return [...carried, ...collected.map((list) => stack(list, 0))];
};

const scan: Operator = ({ node, inputs, subgraph }) => {
  const graph = body(node, 'body');
  const count = getInt(node, 'num_scan_inputs', 1);
  let states = inputs.slice(0, -count) as NdArray[];
  const scanned = inputs.slice(-count) as NdArray[];
  const outputs = graph.outputs.length - states.length;
  const flag = (name: string, i: number): number => getInts(node, name)?.[i] ?? 0;
  const axes = scanned.map((x, i) => axisOf(flag('scan_input_axes', i), x.shape.length));
  const length = scanned[0].shape[axes[0]];
  const collected: NdArray[][] = Array.from({ length: outputs }, () => []);
  for (let step = 0; step < length; step++) {
    const slices = scanned.map((x, i) =>
      unstack(x, axes[i], flag('scan_input_directions', i) ? length - 1 - step : step),
    );
    const results = subgraph(graph, [...states, ...slices]);
    states = results.slice(0, states.length);
    collected.forEach((list, k) => {
      if (flag('scan_output_directions', k)) list.unshift(results[states.length + k]);
      else list.push(results[states.length + k]);
    });
  }
  return [...states, ...collected.map((list, k) => stack(list, flag('scan_output_axes', k)))];
};

export const control: Family = { If: branch, Loop: loop, Scan: scan };
