import { getInt, getString, int } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import { addElements, castTo, shift } from './common';
import type { VjpRule, VjpRules } from './rule';

/** Grows linearly between `low` and `high`, then back, and so on; the identity in between. */
function reflect(b: Builder, x: string, low: number, high: number): string {
  const span = high - low;
  if (span === 0) return b.scale(x, 0);
  const distance = b.op('Abs', [shift(b, x, -low)]);
  const phase = b.op('Mod', [distance, b.float(2 * span, b.dtype(x))], { fmod: int(1) });
  return b.sub(b.float(low + span, b.dtype(x)), b.op('Abs', [shift(b, phase, -span)]));
}

const clamp = (b: Builder, x: string, high: number): string =>
  b.op('Clip', [x, b.float(0, b.dtype(x)), b.float(high, b.dtype(x))]);

/** One of the neighbours that a sample mixes along one axis, for all positions of the grid. */
interface Tap {
  /** Its position along the axis, whole numbers. */
  readonly index: string;
  readonly weight: string;
  /** The derivative of the weight by the grid's coordinate; undefined when there is none. */
  readonly slope: string | undefined;
}

type Weights = (b: Builder, t: string) => readonly { offset: number; weight: string; slope: string }[];

/** By the fraction t behind the floor: the neighbours' offsets and weights, and the weights' derivatives. */
const linear: Weights = (b, t) => {
  const one = b.float(1, b.dtype(t));
  return [
    { offset: 0, weight: b.sub(one, t), slope: b.neg(one) },
    { offset: 1, weight: t, slope: one },
  ];
};

/** Keys' kernel at −0.75, as powers of t, constant first. */
const CUBIC: readonly (readonly number[])[] = [
  [0, -0.75, 1.5, -0.75],
  [1, 0, -2.25, 1.25],
  [0, 0.75, 1.5, -1.25],
  [0, 0, -0.75, 0.75],
];

const cubic: Weights = (b, t) => {
  const polynomial = (coefficients: readonly number[]): string =>
    coefficients.reduceRight((sum, coefficient) => shift(b, b.mul(sum, t), coefficient), b.float(0, b.dtype(t)));
  return CUBIC.map((coefficients, i) => ({
    offset: i - 1,
    weight: polynomial(coefficients),
    slope: polynomial(coefficients.slice(1).map((coefficient, power) => coefficient * (power + 1))),
  }));
};

const WEIGHTS: Readonly<Partial<Record<string, Weights>>> = { linear, bilinear: linear, cubic, bicubic: cubic };

interface Sampling {
  readonly mode: string;
  readonly padding: string;
  readonly corners: boolean;
}

/** The taps along one axis of `size` elements; `grid` holds its coordinates, −1 to 1 over the axis. */
function tapsOf(b: Builder, grid: string, size: number, { mode, padding, corners }: Sampling): Tap[] {
  const dtype = b.dtype(grid);
  const factor = (corners ? size - 1 : size) / 2;
  const [low, high] = corners ? [0, size - 1] : [-0.5, size - 0.5];
  const place = shift(b, b.scale(shift(b, grid, 1), factor), corners ? 0 : -0.5);
  const weights = WEIGHTS[mode];
  const start = weights ? place : b.op('Round', [place]);
  const padded = (x: string): string =>
    padding === 'border' ? clamp(b, x, size - 1) : padding === 'reflection' ? reflect(b, x, low, high) : x;
  // Cubic taps are padded one by one; all else brings the sample's own place inside first.
  const outside = mode === 'cubic' || mode === 'bicubic' ? 'zeros' : padding;
  const position = outside === 'zeros' ? start : padded(start);
  const floor = b.op('Floor', [position]);
  const tap = (offset: number, weight: string, slope: string | undefined): Tap => {
    const index = shift(b, floor, offset);
    if (padding !== 'zeros') return { index: clamp(b, b.op('Round', [padded(index)]), size - 1), weight, slope };
    const zero = b.float(0, dtype);
    const inside = b.op('And', [
      b.op('GreaterOrEqual', [index, zero]),
      b.op('LessOrEqual', [index, b.float(size - 1, dtype)]),
    ]);
    const kept = (x: string): string => b.op('Where', [inside, x, zero]);
    return { index: clamp(b, index, size - 1), weight: kept(weight), slope: slope && kept(slope) };
  };
  if (!weights) return [tap(0, b.expand(b.float(1, dtype), b.shape(grid)), undefined)];
  // The padding's own slope: 0 where it clamps, −1 where it runs backwards.
  const inner = b.scale(paddingSlope(b, start, outside, size, low, high), factor);
  return weights(b, b.sub(position, floor)).map(({ offset, weight, slope }) =>
    tap(offset, weight, b.mul(slope, inner)),
  );
}

function paddingSlope(b: Builder, x: string, padding: string, size: number, low: number, high: number): string {
  const dtype = b.dtype(x);
  const one = b.expand(b.float(1, dtype), b.shape(x));
  if (padding === 'border') {
    const below = b.op('Less', [x, b.float(0, dtype)]);
    const above = b.op('Greater', [x, b.float(size - 1, dtype)]);
    return b.op('Where', [b.op('Or', [below, above]), b.float(0, dtype), one]);
  }
  if (padding !== 'reflection') return one;
  const span = high - low;
  if (span === 0) return b.scale(one, 0);
  const signed = shift(b, x, -low);
  const phase = b.op('Mod', [b.op('Abs', [signed]), b.float(2 * span, dtype)], { fmod: int(1) });
  return b.mul(b.op('Sign', [signed]), b.op('Sign', [b.sub(b.float(span, dtype), phase)]));
}

/** One choice of a tap for every axis. */
function combinations(axes: readonly (readonly Tap[])[]): Tap[][] {
  return axes.reduce<Tap[][]>((chosen, taps) => chosen.flatMap((some) => taps.map((tap) => [...some, tap])), [[]]);
}

/**
 * A sample is the sum over its neighbours of a weight by an element. The input gets the cotangents by the same weights
 * at the same places; the grid what the weights' derivatives make of the elements.
 */
const gridSampleRule: VjpRule = ({ node, b, cotangents, needs }) => {
  const [x, grid] = node.inputs;
  const dtype = b.dtype(x);
  const [n, c, ...sizes] = b.shape(x);
  const points = b
    .shape(grid)
    .slice(1, -1)
    .reduce((product, dim) => product * dim, 1);
  const elements = sizes.reduce((product, dim) => product * dim, 1);
  const sampling = {
    mode: getString(node, 'mode', 'linear'),
    padding: getString(node, 'padding_mode', 'zeros'),
    corners: getInt(node, 'align_corners', 0) === 1,
  };
  const flatGrid = b.reshape(castTo(b, grid, dtype), [n, 1, points, sizes.length]);
  // The grid names the last axis first.
  const axes = sizes.map((size, axis) => {
    const place = sizes.length - 1 - axis;
    const coordinates = b.reshape(b.slice(flatGrid, [3], [place], [place + 1]), [n, 1, points]);
    return tapsOf(b, coordinates, size, sampling);
  });
  const chosen = combinations(axes);
  const side = (parts: readonly string[]): string =>
    parts.length === 1 ? parts[0] : b.op('Concat', [...parts], { axis: int(2) });
  const product = (factors: readonly string[]): string => factors.reduce((all, factor) => b.mul(all, factor));
  const index = side(
    chosen.map((taps) =>
      taps.reduce((flat, tap, axis) => (axis === 0 ? tap.index : b.add(b.scale(flat, sizes[axis]), tap.index)), ''),
    ),
  );
  const all = b.expand(castTo(b, index, 'int64'), [n, c, chosen.length * points]);
  const dy = b.reshape(cotangents[0] as string, [n, c, points]);
  const repeated = side(chosen.map(() => dy));
  let dx: string | null = null;
  if (needs(0)) {
    const weights = side(chosen.map((taps) => product(taps.map(({ weight }) => weight))));
    dx = b.reshape(addElements(b, [n, c, elements], all, b.mul(repeated, weights), 2), b.shape(x));
  }
  if (!needs(1) || axes.some((taps) => taps.some(({ slope }) => slope === undefined))) return [dx];
  const read = b.op('GatherElements', [b.reshape(x, [n, c, elements]), all], { axis: int(2) });
  const pull = b.sum(b.mul(read, repeated), [1]);
  const byAxis = axes.map((_, axis) => {
    const slopes = side(
      chosen.map((taps) => product(taps.map((tap, i) => (i === axis ? (tap.slope as string) : tap.weight)))),
    );
    const terms = b.reshape(b.mul(pull, slopes), [n, chosen.length, points]);
    return b.reshape(b.sum(terms, [1]), [n, points, 1]);
  });
  const dGrid = b.op('Concat', byAxis.reverse(), { axis: int(2) });
  return [dx, castTo(b, b.reshape(dGrid, b.shape(grid)), b.dtype(grid))];
};

/** Sampling at computed places. */
export const gridSample: VjpRules = [['GridSample', gridSampleRule]];
