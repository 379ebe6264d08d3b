import { float, int } from '../../src/graph/attributes';
import type { Attributes, Graph, Node, Tensor } from '../../src/graph/ir';
import { float32, int64 } from '../../src/graph/tensor';
import { fillValues } from './cases';
import { graphOf, node, value } from './graphs';

/** A small language model with seeded weights: learned positions, pre-norm blocks of attention and a ReLU network. */
export interface CausalShape {
  readonly vocabulary: number;
  readonly positions: number;
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
}

export const SMALL: CausalShape = { vocabulary: 40, positions: 48, width: 16, heads: 2, layers: 2 };

interface Matrix {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const MASKED = -1e9;
const EPSILON = 1e-5;

/** Its weights by name. */
export function causalWeights({ vocabulary, positions, width, layers }: CausalShape, seed = 7): Map<string, Matrix> {
  const weights = new Map<string, Matrix>();
  const fill = (name: string, shape: readonly number[], size: number): void => {
    const count = shape.reduce((product, dim) => product * dim, 1);
    weights.set(name, { shape, data: fillValues(count, { seed: seed + 100 * weights.size, low: -size, high: size }) });
  };
  fill('embedding', [vocabulary, width], 1);
  fill('positions', [positions, width], 0.5);
  for (let layer = 0; layer < layers; layer++) {
    for (const name of ['query', 'key', 'value', 'out']) fill(`${layer}.${name}`, [width, width], 0.7);
    fill(`${layer}.up`, [width, 2 * width], 0.5);
    fill(`${layer}.up bias`, [2 * width], 0.3);
    fill(`${layer}.down`, [2 * width, width], 0.5);
  }
  return weights;
}

/**
 * The model as a graph of open length, as exporters write it.
 *
 * @param cache with inputs of past keys and values, and outputs of present ones
 */
export function causalGraph(
  shape: CausalShape = SMALL,
  { cache }: { readonly cache: boolean } = { cache: false },
): Graph {
  const { width, heads, layers } = shape;
  const size = width / heads;
  const nodes: Node[] = [];
  const initializers: Record<string, Tensor> = {};
  for (const [name, { shape: dims, data }] of causalWeights(shape)) initializers[name] = float32(data, dims);
  let made = 0;
  const constant = (tensor: Tensor): string => {
    const name = `constant${made++}`;
    initializers[name] = tensor;
    return name;
  };
  const ints = (values: readonly number[], dims?: readonly number[]): string => constant(int64(values, dims));
  const op = (name: string, inputs: readonly string[], attributes: Attributes = {}, output = `v${made++}`): string => {
    nodes.push(node(name, inputs, [output], attributes));
    return output;
  };
  const length = (input: string): string => op('Gather', [op('Shape', [input]), ints([1], [])]);
  const read = length('input_ids');
  const whole = cache ? length('attention_mask') : read;
  const zero = ints([0], []);
  const one = ints([1], []);
  const places = op('Range', [op('Sub', [whole, read]), whole, one]);
  const all = op('Range', [zero, whole, one]);
  const hidden = op('Less', [op('Unsqueeze', [places, ints([1])]), op('Unsqueeze', [all, ints([0])])]);
  const scale = constant(float32([1 / Math.sqrt(size)], []));
  const mask = op('Where', [hidden, constant(float32([MASKED], [])), constant(float32([0], []))]);
  const ones = constant(float32(new Float32Array(width).fill(1), [width]));
  const normal = (x: string): string => op('LayerNormalization', [x, ones], { axis: int(-1), epsilon: float(EPSILON) });
  const headed = (x: string): string =>
    op('Transpose', [op('Reshape', [x, ints([0, 0, heads, size])])], {
      perm: { type: 'ints', value: [0, 2, 1, 3] },
    });
  let x = op('Add', [op('Gather', ['embedding', 'input_ids'], {}, 'embedded'), op('Gather', ['positions', places])]);
  const outputs = [value('logits', [1, 'read', shape.vocabulary])];
  const inputs = [value('input_ids', [1, 'read'], 'int64')];
  if (cache) inputs.push(value('attention_mask', [1, 'whole'], 'int64'));
  for (let layer = 0; layer < layers; layer++) {
    const normed = normal(x);
    const part = (name: string): string => headed(op('MatMul', [normed, `${layer}.${name}`]));
    const query = part('query');
    const kept = (name: string): string => {
      const own = part(name);
      if (!cache) return own;
      const dims = [1, heads, 'past', size];
      inputs.push(value(`past_key_values.${layer}.${name}`, dims));
      outputs.push(value(`present.${layer}.${name}`, [1, heads, 'whole', size]));
      return op('Concat', [`past_key_values.${layer}.${name}`, own], { axis: int(2) }, `present.${layer}.${name}`);
    };
    const [keys, values] = [kept('key'), kept('value')];
    const turned = op('Transpose', [keys], { perm: { type: 'ints', value: [0, 1, 3, 2] } });
    const scores = op('Add', [op('Mul', [op('MatMul', [query, turned]), scale]), mask]);
    const mixed = op('MatMul', [op('Softmax', [scores], { axis: int(-1) }), values]);
    const back = op('Transpose', [mixed], { perm: { type: 'ints', value: [0, 2, 1, 3] } });
    x = op('Add', [x, op('MatMul', [op('Reshape', [back, ints([0, 0, width])]), `${layer}.out`])]);
    const up = op('Relu', [op('Add', [op('MatMul', [normal(x), `${layer}.up`]), `${layer}.up bias`])]);
    x = op('Add', [x, op('MatMul', [up, `${layer}.down`])]);
  }
  op('MatMul', [normal(x), op('Transpose', ['embedding'])], {}, 'logits');
  return graphOf({ inputs, outputs, nodes, initializers });
}

/** The vector of a token. */
export function embedded(weights: ReadonlyMap<string, Matrix>, id: number): Float64Array {
  const { shape, data } = weights.get('embedding') as Matrix;
  return Float64Array.from(data.subarray(id * shape[1], (id + 1) * shape[1]));
}

/**
 * The model's definition in float64, one token after the other: the scores of the next token.
 *
 * @param vectors those of the tokens
 */
export function causalScores(
  shape: CausalShape,
  weights: ReadonlyMap<string, Matrix>,
  vectors: readonly Float64Array[],
): Float64Array {
  const { width, heads, layers, vocabulary } = shape;
  const size = width / heads;
  const at = (name: string): Matrix => weights.get(name) as Matrix;
  const times = (x: Float64Array, name: string): Float64Array => {
    const { shape: dims, data } = at(name);
    return Float64Array.from({ length: dims[1] }, (_, j) =>
      x.reduce((sum, v, i) => sum + v * data[i * dims[1] + j], 0),
    );
  };
  const plus = (a: Float64Array, b: ArrayLike<number>): Float64Array => a.map((v, i) => v + b[i]);
  const normal = (x: Float64Array): Float64Array => {
    const mean = x.reduce((sum, v) => sum + v, 0) / width;
    const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
    return x.map((v) => (v - mean) / Math.sqrt(variance + EPSILON));
  };
  let states = vectors.map((vector, place) =>
    plus(vector, at('positions').data.subarray(place * width, (place + 1) * width)),
  );
  for (let layer = 0; layer < layers; layer++) {
    const normed = states.map(normal);
    const [queries, keys, values] = ['query', 'key', 'value'].map((name) =>
      normed.map((state) => times(state, `${layer}.${name}`)),
    );
    states = states.map((state, place) => {
      const mixed = new Float64Array(width);
      for (let head = 0; head < heads; head++) {
        const own = (x: Float64Array): Float64Array => x.subarray(head * size, (head + 1) * size);
        const scores = keys
          .slice(0, place + 1)
          .map((key) => own(queries[place]).reduce((sum, v, i) => sum + v * own(key)[i], 0) / Math.sqrt(size));
        const highest = Math.max(...scores);
        const powers = scores.map((score) => Math.exp(score - highest));
        const total = powers.reduce((sum, power) => sum + power, 0);
        powers.forEach((power, other) => {
          own(values[other]).forEach((v, i) => {
            mixed[head * size + i] += (power / total) * v;
          });
        });
      }
      const after = plus(state, times(mixed, `${layer}.out`));
      const up = plus(times(normal(after), `${layer}.up`), at(`${layer}.up bias`).data).map((v) => Math.max(v, 0));
      return plus(after, times(up, `${layer}.down`));
    });
  }
  const last = normal(states[states.length - 1]);
  return Float64Array.from({ length: vocabulary }, (_, id) =>
    embedded(weights, id).reduce((sum, v, i) => sum + v * last[i], 0),
  );
}
