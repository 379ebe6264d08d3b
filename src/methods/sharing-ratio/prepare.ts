import { getFloat, getInt } from '../../graph/attributes';
import { Builder } from '../../graph/builder';
import { type Graph, type Node, wiring } from '../../graph/ir';
import { type ChannelAxes, type Layouts, layoutsFrom, mixesLocations } from './locations';
import { substitute } from './substitute';

/** Values pass these unchanged at inference. */
const TRANSPARENT = new Set(['Identity', 'Dropout']);

/** The image-like value that a flat vector is made of, if it is one with channels first. */
function unflattened(value: string, b: Builder, layouts: Layouts, producer: ReadonlyMap<string, Node>): string | null {
  const node = producer.get(value);
  if (!node) return null;
  if (TRANSPARENT.has(node.op)) return unflattened(node.inputs[0], b, layouts, producer);
  if (node.op !== 'Flatten' && node.op !== 'Reshape') return null;
  const [x] = node.inputs;
  const channels = layouts.get(x) as ChannelAxes | undefined;
  const shape = b.shape(x);
  if (!channels || shape.length < 3 || !channels[1] || shape[0] !== 1) return null;
  const flat = b.shape(value);
  const vector = flat[flat.length - 1] === flat.reduce((total, dim) => total * dim, 1);
  return vector && mixesLocations(shape, flat, channels) ? x : null;
}

/**
 * Writes the fully connected layer behind a Flatten as the convolution that it is, with a kernel as large as its
 * input, so that its sources are locations. Other graphs come back as they are.
 */
export function flattenedAsConvolution(graph: Graph, input: string): Graph {
  const b = new Builder(graph);
  const layouts = layoutsFrom(graph.nodes, b, input);
  const { producer, consumers } = wiring(graph);
  const replacements = new Map<string, string>();
  for (const node of graph.nodes) {
    if (node.op !== 'Gemm' && node.op !== 'MatMul') continue;
    const [flat, weight, bias] = node.inputs;
    const x = unflattened(flat, b, layouts, producer);
    if (!x || !b.initializer(weight) || getInt(node, 'transA', 0) || b.rank(weight) !== 2) continue;
    if (getFloat(node, 'alpha', 1) !== 1 || getFloat(node, 'beta', 1) !== 1) continue;
    const rows = getInt(node, 'transB', 0) ? weight : b.transpose(weight, [1, 0]);
    const [outputs] = b.shape(rows);
    const kernel = b.reshape(rows, [outputs, ...b.shape(x).slice(1)]);
    // A bias written as an Add behind a MatMul belongs to the layer.
    const next = consumers.get(node.outputs[0]) ?? [];
    const added = node.op === 'MatMul' && next.length === 1 && next[0].op === 'Add' ? next[0] : null;
    const constant = added?.inputs.find((value) => b.initializer(value));
    const offset = bias || constant;
    const inputs = offset ? [x, kernel, b.expand(b.reshape(offset, [-1]), [outputs])] : [x, kernel];
    const end = constant && added ? added.outputs[0] : node.outputs[0];
    replacements.set(end, b.reshape(b.op('Conv', inputs), b.shape(end)));
  }
  return replacements.size ? substitute(b.graph(), replacements) : graph;
}
