import { PrismError } from '../../graph/errors';
import type { Graph, Node } from '../../graph/ir';
import { elementCount } from '../../graph/tensor';
import type { Score } from '../method';
import { type Way, wayBetween } from './passages';
import { Space } from './space';

/** A value whose channels are maps. */
export interface CamLayer {
  readonly value: string;
  readonly shape: readonly number[];
  /** Its axes by what they run over; one over the batch may be missing. */
  readonly batch: number | undefined;
  readonly channels: readonly number[];
  readonly places: readonly number[];
  /** Sizes of its maps, e.g. [7, 7]. */
  readonly locations: readonly number[];
  /** How many places come before those of the maps: class tokens and their like. */
  readonly first: number;
  /** Sizes of the input's locations. */
  readonly input: readonly number[];
  /** The input's shape with 1 for all other axes, so that a map of its locations broadcasts. */
  readonly inputMap: readonly number[];
}

const POOLS: ReadonlySet<string> = new Set(['MaxPool', 'AveragePool', 'LpPool', 'Dropout', 'Identity']);
const SELECTING: ReadonlySet<string> = new Set(['Gather', 'Slice', 'Split', 'GatherND', 'GatherElements']);
const LINEAR: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
const PRODUCTS: ReadonlySet<string> = new Set(['MatMul', 'Einsum']);

/** Outputs of one location come from a head; of a dense output it is what its last linear layer reads. */
function lastMap(space: Space, way: Way, output: string): string | undefined {
  let end = way.nodes.length;
  if (elementCount(space.sizes(output)) > 1) {
    const weighted = ({ op, inputs }: Node): boolean => LINEAR.has(op) && !space.layouts.has(inputs[1]);
    end = way.nodes.findLastIndex(weighted);
  }
  const before = new Set(way.nodes.slice(0, Math.max(0, end)));
  return way.passages.findLast(({ value, node }) => before.has(node) && space.isMap(value))?.value;
}

/**
 * A head that reads one token lets no gradient into the others, so the map is what the last attention read, in the shape
 * of the tokens.
 */
function beforeAttention(space: Space, { nodes }: Way, tokens: string): string {
  const readers = nodes.filter(({ inputs }) => inputs.includes(tokens));
  const isSelected = ({ op, outputs }: Node): boolean =>
    SELECTING.has(op) && outputs.some((output) => space.layouts.has(output) && elementCount(space.sizes(output)) === 1);
  if (readers.length === 0 || !readers.every(isSelected)) return tokens;
  const varying = (node: Node): number => node.inputs.filter((value) => space.layouts.has(value)).length;
  const mixing = nodes.findLast((node) => PRODUCTS.has(node.op) && varying(node) > 1);
  if (!mixing) return tokens;
  const wanted = space.b.shape(tokens).join();
  const { passages } = wayBetween(space.graph.nodes, space.input, mixing.outputs[0]);
  return (
    passages.findLast(({ value }) => space.isMap(value) && space.b.shape(value).join() === wanted)?.value ?? tokens
  );
}

/** Back over pooling: its input has the same features at more places. */
function beforePooling(space: Space, { nodes }: Way, value: string): string {
  const node = nodes.find(({ outputs }) => outputs.includes(value));
  if (!node || !POOLS.has(node.op) || !space.isMap(node.inputs[0])) return value;
  return beforePooling(space, { nodes, passages: [] }, node.inputs[0]);
}

function chosen(space: Space, output: string): string {
  const way = wayBetween(space.graph.nodes, space.input, output);
  const last = lastMap(space, way, output);
  if (last === undefined) {
    throw new PrismError(
      'NO_LOCATIONS',
      'the model has no value with locations that everything passes on its way to the output; name a layer',
    );
  }
  return beforePooling(space, way, beforeAttention(space, way, last));
}

/** The grid that tokens were made of, and how many others stand before them. */
function gridOfTokens(
  space: Space,
  value: string,
  rank: number,
): { grid: readonly number[]; first: number } | undefined {
  const [count] = space.sizes(value);
  let grid: readonly number[] | undefined;
  let first = 0;
  let areTokens = false;
  const { nodes } = wayBetween(space.graph.nodes, space.input, value);
  for (const node of nodes) {
    const output = node.outputs.find((made) => space.layouts.has(made));
    if (output === undefined) continue;
    const sizes = space.sizes(output);
    const size = elementCount(sizes);
    // Tokens with an axis of 1 put in are no grid.
    if (sizes.length === rank && size <= count && !(areTokens && sizes.includes(1))) {
      if (!grid || size >= elementCount(grid)) grid = sizes;
    } else if (grid && sizes.length === 1) {
      areTokens = true;
      if (node.op !== 'Concat') continue;
      const ahead = node.inputs.slice(
        0,
        node.inputs.findIndex((input) => space.layouts.has(input)),
      );
      const [axis] = space.axes(output).places;
      for (const input of ahead) first += space.b.shape(input)[axis];
    }
  }
  return grid && { grid, first: Math.min(first, count - elementCount(grid)) };
}

/**
 * The layer whose channels a class activation map weighs.
 *
 * @param wanted a value; '' chooses the last map before the head
 * @throws PrismError NO_LOCATIONS when there is none, or the one wanted is not laid out as the input is
 */
export function camLayer(graph: Graph, input: string, { output }: Pick<Score, 'output'>, wanted: string): CamLayer {
  const space = new Space(graph, input);
  const value = wanted === '' ? chosen(space, output) : wanted;
  if (!space.isMap(value)) {
    throw new PrismError(
      'NO_LOCATIONS',
      `${value} has no channels at more than one location that depend on ${input}; name another layer`,
      { value },
    );
  }
  const axes = space.axes(value);
  const sizes = space.sizes(value);
  const of = space.sizes(input);
  const { places } = space.axes(input);
  const inputMap = space.b.shape(input).map((size, axis) => (places.includes(axis) ? size : 1));
  const common = { value, shape: space.b.shape(value), ...axes, input: of, inputMap };
  if (sizes.length === of.length) return { ...common, locations: sizes, first: 0 };
  const tokens = sizes.length === 1 ? gridOfTokens(space, value, of.length) : undefined;
  if (tokens) return { ...common, locations: tokens.grid, first: tokens.first };
  throw new PrismError(
    'NO_LOCATIONS',
    `the locations [${sizes}] of ${value} cannot be laid over those of the input, [${of}]; name another layer`,
    { value },
  );
}
