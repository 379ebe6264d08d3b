import { getInts, getString, ints, omit } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { floating } from '../graph/tensor';
import { castTo, constantInput, fromFront, unsupported } from './common';
import type { VjpRule, VjpRules } from './rule';

/** One axis that changes. */
interface Axis {
  readonly axis: number;
  readonly size: number;
  readonly resized: number;
  /** The factor, when the node gives factors. */
  readonly scale: number | undefined;
  /** The part of the axis that is read, 0 to 1 for all of it, when the node takes a region. */
  readonly region: readonly [number, number] | undefined;
  /** The size asked for, when the node gives sizes; a policy may have changed it. */
  readonly wanted: number | undefined;
}

function resizedAxes(node: Node, b: Builder): Axis[] {
  const from = b.shape(node.inputs[0]);
  const to = b.shape(node.outputs[0]);
  const scales = constantInput(node, b, 2, 'scales') ?? [];
  const sizes = constantInput(node, b, 3, 'sizes') ?? [];
  const given = getInts(node, 'axes')?.map((axis) => fromFront(axis, from.length)) ?? from.map((_, axis) => axis);
  const crops = getString(node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';
  const roi = (crops && constantInput(node, b, 1, 'roi')) || undefined;
  return given
    .map((axis, i): Axis => {
      const region = roi && ([roi[i], roi[given.length + i]] as const);
      return { axis, size: from[axis], resized: to[axis], scale: scales[i], region, wanted: sizes[i] };
    })
    .filter(
      ({ size, resized, scale, region, wanted }) =>
        size !== resized || (scale ?? 1) !== 1 || (wanted ?? size) !== size || `${region ?? [0, 1]}` !== '0,1',
    );
}

/** Pairs of coordinate transformation and rounding for which output i of an axis enlarged k times reads ⌊i/k⌋. */
const REPEATS: ReadonlySet<string> = new Set([
  'asymmetric floor',
  'tf_half_pixel_for_nn floor',
  ...['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel'].flatMap((transformation) => [
    `${transformation} round_prefer_floor`,
    `${transformation} round_prefer_ceil`,
  ]),
]);

function repeats(node: Node, axes: readonly Axis[]): boolean {
  const transformation = getString(node, 'coordinate_transformation_mode', 'half_pixel');
  const rounding = getString(node, 'nearest_mode', 'round_prefer_floor');
  return (
    getString(node, 'mode', 'nearest') === 'nearest' &&
    getString(node, 'keep_aspect_ratio_policy', 'stretch') === 'stretch' &&
    REPEATS.has(`${transformation} ${rounding}`) &&
    axes.every(({ size, resized, scale }) => resized % size === 0 && (scale ?? resized / size) === resized / size)
  );
}

/** Sums blocks of repeated elements: one pooling where that works, since it keeps the runtime's blocked layout. */
function sumBlocks(b: Builder, dy: string, axes: readonly Axis[], shape: readonly number[]): string {
  const factors = shape.map((size, axis) => b.shape(dy)[axis] / size);
  if (axes.every(({ axis }) => axis >= 2) && shape.length <= 5 && b.dtype(dy) === 'float32') {
    const kernel = factors.slice(2);
    const mean = b.op('AveragePool', [dy], { kernel_shape: ints(kernel), strides: ints(kernel) });
    return b.scale(
      mean,
      kernel.reduce((product, factor) => product * factor, 1),
    );
  }
  const split = shape.flatMap((size, axis) => [size, factors[axis]]);
  const copies = shape.flatMap((_, axis) => (factors[axis] > 1 ? [2 * axis + 1] : []));
  return b.reshape(b.sum(b.reshape(dy, split), copies), shape);
}

/**
 * Aᵀ of one axis, of shape [size, resized]: what the node itself makes of the identity matrix along the third of four
 * axes. Only small constants are stored; the runtime folds the rest when it makes the session.
 */
function transposedMatrix(b: Builder, node: Node, axis: Axis, lead: Axis | undefined): string {
  const { size, resized, scale, region, wanted } = axis;
  const iota = Array.from({ length: size }, (_, i) => i);
  const equal = b.op('Equal', [b.ints(iota, [1, size, 1, 1]), b.ints(iota, [1, 1, size, 1])]);
  const dtype = b.dtype(node.inputs[0]);
  const identity = castTo(b, equal, dtype);
  const own = omit(node.attributes, 'axes', 'keep_aspect_ratio_policy', 'extrapolation_value');
  if (lead) {
    if (region) throw unsupported(node, 'keep_aspect_ratio_policy', 'it comes with a region of interest');
    // Another axis dictates the scale: it comes along as the fourth, where everything is constant.
    const attributes = { ...omit(node.attributes, 'extrapolation_value'), axes: ints([2, 3]) };
    const sizes = b.ints([wanted as number, lead.wanted as number]);
    const both = b.op('Resize', [b.expand(identity, [1, size, size, lead.size]), '', '', sizes], attributes);
    return b.reshape(b.slice(both, [3], [0], [1]), [size, resized]);
  }
  const roi = region ? b.constant(floating(dtype, [0, 0, region[0], 0, 1, 1, region[1], 1])) : '';
  const inputs =
    scale === undefined
      ? [identity, roi, '', b.ints([1, size, resized, 1])]
      : [identity, roi, b.floats([1, 1, scale, 1])];
  return b.reshape(b.op('Resize', inputs, own), [size, resized]);
}

/** The axis whose own ratio a policy imposes on all; undefined when every axis has its own. */
function leadingAxis(node: Node, axes: readonly Axis[]): Axis | undefined {
  const policy = getString(node, 'keep_aspect_ratio_policy', 'stretch');
  if (policy === 'stretch' || axes.some(({ wanted }) => wanted === undefined)) return undefined;
  const ratios = axes.map(({ size, wanted }) => Math.fround((wanted as number) / size));
  return axes[ratios.indexOf(policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios))];
}

/** A resized axis and the transposed matrix of what happens along it, [size, resized]. */
export interface ResizedAxis {
  readonly axis: number;
  readonly matrix: string;
}

/** The axes that a Resize node changes: it acts on each by itself, so its matrix is the product of theirs. */
export function axisMatrices(node: Node, b: Builder): readonly ResizedAxis[] {
  const axes = resizedAxes(node, b);
  const lead = leadingAxis(node, axes);
  return axes.map((axis) => {
    const follows = lead && lead !== axis && lead.resized / lead.size !== axis.resized / axis.size;
    return { axis: axis.axis, matrix: transposedMatrix(b, node, axis, follows ? lead : undefined) };
  });
}

/** Multiplies one axis of dy by a matrix of shape [size, resized]. */
export function multiplyAxis(b: Builder, dy: string, axis: number, matrix: string): string {
  const shape = b.shape(dy);
  const count = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);
  const [outer, inner] = [count(shape.slice(0, axis)), count(shape.slice(axis + 1))];
  const [size, resized] = b.shape(matrix);
  const product =
    inner === 1
      ? b.matmul(b.reshape(dy, [outer, resized]), b.transpose(matrix, [1, 0]))
      : b.matmul(matrix, b.reshape(dy, [outer, resized, inner]));
  return b.reshape(
    product,
    shape.map((dim, i) => (i === axis ? size : dim)),
  );
}

/**
 * Resize is linear (apart from the constant that it puts outside of a region) and acts on each axis by itself, so its
 * adjoint multiplies each axis by the transposed matrix, in every mode and with the runtime's own rounding.
 */
const resizeRule: VjpRule = ({ node, b, cotangents }) => {
  const axes = resizedAxes(node, b);
  const dy = cotangents[0] as string;
  if (axes.length === 0) return [dy];
  if (repeats(node, axes)) return [sumBlocks(b, dy, axes, b.shape(node.inputs[0]))];
  return [axisMatrices(node, b).reduce((dx, { axis, matrix }) => multiplyAxis(b, dx, axis, matrix), dy)];
};

/** Interpolation. */
export const resize: VjpRules = [['Resize', resizeRule]];
