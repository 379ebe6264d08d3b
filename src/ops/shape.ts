import { getInt, getInts, getString, int } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { constantInput, fromFront, none, unsupported } from './common';
import { pad } from './pad';
import type { VjpRule, VjpRules } from './rule';

const sameElements: VjpRule = ({ node, b, cotangents: [dy] }) => [b.reshape(dy as string, b.shape(node.inputs[0]))];

const transpose: VjpRule = ({ node, b, cotangents: [dy] }) => {
  const rank = b.rank(node.inputs[0]);
  const perm = getInts(node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const inverse = perm.map((_, axis) => perm.indexOf(axis));
  return [b.transpose(dy as string, inverse)];
};

const concat: VjpRule = ({ node, b, cotangents, needs }) => {
  const dy = cotangents[0] as string;
  const axis = fromFront(getInt(node, 'axis', 0), b.rank(dy));
  const sizes = node.inputs.map((input) => b.shape(input)[axis]);
  if (node.inputs.length === 1) return [dy];
  if (node.inputs.every((_, index) => needs(index)) && !sizes.includes(0))
    return b.ops('Split', [dy, b.ints(sizes)], sizes.length, { axis: int(axis) });
  let start = 0;
  return sizes.map((size, index) => {
    const from = start;
    start += size;
    return needs(index) && size > 0 ? b.slice(dy, [axis], [from], [start]) : null;
  });
};

const split: VjpRule = ({ node, b, cotangents }) => {
  const axis = fromFront(getInt(node, 'axis', 0), b.rank(node.inputs[0]));
  const parts = node.outputs.map((output, index) => cotangents[index] ?? (output ? b.zerosLike(output) : null));
  if (parts.includes(null)) throw unsupported(node, 'outputs', 'a part without a name has no known size');
  return [parts.length === 1 ? parts[0] : b.op('Concat', parts as string[], { axis: int(axis) })];
};

/** Puts `step − 1` zeros behind every element along an axis. */
function spread(b: Builder, x: string, axis: number, step: number): string {
  const shape = b.shape(x);
  const split = [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)];
  const pads = new Array<number>(2 * split.length).fill(0);
  pads[split.length + axis + 1] = step - 1;
  const padded = b.op('Pad', [b.reshape(x, split), b.ints(pads)]);
  return b.reshape(
    padded,
    shape.map((dim, i) => (i === axis ? dim * step : dim)),
  );
}

/** Undoes each axis: direction first, then the step, then the place. */
const slice: VjpRule = ({ node, b, cotangents }) => {
  const [x] = node.inputs;
  const shape = b.shape(x);
  const starts = constantInput(node, b, 1, 'starts') ?? [];
  const axes = (constantInput(node, b, 3, 'axes') ?? starts.map((_, i) => i)).map((axis) =>
    fromFront(axis, shape.length),
  );
  const steps = constantInput(node, b, 4, 'steps') ?? starts.map(() => 1);
  if (b.shape(node.outputs[0]).includes(0)) return [];
  let dx = cotangents[0] as string;
  const pads = new Array<number>(2 * shape.length).fill(0);
  const reversed = axes.filter((_, i) => steps[i] < 0);
  if (reversed.length > 0) {
    const each = (value: number): number[] => reversed.map(() => value);
    dx = b.slice(dx, reversed, each(-1), each(-(2 ** 62)), each(-1));
  }
  axes.forEach((axis, i) => {
    const count = b.shape(dx)[axis];
    const dim = shape[axis];
    const from = starts[i] < 0 ? starts[i] + dim : starts[i];
    const first = Math.min(Math.max(from, 0), steps[i] > 0 ? dim : dim - 1);
    const start = steps[i] > 0 ? first : first + (count - 1) * steps[i];
    const step = count === 1 ? 1 : Math.abs(steps[i]);
    if (step > 1) dx = spread(b, dx, axis, step);
    pads[axis] = start;
    pads[shape.length + axis] = dim - start - count * step;
  });
  return [pads.every((pad) => pad === 0) ? dx : b.op('Pad', [dx, b.ints(pads)])];
};

/** Sums over the copies. */
const tile: VjpRule = ({ node, b, cotangents }) => {
  const shape = b.shape(node.inputs[0]);
  const whole = b.shape(node.outputs[0]);
  if (whole.includes(0)) return [];
  const copies = shape.map((dim, axis) => whole[axis] / dim);
  const axes = copies.flatMap((count, axis) => (count > 1 ? [2 * axis] : []));
  const split = b.reshape(
    cotangents[0] as string,
    shape.flatMap((dim, axis) => [copies[axis], dim]),
  );
  return [b.reshape(b.sum(split, axes), shape)];
};

/** How the blocks of DepthToSpace lie in its input's channels: the split of [n, c, h, w] and the order of its axes. */
function blocks(node: Node, b: Builder, deep: string): { split: number[]; perm: number[] } {
  const size = getInt(node, 'blocksize', 1);
  const [n, channels, h, w] = b.shape(deep);
  const c = channels / size ** 2;
  return node.op === 'DepthToSpace' && getString(node, 'mode', 'DCR') === 'CRD'
    ? { split: [n, c, size, size, h, w], perm: [0, 1, 4, 2, 5, 3] }
    : { split: [n, size, size, c, h, w], perm: [0, 3, 4, 1, 5, 2] };
}

const depthToSpace: VjpRule = ({ node, b, cotangents: [dy] }) => {
  const { split, perm } = blocks(node, b, node.inputs[0]);
  const fine = b.reshape(
    dy as string,
    perm.map((axis) => split[axis]),
  );
  const inverse = perm.map((_, axis) => perm.indexOf(axis));
  return [b.reshape(b.transpose(fine, inverse), b.shape(node.inputs[0]))];
};

const spaceToDepth: VjpRule = ({ node, b, cotangents: [dy] }) => {
  const { split, perm } = blocks(node, b, node.outputs[0]);
  return [b.reshape(b.transpose(b.reshape(dy as string, split), perm), b.shape(node.inputs[0]))];
};

const trilu: VjpRule = ({ node, b, cotangents: [dy] }) => [
  b.op('Trilu', [dy as string, ...node.inputs.slice(1)], node.attributes),
];

/** What moves elements without changing them. */
export const shape: VjpRules = [
  ['Reshape', sameElements],
  ['Flatten', sameElements],
  ['Squeeze', sameElements],
  ['Unsqueeze', sameElements],
  ['Transpose', transpose],
  ['Concat', concat],
  ['Split', split],
  ['Slice', slice],
  ['Pad', pad],
  ['Expand', ({ cotangents }) => cotangents],
  ['Tile', tile],
  ['DepthToSpace', depthToSpace],
  ['SpaceToDepth', spaceToDepth],
  ['Trilu', trilu],
  ['Shape', none],
  ['Size', none],
  ['ConstantOfShape', none],
  ['EyeLike', none],
  ['Range', none],
  ['RandomNormalLike', none],
  ['RandomUniformLike', none],
  ['Multinomial', none],
];
