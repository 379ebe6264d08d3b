import { getInt, getInts } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import { PrismError } from '../../graph/errors';
import type { Node } from '../../graph/ir';
import { toNumbers } from '../../graph/tensor';

/**
 * Which axes of a value run over channels; all others run over locations (the batch counts as one location). A PFV is
 * the vector over the channel axes at one location. A relevance map has the value's shape with every channel axis 1.
 */
export type ChannelAxes = readonly boolean[];

/** The channel axes of every value that depends on the input. */
export type Layouts = ReadonlyMap<string, ChannelAxes>;

const isOne = (dim: number): boolean => dim === 1;

/** The channel axes of an image, volume or signal input. Throws NO_LOCATIONS for anything without locations. */
export function inputLayout(name: string, shape: readonly number[]): ChannelAxes {
  if (shape.length >= 3) {
    const last = shape.length - 1;
    const channelsLast = shape.length >= 4 && shape[1] > 4 && shape[last] <= 4;
    return shape.map((_, axis) => axis === (channelsLast ? last : 1));
  }
  throw new PrismError(
    'NO_LOCATIONS',
    `sharing ratios need an input with locations (an image, a signal); ${name} has shape [${shape}]: use a gradient or perturbation method`,
    { input: name },
  );
}

/** The shape of a relevance map: one number a location. */
export function relevanceShape(shape: readonly number[], channels: ChannelAxes): number[] {
  return shape.map((dim, axis) => (channels[axis] ? 1 : dim));
}

export const channelAxisList = (channels: ChannelAxes): number[] =>
  channels.flatMap((isChannel, axis) => (isChannel ? [axis] : []));

/** How many locations a value has. */
export const locationCount = (shape: readonly number[], channels: ChannelAxes): number =>
  relevanceShape(shape, channels).reduce((product, dim) => product * dim, 1);

/** Reshape: axes are matched by their running products; a group that mixes kinds becomes channels of one location. */
function reshapeLayout(from: readonly number[], to: readonly number[], channels: ChannelAxes): ChannelAxes {
  const out = new Array<boolean>(to.length).fill(false);
  let i = 0;
  let j = 0;
  while (i < from.length || j < to.length) {
    const sources: number[] = [];
    const targets: number[] = [];
    let left = 1;
    let right = 1;
    do {
      if ((left <= right && i < from.length) || j >= to.length) {
        sources.push(i);
        left *= from[i++];
      } else {
        targets.push(j);
        right *= to[j++];
      }
    } while (left !== right);
    // Axes of size 1 belong to whatever stands beside them.
    while (i < from.length && isOne(from[i])) sources.push(i++);
    while (j < to.length && isOne(to[j])) targets.push(j++);
    const kinds = new Set(sources.filter((axis) => !isOne(from[axis])).map((axis) => channels[axis]));
    const channel = kinds.has(true);
    for (const axis of targets) out[axis] = channel && !isOne(to[axis]);
    // A vector of one channel is still a vector: keep some axis for it.
    if (kinds.size === 0 && sources.some((axis) => channels[axis]) && targets.length) {
      const last =
        targets[
          Math.min(
            targets.length - 1,
            sources.findIndex((axis) => channels[axis]),
          )
        ];
      out[last] = true;
    }
  }
  return out;
}

/** True when a Reshape mixes channels and locations, as Flatten before a fully connected layer does. */
export function mixesLocations(from: readonly number[], to: readonly number[], channels: ChannelAxes): boolean {
  const layout = reshapeLayout(from, to, channels);
  return locationCount(from, channels) !== locationCount(to, layout);
}

const union = (rank: number, layouts: readonly { layout: ChannelAxes; shape: readonly number[] }[]): ChannelAxes =>
  Array.from({ length: rank }, (_, axis) =>
    layouts.some(({ layout, shape }) => {
      const own = axis - (rank - layout.length);
      return own >= 0 && layout[own] && !isOne(shape[own]);
    }),
  );

function outputLayout(
  node: Node,
  b: Builder,
  layouts: Map<string, ChannelAxes>,
  output: string,
): ChannelAxes | undefined {
  const data = node.inputs.find((input) => layouts.has(input)) as string;
  const channels = layouts.get(data) as ChannelAxes;
  const shape = b.shape(data);
  const rank = b.rank(output);
  switch (node.op) {
    case 'Transpose': {
      const perm = getInts(node, 'perm') ?? shape.map((_, axis) => shape.length - 1 - axis);
      return perm.map((axis) => channels[axis]);
    }
    case 'Reshape':
    case 'Flatten':
    case 'Squeeze':
    case 'Unsqueeze':
      return reshapeLayout(shape, b.shape(output), channels);
    case 'MatMul': {
      const [left, right] = node.inputs.map((input) => layouts.get(input));
      if (left && right) return productLayout(node, b, left, right);
      return left ? [...channels.slice(0, -1), true] : channels;
    }
    case 'Gemm':
      return [false, true];
    case 'Gather': {
      const axis = getInt(node, 'axis', 0);
      const at = axis < 0 ? axis + shape.length : axis;
      const index = b.shape(node.inputs[1]);
      return [...channels.slice(0, at), ...index.map(() => channels[at]), ...channels.slice(at + 1)];
    }
    default: {
      if (node.op.startsWith('Reduce') || node.op === 'ArgMax') {
        if (rank === shape.length) return channels;
        const axes = reducedAxes(node, b);
        return channels.filter((_, axis) => !axes.includes(axis));
      }
      if (rank === shape.length && channels.length === rank) {
        const spread = node.inputs.flatMap((input) => {
          const layout = layouts.get(input);
          return layout ? [{ layout, shape: b.shape(input) }] : [];
        });
        const merged = union(rank, spread);
        return merged.some(Boolean) ? merged : channels;
      }
      return union(
        rank,
        node.inputs.flatMap((input) => {
          const layout = layouts.get(input);
          return layout ? [{ layout, shape: b.shape(input) }] : [];
        }),
      );
    }
  }
}

/** Reduced axes of a Reduce operator, from its input or attribute; all axes when it names none. */
export function reducedAxes(node: Node, b: Builder): number[] {
  const shape = b.shape(node.inputs[0]);
  const constant = node.inputs[1] ? b.initializer(node.inputs[1]) : undefined;
  const axes = constant ? Array.from(toNumbers(constant)) : getInts(node, 'axes');
  if (!axes?.length) return shape.map((_, axis) => axis);
  return axes.map((axis) => (axis < 0 ? axis + shape.length : axis));
}

/**
 * A product of two computed values, as in attention. Queries × keys gives locations × locations; weights × values
 * gives the values' channels back.
 */
function productLayout(node: Node, b: Builder, left: ChannelAxes, right: ChannelAxes): ChannelAxes {
  const rank = b.rank(node.outputs[0]);
  const batch = union(rank, [
    { layout: left, shape: b.shape(node.inputs[0]) },
    { layout: right, shape: b.shape(node.inputs[1]) },
  ]).slice(0, -2);
  return [...batch, left[left.length - 2], right[right.length - 1]];
}

/** Follows the axes from the input through the nodes. */
export function layoutsFrom(nodes: readonly Node[], b: Builder, input: string): Layouts {
  const layouts = new Map<string, ChannelAxes>([[input, inputLayout(input, b.shape(input))]]);
  for (const node of nodes) {
    if (!node.inputs.some((value) => layouts.has(value))) continue;
    for (const output of node.outputs) {
      if (!output) continue;
      const layout = outputLayout(node, b, layouts, output);
      if (layout) layouts.set(output, layout);
    }
  }
  return layouts;
}
