import { getFloat, getInt, omit } from './attributes';
import { Builder } from './builder';
import { type Graph, type Node, wiring } from './ir';
import { float32, toNumbers } from './tensor';
import { sortNodes } from './topology';

export interface FoldOptions {
  /** false leaves epsilon out of the bias, as some published codes do; true is exact. */
  readonly epsilonInBias: boolean;
}

/**
 * Folds batch normalisation (inference) into the convolution or Gemm before it, where nothing else reads that one's
 * result. The scale is computed in float64 and multiplied into the weight in the graph, where onnxruntime folds it: no
 * weight is copied. The folded node makes the value that the BatchNormalization made.
 */
export function foldBatchNorm(graph: Graph, options: FoldOptions = { epsilonInBias: true }): Graph {
  const b = new Builder(graph);
  const { producer, consumers } = wiring(graph);
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const folded = new Map<Node, Node>();
  const gone = new Set<Node>();
  for (const norm of graph.nodes) {
    if (norm.op !== 'BatchNormalization' || getInt(norm, 'training_mode', 0) || norm.outputs.length > 1) continue;
    const [x] = norm.inputs;
    const layer = producer.get(x);
    const parameters = norm.inputs.slice(1).map((value) => graph.initializers.get(value));
    if (!layer || !isLinear(layer, b) || outputs.has(x) || consumers.get(x)?.length !== 1) continue;
    if (parameters.some((parameter) => parameter?.dtype !== 'float32') || b.dtype(x) !== 'float32') continue;
    const bias = layer.inputs[2] ? graph.initializers.get(layer.inputs[2]) : undefined;
    // The bias of a Gemm may be any shape that broadcasts.
    if (layer.inputs[2] && `${bias?.shape}` !== `${parameters[0]?.shape}`) continue;
    const [gamma, beta, mean, variance] = parameters.map((parameter) =>
      toNumbers(parameter as NonNullable<typeof parameter>),
    );
    const epsilon = getFloat(norm, 'epsilon', 1e-5);
    const scale = gamma.map((value, i) => value / Math.sqrt(variance[i] + epsilon));
    const start = bias ? toNumbers(bias) : new Float64Array(gamma.length);
    const offset = beta.map((value, i) => {
      const shift = options.epsilonInBias ? scale[i] : gamma[i] / Math.sqrt(variance[i]);
      return value + start[i] * scale[i] - mean[i] * shift;
    });
    const weight = scaledWeight(b, layer, float32Values(b, scale), scale.length);
    const inputs = [layer.inputs[0], weight, b.constant(float32(Float32Array.from(offset)))];
    const attributes = layer.op === 'Gemm' ? omit(layer.attributes, 'beta') : layer.attributes;
    folded.set(norm, {
      ...layer,
      inputs,
      outputs: norm.outputs,
      attributes,
      metadata: layer.metadata ?? norm.metadata,
    });
    gone.add(layer);
  }
  if (folded.size === 0) return graph;
  const made = b.graph();
  const nodes = made.nodes.filter((node) => !gone.has(node)).map((node) => folded.get(node) ?? node);
  const given = new Set([...made.inputs.map(({ name }) => name), ...made.initializers.keys()]);
  const types = new Map(made.types);
  for (const node of gone) types.delete(node.outputs[0]);
  return { ...made, types, nodes: [...sortNodes(nodes, (value) => given.has(value))] };
}

function isLinear(node: Node, b: Builder): boolean {
  if (!b.initializer(node.inputs[1])) return false;
  if (node.op === 'Gemm') return getFloat(node, 'alpha', 1) === 1 && getFloat(node, 'beta', 1) === 1;
  return node.op === 'Conv' || node.op === 'ConvTranspose';
}

const float32Values = (b: Builder, values: Float64Array): string => b.constant(float32(Float32Array.from(values)));

/** The weight with every output channel multiplied by its scale. */
function scaledWeight(b: Builder, layer: Node, scale: string, channels: number): string {
  const weight = layer.inputs[1];
  const shape = b.shape(weight);
  if (layer.op === 'Gemm')
    return b.mul(weight, b.reshape(scale, getInt(layer, 'transB', 0) ? [channels, 1] : [1, channels]));
  const spatial = shape.slice(2).map(() => 1);
  if (layer.op === 'Conv') return b.mul(weight, b.reshape(scale, [channels, 1, ...spatial]));
  // ConvTranspose keeps its output channels on axis 1, group by group.
  const groups = getInt(layer, 'group', 1);
  const grouped = b.reshape(weight, [groups, shape[0] / groups, shape[1], ...shape.slice(2)]);
  const product = b.mul(grouped, b.reshape(scale, [groups, 1, shape[1], ...spatial]));
  return b.reshape(product, shape);
}
