import { getInt } from '../../graph/attributes';
import { Builder } from '../../graph/builder';
import { PrismError } from '../../graph/errors';
import type { Graph, Node } from '../../graph/ir';
import { elementCount } from '../../graph/tensor';
import { fromFront } from '../../ops/common';
import { camLayer } from '../cam/layer';
import type { Subject } from '../method';
import { isAttentionWeights } from '../relevance/products';
import { Wires } from '../relevance/wires';

/** One attention: its weights [batch, …heads, tokens, tokens] and what they make of the values. */
export interface Attention {
  readonly weights: string;
  readonly product: string;
}

/** Which item of a batch is explained. */
export interface Item {
  readonly batch: number;
  readonly item: number;
}

/** The attentions of a model, the tokens that they are about, and how those lie in the input. */
export interface Attentions {
  /** In the model's order. */
  readonly layers: readonly Attention[];
  readonly tokens: number;
  /** Sizes of the map: the grid of patches, or the tokens themselves where they lie in no picture. */
  readonly grid: readonly number[];
  /** How many tokens come before the first of the map. */
  readonly first: number;
}

const refusal = (id: string, why: string, relevance = 'attn-lrp'): PrismError =>
  new PrismError('METHOD_DOES_NOT_FIT', `${id} ${why}; use ${relevance}, gradient-x-input or a perturbation method`, {
    methods: [relevance, 'gradient-x-input', 'occlusion'],
  });

/** The Softmax that attention weights come from. */
function softmaxOf(value: string, wires: Wires): string | undefined {
  const node = wires.producer(value);
  if (!node || node.op === 'Softmax') return node?.outputs[0];
  const next = [...node.inputs].reverse().find((input) => input !== '' && isAttentionWeights(input, wires));
  return next && softmaxOf(next, wires);
}

/** The attention that a matrix product is, if its weights go over all tokens of its last two axes. */
function attentionOf(node: Node, b: Builder, wires: Wires): Attention | undefined {
  if (node.op !== 'MatMul' || !node.inputs.every((input) => wires.isComputed(input))) return undefined;
  const [left] = node.inputs;
  const weights = isAttentionWeights(left, wires) ? softmaxOf(left, wires) : undefined;
  const softmax = weights && wires.producer(weights);
  if (!softmax) return undefined;
  const rank = b.rank(weights);
  return fromFront(getInt(softmax, 'axis', -1), rank) === rank - 1 ? { weights, product: node.outputs[0] } : undefined;
}

/** All attentions of a graph that depend on an input, in its order; those within windows and between sequences too. */
export function findAttentions(b: Builder, graph: Graph, input: string): Attention[] {
  const wires = new Wires(b, input);
  return graph.nodes.flatMap((node) => attentionOf(node, b, wires) ?? []);
}

/**
 * How as many tokens lie in a picture: the grid of patches, [height, width], and how many tokens stand before them.
 * Undefined where they lie in none.
 */
export function patchGrid(
  { graph, input, score }: Subject,
  tokens: number,
): { readonly locations: readonly number[]; readonly first: number } | undefined {
  if (new Builder(graph).rank(input) !== 4) return undefined;
  try {
    const { locations, first } = camLayer(graph, input, score, '');
    const fits = locations.length === 2 && first + elementCount(locations) <= tokens;
    return fits ? { locations, first } : undefined;
  } catch (error) {
    if (error instanceof PrismError && error.code === 'NO_LOCATIONS') return undefined;
    throw error;
  }
}

/**
 * Finds the attentions on the way to the score.
 *
 * @param id the method that asks, for messages
 * @throws PrismError METHOD_DOES_NOT_FIT when there are none, when they are within windows or between two sequences, or
 *   when another value than the input is to be explained
 */
export function attentionsOf({ graph, input, score, at, channels }: Subject, id: string): Attentions {
  if (at !== undefined) throw refusal(id, `explains tokens of the input, not an inner value such as ${at}`);
  const b = new Builder(graph);
  const layers = findAttentions(b, graph, input);
  if (layers.length === 0)
    throw refusal(id, 'needs attention, a Softmax whose result multiplies values, and this model has none', 'lrp');
  const shapes = layers.map(({ weights }) => b.shape(weights));
  const tokens = shapes[0].at(-1) as number;
  const isGlobal = (shape: readonly number[]): boolean => shape.at(-1) === tokens && shape.at(-2) === tokens;
  const batch = b.shape(input)[0];
  if (!shapes.every(isGlobal)) {
    throw refusal(id, 'follows tokens from layer to layer, and the attentions of this model are over different tokens');
  }
  if (shapes.some((shape) => shape.length > 3 && shape[0] !== batch)) {
    throw refusal(id, 'needs attention over all tokens, and that of this model is within windows');
  }
  // Vectors of tokens, one after the other: the embedding of a text.
  const vectors = b.rank(input) === 3 && channels === 2 && b.shape(input)[1] === tokens;
  if (vectors) return { layers, tokens, grid: [tokens], first: 0 };
  const { grid, first } = gridOf(graph, input, score.output, tokens, b.rank(input), id);
  return { layers, tokens, grid, first };
}

/** How the tokens lie in the input: a grid of patches behind some others, or one by one. */
function gridOf(
  graph: Graph,
  input: string,
  output: string,
  tokens: number,
  rank: number,
  id: string,
): Pick<Attentions, 'grid' | 'first'> {
  if (rank < 3) return { grid: [tokens], first: 0 };
  const { locations, first } = camLayer(graph, input, { output }, '');
  if (first + elementCount(locations) > tokens) {
    throw refusal(id, `finds ${tokens} tokens in an attention but a grid of ${locations.join(' × ')} patches`);
  }
  return { grid: locations, first };
}

/** One item's part of a value [batch·heads…, n, m] as [heads, n, m]. */
function headsOf(b: Builder, value: string, batch: number, item: number): string {
  const shape = b.shape(value);
  const [n, m] = shape.slice(-2);
  const heads = elementCount(shape.slice(0, -2)) / batch;
  const all = b.reshape(value, [batch, heads, n, m]);
  return b.reshape(batch === 1 ? all : b.slice(all, [0], [item], [item + 1]), [heads, n, m]);
}

/** The mean over heads of attention weights, or of what is laid out like them: [tokens, tokens]. */
export function meanOverHeads(b: Builder, weights: string, { batch, item }: Item): string {
  const heads = headsOf(b, weights, batch, item);
  return b.reshape(b.mean(heads, [0]), b.shape(heads).slice(1));
}

export const identity = (b: Builder, size: number): string =>
  b.floats(
    Float32Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0)),
    [size, size],
  );

/**
 * The rows of a matrix over tokens that the score reads, as their mean: [1, tokens]. Read are those tokens whose result
 * of the last attention the score depends on: the class token, the last token, or all.
 *
 * @param gradient of the score by the last attention's product [batch, …heads, tokens, size]
 */
export function readRow(b: Builder, matrix: string, gradient: string, { batch, item }: Item): string {
  const own = headsOf(b, gradient, batch, item);
  const tokens = b.shape(own)[1];
  const sizes = b.sum(b.op('Abs', [own]), [0, 2]);
  const isRead = b.op('Sign', [b.reshape(sizes, [1, tokens])]);
  const count = b.op('Max', [b.sum(isRead, [1]), b.float(1)]);
  return b.matmul(b.div(isRead, count), matrix);
}
