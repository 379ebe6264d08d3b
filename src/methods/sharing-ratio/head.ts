import type { Builder } from '../../graph/builder';
import { PrismError } from '../../graph/errors';
import type { Node } from '../../graph/ir';
import { vjp } from '../../ops/vjp';
import { reverse } from '../../reverse/driver';
import { attentionBehind, withoutBiases } from './attention';
import { type Ledger, own } from './flow';
import { type ChannelAxes, channelAxisList, type Layouts, locationCount, relevanceShape } from './locations';
import { shareMovement } from './movement';

/** How a class score becomes relevance of the last layer that still has locations. */
export type HeadRule = 'gap' | 'gradcam' | 'srd';

/** What becomes of a class token's relevance; see the method's help. */
export type ClassTokenRule = 'directed' | 'plain';

/** What the head needs to know of the model. */
export interface HeadContext {
  readonly b: Builder;
  readonly ledger: Ledger;
  readonly nodes: readonly Node[];
  readonly layouts: Layouts;
  readonly producer: ReadonlyMap<string, Node>;
  readonly consumers: ReadonlyMap<string, readonly Node[]>;
  readonly output: string;
  /** The score's weights, in the output's shape. */
  readonly weights: string;
}

/** Picks single locations: what it picks is the last layer then. */
const SELECTING = new Set(['Gather', 'Slice', 'Split', 'GatherND', 'GatherElements']);
const FLATTENING = new Set(['Flatten', 'Reshape']);
/** Layers of the network proper, even where they leave a single location. */
const WINDOWED = new Set(['Conv', 'ConvTranspose', 'MaxPool']);
/** What stands between the last feature map and the linear head. */
const POOLING = new Set([
  'GlobalAveragePool',
  'GlobalMaxPool',
  'AveragePool',
  'ReduceMean',
  'Flatten',
  'Reshape',
  'Squeeze',
]);

export interface Frontier {
  /** The last values with locations, seen from the output. */
  readonly values: readonly string[];
  /** True when a fully connected layer reads all locations at once. */
  readonly flattened: boolean;
}

const locations = ({ b, layouts }: HeadContext, value: string): number =>
  locationCount(b.shape(value), layouts.get(value) as ChannelAxes);

/** Where locations end: walks back from the output over values of one location. */
export function frontier(context: HeadContext): Frontier {
  const { layouts, producer, output } = context;
  if (!layouts.has(output)) {
    throw new PrismError('OUTPUT_INDEPENDENT', `the output ${output} does not depend on the explained input`);
  }
  const values = new Set<string>();
  let flattened = false;
  const seen = new Set<string>();
  /** @param pooled the value that the last pooling or flattening on the way here reads */
  const visit = (value: string, pooled: string | null): void => {
    if (seen.has(value) || !layouts.has(value)) return;
    seen.add(value);
    const node = producer.get(value);
    if (!node || locations(context, value) > 1) {
      values.add(value);
      return;
    }
    const spread = node.inputs.filter((input) => layouts.has(input) && locations(context, input) > 1);
    if (spread.length && SELECTING.has(node.op)) {
      values.add(value);
      return;
    }
    if (spread.length && WINDOWED.has(node.op)) {
      // The last feature map has a single location: it is a layer all the same.
      values.add(pooled ?? value);
      return;
    }
    if (spread.length && FLATTENING.has(node.op)) flattened = true;
    for (const input of node.inputs) visit(input, POOLING.has(node.op) ? input : pooled);
  };
  if (locations(context, output) > 1) return { values: densePredictions(context), flattened: false };
  visit(output, null);
  return { values: [...values], flattened };
}

/**
 * Outputs with locations (segmentation, detection): the vectors that the last linear layers read, or make, where those
 * join locations themselves.
 */
function densePredictions({ b, layouts, producer, output }: HeadContext): string[] {
  const values = new Set<string>();
  const seen = new Set<string>();
  const visit = (value: string): void => {
    if (seen.has(value) || !layouts.has(value)) return;
    seen.add(value);
    const node = producer.get(value);
    const weighted = node && LINEAR.has(node.op) && !layouts.has(node.inputs[1]);
    if (!node) values.add(value);
    else if (weighted) values.add(isPointwiseLayer(b, node) ? node.inputs[0] : value);
    else node.inputs.forEach(visit);
  };
  visit(output);
  return [...values];
}

const LINEAR = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

const isPointwiseLayer = (b: Builder, { op, inputs, outputs }: Node): boolean =>
  op === 'Gemm' ||
  op === 'MatMul' ||
  (b
    .shape(inputs[1])
    .slice(2)
    .every((size) => size === 1) &&
    b.shape(inputs[0]).slice(2).join() === b.shape(outputs[0]).slice(2).join());

/** Sum of all elements, shape [1]. */
const total = (b: Builder, x: string): string =>
  b.reshape(
    b.sum(
      x,
      b.shape(x).map((_, axis) => axis),
    ),
    [1],
  );

/** ⟨weights, output⟩, shape [1]. */
const scoreOf = ({ b, output, weights }: HeadContext): string => total(b, b.mul(output, weights));

/**
 * Relevance of the last layers for a score.
 *
 * `gap`: ⟨v_p, ∂S/∂v_p⟩, and what is left of the score (biases) equally over all locations. For global average pooling
 * and one linear layer this is (w·v_p + b)/n.
 * `gradcam`: ReLU(Σ_k w_k A_k) at the last convolution, w_k the mean gradient, as the published code does for networks
 * with fully connected heads. `srd`: the whole score to what the locations were flattened into.
 *
 * Where the head reads one token only, `classToken: directed` starts at the last attention instead.
 *
 * @returns value → relevance map
 */
export function headRelevance(context: HeadContext, rule: HeadRule, classToken: ClassTokenRule): Map<string, string> {
  const { b, output, weights, nodes, layouts } = context;
  const { values } = frontier(context);
  if (rule === 'gradcam') return gradCam(context, values[0]);
  if (rule === 'srd') return continued(context, values);
  const directed = classToken === 'directed' && values.length === 1 ? throughLastAttention(context, values[0]) : null;
  if (directed) return directed;
  const gradients = reverse(b, nodes, vjp, new Map([[output, weights]]), values);
  const maps = new Map<string, string>();
  const reached = new Map<string, string>();
  const dense = locations(context, output) > 1;
  let rest = scoreOf(context);
  for (const value of values) {
    const gradient = gradients.get(value) ?? b.zerosLike(value);
    const channels = channelAxisList(layouts.get(value) as ChannelAxes);
    const map = b.sum(b.mul(value, gradient), channels);
    maps.set(value, map);
    rest = b.sub(rest, total(b, map));
    // A dense score concerns some locations only: what biases add belongs to them.
    const touched = b.cast(
      b.op('Greater', [b.op('ReduceMax', [b.op('Abs', [gradient]), b.ints(channels)]), b.float(0)]),
      'float32',
    );
    reached.set(value, dense ? touched : b.expand(b.float(1), b.shape(map)));
  }
  const counts = [...reached.values()].map((mask) => total(b, mask)).reduce((sum, count) => b.add(sum, count));
  const even = b.div(rest, b.op('Max', [counts, b.float(1)]));
  for (const [value, map] of maps) {
    const share = b.mul(
      reached.get(value) as string,
      b.reshape(
        even,
        b.shape(map).map(() => 1),
      ),
    );
    maps.set(value, b.add(map, share));
  }
  return maps;
}

/**
 * A head that reads a class token gives every class the same map up to scale, were its vector decomposed like all
 * others. So in the last attention its sources get ⟨u, g⟩ with g the gradient of the class logit above the mean logit,
 * and the token's own past gets the rest: the sum is that contrast.
 *
 * @returns null where there is no class token read from a residual attention
 */
function throughLastAttention(context: HeadContext, token: string): Map<string, string> | null {
  const { b, ledger, nodes, layouts, producer, output, weights } = context;
  const selecting = producer.get(token);
  if (!selecting || !SELECTING.has(selecting.op) || locations(context, token) > 1) return null;
  const above = nodes.slice(0, nodes.indexOf(selecting));
  const sum = above.findLast(
    (node) => node.op === 'Add' && node.inputs.some((input) => attentionBehind(ledger, input)),
  );
  const branch = sum?.inputs.findIndex((input) => attentionBehind(ledger, input));
  if (!sum || branch === undefined || !sum.inputs.every((input) => layouts.has(input))) return null;
  const attention = attentionBehind(ledger, sum.inputs[branch]) as Node;
  const skip = sum.inputs[1 - branch];
  const values = attention.inputs[1];

  const mean = b.mean(
    weights,
    b.shape(weights).map((_, axis) => axis),
  );
  const contrast = b.sub(weights, mean);
  const gradient = reverse(b, nodes, vjp, new Map([[output, contrast]]), [values]).get(values);
  if (!gradient) return null;
  const vectors = withoutBiases(ledger, values);
  const map = b.sum(b.mul(vectors, gradient), channelAxisList(layouts.get(values) as ChannelAxes));
  const rest = b.sub(total(b, b.mul(output, contrast)), total(b, map));
  const start = own(b.reshape(rest, ledger.relevanceShape(token)));
  const placed = shareMovement(ledger, selecting, start)?.own;
  if (!placed || b.shape(placed).join() !== ledger.relevanceShape(skip).join()) return null;
  return new Map([
    [values, map],
    [skip, placed],
  ]);
}

/** The whole score to the vector that the locations were joined into; several such vectors share it equally. */
function continued(context: HeadContext, values: readonly string[]): Map<string, string> {
  const { b, layouts, consumers } = context;
  const joined = new Set<string>();
  for (const value of values) {
    if (locations(context, value) === 1) joined.add(value);
    for (const node of consumers.get(value) ?? []) {
      const made = node.outputs[0];
      if (layouts.has(made) && locations(context, made) === 1 && locations(context, value) > 1) joined.add(made);
    }
  }
  const part = b.scale(scoreOf(context), 1 / joined.size);
  return new Map(
    [...joined].map((value) => {
      const shape = relevanceShape(b.shape(value), layouts.get(value) as ChannelAxes);
      return [value, b.reshape(part, shape)];
    }),
  );
}

/** Walks back from a value to the last convolution and the value that its activation makes. */
function gradCam(context: HeadContext, from: string): Map<string, string> {
  const { b, layouts, producer, consumers, nodes, output, weights } = context;
  let value = from;
  let node = producer.get(value);
  while (node && node.op !== 'Conv') {
    value = node.inputs.find((input) => layouts.has(input)) as string;
    node = producer.get(value);
  }
  if (!node) {
    throw new PrismError('SRD_NO_CONVOLUTION', 'head=gradcam needs a convolution before the head; use head=gap');
  }
  const activations = node.outputs[0];
  const gradient = reverse(b, nodes, vjp, new Map([[output, weights]]), [activations]).get(activations) as string;
  const spatial = b.shape(activations).flatMap((_, axis) => (axis > 1 ? [axis] : []));
  const channelWeights = b.mean(gradient, spatial);
  const map = b.op('Relu', [b.sum(b.mul(channelWeights, activations), [1])]);
  const next = consumers.get(activations) ?? [];
  const placed = next.length === 1 && next[0].op !== 'Add' ? next[0].outputs[0] : activations;
  const samePlaces = b.shape(placed).join() === b.shape(activations).join();
  return new Map([[samePlaces ? placed : activations, map]]);
}
