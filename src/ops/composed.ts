import { getInt, getInts, getString, int, ints } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { elementCount, floating } from '../graph/tensor';
import { castTo, constantInput, fromFront, unsupported } from './common';
import type { Expansions } from './rule';

/** A constant that a node cannot do without. */
function requiredConstant(node: Node, b: Builder, input: number, what: string): number[] {
  const values = constantInput(node, b, input, what);
  if (!values) throw unsupported(node, what, 'it is missing');
  return values;
}

/** Cosines and sines of a discrete Fourier transform of `length` points: [points, bins] each. */
function fourier(b: Builder, like: string, points: number, bins: number, length: number): [string, string] {
  const table = (f: (angle: number) => number): string => {
    const values = Array.from({ length: points * bins }, (_, i) => {
      // Reduced before it is multiplied, so that the angle of a long transform keeps its precision.
      const turns = (Math.floor(i / bins) * (i % bins)) % length;
      return f((2 * Math.PI * turns) / length);
    });
    return b.constant(floating(b.dtype(like), values, [points, bins]), 'fourier');
  };
  return [table(Math.cos), table(Math.sin)];
}

/** The transform of the last axis: real and imaginary parts, put together as a new last axis. */
function transformed(
  b: Builder,
  real: string,
  imaginary: string | undefined,
  bins: number,
  length: number,
  sign: 1 | -1,
) {
  const points = b.shape(real).at(-1) as number;
  const [cos, sin] = fourier(b, real, points, bins, length);
  const signed = (x: string): string => (sign === 1 ? x : b.neg(x));
  let re = b.matmul(real, cos);
  let im = signed(b.matmul(real, sin));
  if (imaginary) {
    re = b.sub(re, signed(b.matmul(imaginary, sin)));
    im = b.add(im, b.matmul(imaginary, cos));
  }
  const axes = b.ints([b.rank(re)]);
  return b.op('Concat', [b.op('Unsqueeze', [re, axes]), b.op('Unsqueeze', [im, axes])], { axis: int(b.rank(re)) });
}

/** One component of a value whose last axis holds real and imaginary parts. */
function component(b: Builder, x: string, index: number): string {
  const shape = b.shape(x);
  return b.reshape(b.slice(x, [shape.length - 1], [index], [index + 1]), shape.slice(0, -1));
}

const dft = (node: Node, b: Builder): readonly string[] => {
  const [x] = node.inputs;
  const rank = b.rank(x);
  const axis = fromFront(constantInput(node, b, 2, 'axis')?.[0] ?? -2, rank);
  const length = constantInput(node, b, 1, 'dft_length')?.[0] ?? b.shape(x)[axis];
  const inverse = getInt(node, 'inverse', 0) === 1;
  const onesided = getInt(node, 'onesided', 0) === 1;
  if (inverse && onesided) throw unsupported(node, 'onesided', 'it comes with inverse');
  const last = rank - 2;
  const perm = Array.from({ length: rank - 1 }, (_, i) => (i === last ? axis : i === axis ? last : i));
  const part = (index: number): string => {
    const own = b.transpose(component(b, x, index), perm);
    return b.shape(own)[last] > length ? b.slice(own, [last], [0], [length]) : own;
  };
  const bins = onesided ? Math.floor(length / 2) + 1 : length;
  const imaginary = b.shape(x)[rank - 1] === 2 ? part(1) : undefined;
  const spectrum = transformed(b, part(0), imaginary, bins, length, inverse ? 1 : -1);
  return [b.scale(b.transpose(spectrum, [...perm, rank - 1]), inverse ? 1 / length : 1)];
};

const stft = (node: Node, b: Builder): readonly string[] => {
  const [signal, , window] = node.inputs;
  const [batch, samples, components] = b.rank(signal) === 3 ? b.shape(signal) : [...b.shape(signal), 1];
  const [step] = requiredConstant(node, b, 1, 'frame_step');
  const length = constantInput(node, b, 3, 'frame_length')?.[0] ?? b.shape(window)[0];
  const frames = Math.floor((samples - length) / step) + 1;
  const places = b.ints(
    Array.from({ length: frames * length }, (_, i) => Math.floor(i / length) * step + (i % length)),
    [frames, length],
  );
  const x = b.reshape(signal, [batch, samples, components]);
  const framed = (index: number): string => {
    const cut = b.op('Gather', [component(b, x, index), places], { axis: int(1) });
    if (!window) return cut;
    // A shorter window stands in the middle of its frame.
    const size = b.shape(window)[0];
    const before = Math.floor((length - size) / 2);
    const whole = size === length ? window : b.op('Pad', [window, b.ints([before, length - size - before])]);
    return b.mul(cut, whole);
  };
  const bins = getInt(node, 'onesided', 1) === 1 ? Math.floor(length / 2) + 1 : length;
  return [transformed(b, framed(0), components === 2 ? framed(1) : undefined, bins, length, -1)];
};

/** Blocks put back where they were cut out, as a transposed convolution whose kernels have one 1 each. */
const col2Im = (node: Node, b: Builder): readonly string[] => {
  const [x] = node.inputs;
  const image = requiredConstant(node, b, 1, 'image_shape');
  const block = requiredConstant(node, b, 2, 'block_shape');
  const [batch, rows] = b.shape(x);
  const size = elementCount(block);
  const strides = getInts(node, 'strides') ?? block.map(() => 1);
  const dilations = getInts(node, 'dilations') ?? block.map(() => 1);
  const pads = getInts(node, 'pads') ?? block.flatMap(() => [0, 0]);
  const spare = image.map((dim, i) => dim + pads[i] + pads[block.length + i] - dilations[i] * (block[i] - 1) - 1);
  const blocks = spare.map((room, i) => Math.floor(room / strides[i]) + 1);
  const ones = Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0));
  const kernels = b.constant(floating(b.dtype(x), ones, [size, 1, ...block]));
  const channels = rows / size;
  const sum = b.op('ConvTranspose', [b.reshape(x, [batch * channels, size, ...blocks]), kernels], {
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints(pads),
    output_padding: ints(spare.map((room, i) => room % strides[i])),
  });
  return [b.reshape(sum, [batch, channels, ...image])];
};

const centerCropPad = (node: Node, b: Builder): readonly string[] => {
  const [x] = node.inputs;
  const shape = b.shape(x);
  const wanted = requiredConstant(node, b, 1, 'shape');
  const axes = getInts(node, 'axes')?.map((axis) => fromFront(axis, shape.length)) ?? shape.map((_, i) => i);
  const pads = new Array<number>(2 * shape.length).fill(0);
  axes.forEach((axis, i) => {
    const extra = wanted[i] - shape[axis];
    pads[axis] = Math.trunc(extra / 2);
    pads[shape.length + axis] = extra - pads[axis];
  });
  return [pads.every((count) => count === 0) ? x : b.op('Pad', [x, b.ints(pads)])];
};

/** Every element goes to the place in the flat output from which its pool took it. */
const maxUnpool = (node: Node, b: Builder): readonly string[] => {
  const [x, indices] = node.inputs;
  if (node.inputs[2]) throw unsupported(node, 'output_shape', 'the places count in the smaller shape without it');
  const shape = b.shape(node.outputs[0]);
  const zeros = b.expand(b.float(0, b.dtype(x)), [elementCount(shape)]);
  const flat = b.op('ScatterElements', [zeros, b.reshape(indices, [-1]), b.reshape(x, [-1])], { axis: int(0) });
  return [b.reshape(flat, shape)];
};

const affineGrid = (node: Node, b: Builder): readonly string[] => {
  const [theta] = node.inputs;
  const [batch, , ...sizes] = requiredConstant(node, b, 1, 'size');
  const corners = getInt(node, 'align_corners', 0) === 1;
  const at = (i: number, size: number): number =>
    corners ? (size === 1 ? 0 : -1 + (2 * i) / (size - 1)) : (2 * i + 1) / size - 1;
  const points = elementCount(sizes);
  // The last axis comes first among the coordinates.
  const base = Array.from({ length: points }, (_, point) => {
    let rest = point;
    const coordinates = [...sizes].reverse().map((size) => {
      const i = rest % size;
      rest = Math.floor(rest / size);
      return at(i, size);
    });
    return [...coordinates, 1];
  });
  const grid = b.constant(floating(b.dtype(theta), base.flat(), [points, sizes.length + 1]));
  return [b.reshape(b.matmul(grid, b.transpose(theta, [0, 2, 1])), [batch, ...sizes, sizes.length])];
};

/** −Σ weight·log p(target), over samples and positions that are not ignored. */
function likelihood(node: Node, b: Builder, logs: string, target: string, weight: string | undefined): string {
  const dtype = b.dtype(logs);
  const [, classes] = b.shape(logs);
  const ignored = getInt(node, 'ignore_index', Number.NaN);
  const places = castTo(b, target, 'int64');
  const isIgnored = Number.isNaN(ignored) ? undefined : b.op('Equal', [places, b.ints([ignored], [])]);
  const safe = isIgnored ? b.op('Where', [isIgnored, b.ints([0], []), places]) : places;
  const iota = b.ints(
    Array.from({ length: classes }, (_, i) => i),
    [
      1,
      classes,
      ...b
        .shape(target)
        .slice(1)
        .map(() => 1),
    ],
  );
  const hot = castTo(b, b.op('Equal', [b.op('Unsqueeze', [safe, b.ints([1])]), iota]), dtype);
  const picked = b.sum(b.mul(hot, logs), [1], false);
  let factor = weight ? b.op('Gather', [weight, safe], { axis: int(0) }) : b.expand(b.float(1, dtype), b.shape(target));
  if (isIgnored) factor = b.op('Where', [isIgnored, b.float(0, dtype), factor]);
  const losses = b.neg(b.mul(factor, picked));
  const reduction = getString(node, 'reduction', 'mean');
  if (reduction === 'none') return losses;
  const all = b.shape(losses).map((_, axis) => axis);
  const total = b.sum(losses, all, false);
  return reduction === 'sum' ? total : b.div(total, b.sum(factor, all, false));
}

const crossEntropy = (node: Node, b: Builder): readonly string[] => {
  const [scores, target, weight] = node.inputs;
  const logs = b.op('LogSoftmax', [scores], { axis: int(1) });
  return [likelihood(node, b, logs, target, weight), logs];
};

const globalLpPool = (node: Node, b: Builder): readonly string[] => {
  const [x] = node.inputs;
  const axes = b.shape(x).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  const p = getInt(node, 'p', 2);
  if (p === 1) return [b.op('ReduceL1', [x, b.ints(axes)])];
  if (p === 2) return [b.op('ReduceL2', [x, b.ints(axes)])];
  const power = (value: string, exponent: number): string => b.op('Pow', [value, b.float(exponent, b.dtype(x))]);
  return [power(b.sum(power(b.op('Abs', [x]), p), axes), 1 / p)];
};

/** Operators of ONNX that are compositions of others. */
export const composed: Expansions = [
  ['DFT', dft],
  ['STFT', stft],
  ['Col2Im', col2Im],
  ['CenterCropPad', centerCropPad],
  ['MaxUnpool', maxUnpool],
  ['AffineGrid', affineGrid],
  ['GlobalLpPool', globalLpPool],
  ['NegativeLogLikelihoodLoss', (node, b) => [likelihood(node, b, node.inputs[0], node.inputs[1], node.inputs[2])]],
  ['SoftmaxCrossEntropyLoss', crossEntropy],
];
