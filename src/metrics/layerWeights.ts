import { type Graph, type Node, type Tensor, wiring } from '../graph/ir';
import { elementCount, floating, isFloating } from '../graph/tensor';
import type { Random } from '../methods/sampling/random';

/** A weight of a layer: its initializer, and how many inputs each of its outputs sums. */
interface Weight {
  readonly initializer: string;
  readonly fanIn: number;
}

/** A layer with weights that can be drawn anew. */
export interface WeightedLayer {
  /** The node. */
  readonly name: string;
  readonly weights: readonly Weight[];
}

/** How many inputs each output sums, from the operator's attributes and the weight's shape. */
type FanIn = (shape: readonly number[], node: Node) => number;

const inputsPerRow: FanIn = (shape) => elementCount(shape.slice(1));
const rows: FanIn = (shape) => shape.at(-2) ?? 1;

/** Inputs of each operator that are weights. */
const WEIGHTS: Readonly<Record<string, readonly (readonly [input: number, fanIn: FanIn])[]>> = {
  Conv: [[1, inputsPerRow]],
  // [inputs, outputs / groups, …]
  ConvTranspose: [[1, (shape) => elementCount(shape) / shape[1]]],
  Gemm: [[1, (shape, { attributes }) => shape[attributes.transB?.value === 1 ? 1 : 0]]],
  MatMul: [
    [0, (shape) => shape.at(-1) ?? 1],
    [1, rows],
  ],
  // [directions, gates · hidden, inputs]
  LSTM: recurrent(),
  GRU: recurrent(),
  RNN: recurrent(),
};

function recurrent(): readonly (readonly [number, FanIn])[] {
  return [1, 2].map((input) => [input, (shape: readonly number[]) => shape.at(-1) ?? 1] as const);
}

/** Operators behind which a weight is still the same weight. */
const VIEWS: ReadonlySet<string> = new Set(['Identity', 'Transpose', 'Reshape', 'Cast', 'Unsqueeze', 'Squeeze']);

/**
 * The layers that have weights, from the output to the input. Biases, scales and embeddings are no such weights; a
 * weight that several layers share belongs to the first of them.
 */
export function weightedLayers(graph: Graph): WeightedLayer[] {
  const { producer } = wiring(graph);
  const behind = (value: string): string => {
    const node = producer.get(value);
    return node && VIEWS.has(node.op) && node.domain === '' ? behind(node.inputs[0]) : value;
  };
  const shapeOf = (value: string): readonly number[] | undefined => {
    const shape = graph.initializers.get(value)?.shape ?? graph.types.get(value)?.shape;
    return shape?.every((dim) => typeof dim === 'number') ? (shape as readonly number[]) : undefined;
  };
  const taken = new Set<string>();
  const layers: WeightedLayer[] = [];
  for (const node of graph.nodes) {
    const weights: Weight[] = [];
    for (const [input, fanIn] of (node.domain === '' && WEIGHTS[node.op]) || []) {
      const value = node.inputs[input];
      const initializer = value === undefined ? '' : behind(value);
      const tensor = graph.initializers.get(initializer);
      const shape = value === undefined ? undefined : shapeOf(value);
      if (!tensor || !shape || shape.length < 2 || !isFloating(tensor.dtype) || taken.has(initializer)) continue;
      taken.add(initializer);
      weights.push({ initializer, fanIn: fanIn(shape, node) });
    }
    if (weights.length > 0) layers.push({ name: node.name || node.outputs[0], weights });
  }
  return layers.reverse();
}

/** New weights of a layer: uniform in ±√(6 / fan-in), as layers before ReLUs begin their training (He et al. 2015). */
export function drawnWeights({ weights }: WeightedLayer, graph: Graph, random: Random): Map<string, Tensor> {
  return new Map(
    weights.map(({ initializer, fanIn }) => {
      const { dtype, shape } = graph.initializers.get(initializer) as Tensor;
      const bound = Math.sqrt(6 / fanIn);
      const values = Array.from({ length: elementCount(shape) }, () => bound * (2 * random.uniform() - 1));
      return [initializer, floating(dtype, values, shape)];
    }),
  );
}
