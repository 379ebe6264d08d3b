import { getInt, getString, int, string } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Attributes, Node } from '../graph/ir';
import { toNumbers } from '../graph/tensor';
import { addElements, addSlices, castTo, fromFront, none, unsupported } from './common';
import type { VjpRule, VjpRules } from './rule';

/** A constant single position becomes a Pad; all else is added at its indices, along the first axis. */
const gather: VjpRule = ({ node, b, cotangents }) => {
  const [x, indices] = node.inputs;
  const dy = cotangents[0] as string;
  const shape = b.shape(x);
  const axis = fromFront(getInt(node, 'axis', 0), shape.length);
  const index = b.shape(indices);
  const constant = b.initializer(indices);
  if (constant && index.every((dim) => dim === 1)) {
    const place = fromFront(toNumbers(constant)[0], shape[axis]);
    const pads = [...shape.map(() => 0), ...shape.map(() => 0)];
    pads[axis] = place;
    pads[shape.length + axis] = shape[axis] - 1 - place;
    const single = b.reshape(
      dy,
      shape.map((dim, i) => (i === axis ? 1 : dim)),
    );
    return [b.op('Pad', [single, b.ints(pads)])];
  }
  const positions = b.op('Unsqueeze', [castTo(b, indices, 'int64'), b.ints([-1])]);
  const before = Array.from({ length: axis }, (_, i) => i);
  const own = index.map((_, i) => axis + i);
  const after = shape.slice(axis + 1).map((_, i) => axis + index.length + i);
  const front = b.transpose(dy, [...own, ...before, ...after]);
  const others = shape.filter((_, i) => i !== axis);
  const sum = addSlices(b, [shape[axis], ...others], positions, front);
  const perm = shape.map((_, i) => (i === axis ? 0 : i < axis ? i + 1 : i));
  return [b.transpose(sum, perm)];
};

const gatherElements: VjpRule = ({ node, b, cotangents }) => {
  const [x, indices] = node.inputs;
  const axis = fromFront(getInt(node, 'axis', 0), b.rank(x));
  return [addElements(b, b.shape(x), indices, cotangents[0] as string, axis)];
};

const gatherNd: VjpRule = ({ node, b, cotangents }) => {
  const [x, indices] = node.inputs;
  const batch = getInt(node, 'batch_dims', 0);
  const places = [...b.shape(indices).slice(0, -1), 1];
  // ScatterND knows no batch axes: their coordinates go in front of the indices.
  const coordinates = Array.from({ length: batch }, (_, axis) => {
    const count = places[axis];
    const iota = b.ints(
      Array.from({ length: count }, (_, i) => i),
      places.map((_, i) => (i === axis ? count : 1)),
    );
    return b.expand(iota, places);
  });
  const full = batch === 0 ? indices : b.op('Concat', [...coordinates, indices], { axis: int(places.length - 1) });
  return [addSlices(b, b.shape(x), full, cotangents[0] as string)];
};

/** ScatterElements or ScatterND with the gather that is its counterpart. */
interface Scatter {
  readonly b: Builder;
  readonly data: string;
  readonly updates: string;
  readonly y: string;
  readonly dy: string;
  readonly scatter: (data: string, updates: string, reduction: string) => string;
  readonly gather: (x: string) => string;
}

const is = (b: Builder, x: string, value: number): string => b.op('Equal', [x, b.float(value, b.dtype(x))]);
const numeric = (b: Builder, condition: string, like: string): string => castTo(b, condition, b.dtype(like));

/** What each reduction sends to the data and to the updates. */
const SCATTER: Readonly<Record<string, (s: Scatter) => readonly [data: string, updates: string]>> = {
  none: ({ b, updates, dy, scatter, gather }) => [scatter(dy, b.zerosLike(updates), 'none'), gather(dy)],
  add: ({ dy, gather }) => [dy, gather(dy)],
  // The product of the others, as in ReduceProd.
  mul: ({ b, data, updates, dy, scatter, gather }) => {
    const [safeData, safeUpdates] = [data, updates].map((x) => b.op('Where', [is(b, x, 0), b.float(1, b.dtype(x)), x]));
    const [zeroData, zeroUpdates] = [data, updates].map((x) => numeric(b, is(b, x, 0), x));
    const zeros = scatter(zeroData, zeroUpdates, 'add');
    const products = b.mul(dy, scatter(safeData, safeUpdates, 'mul'));
    const share = (all: string, count: string, own: string, safe: string): string =>
      b.op('Where', [is(b, b.sub(count, own), 0), b.div(all, safe), b.float(0, b.dtype(safe))]);
    return [
      share(products, zeros, zeroData, safeData),
      share(gather(products), gather(zeros), zeroUpdates, safeUpdates),
    ];
  },
  max: (s) => shareExtreme(s),
  min: (s) => shareExtreme(s),
};

/** Equal extremes share evenly. */
function shareExtreme({ b, data, updates, y, dy, scatter, gather }: Scatter): readonly [string, string] {
  const hitData = numeric(b, b.op('Equal', [data, y]), y);
  const hitUpdates = numeric(b, b.op('Equal', [updates, gather(y)]), y);
  const share = b.div(dy, scatter(hitData, hitUpdates, 'add'));
  return [b.mul(hitData, share), b.mul(hitUpdates, gather(share))];
}

function scatterRule(node: Node, b: Builder, cotangents: readonly (string | null)[]): Scatter {
  const [data, indices, updates] = node.inputs;
  const elements = node.op === 'ScatterElements';
  const axis: Attributes = elements ? { axis: int(fromFront(getInt(node, 'axis', 0), b.rank(data))) } : {};
  return {
    b,
    data,
    updates,
    y: node.outputs[0],
    dy: cotangents[0] as string,
    scatter: (into, values, reduction) =>
      b.op(node.op, [into, indices, values], { ...axis, reduction: string(reduction) }),
    gather: (x) => b.op(elements ? 'GatherElements' : 'GatherND', [x, indices], axis),
  };
}

const scatter: VjpRule = ({ node, b, cotangents, needs }) => {
  const reduction = getString(node, 'reduction', 'none');
  const rule = SCATTER[reduction];
  if (!rule) throw unsupported(node, 'reduction', `'${reduction}' is not one of ${Object.keys(SCATTER).join(', ')}`);
  const [data, updates] = rule(scatterRule(node, b, cotangents));
  return [needs(0) ? data : null, null, needs(2) ? updates : null];
};

const reverseSequence: VjpRule = ({ node, b, cotangents }) => [
  b.op('ReverseSequence', [cotangents[0] as string, node.inputs[1]], node.attributes),
];

/** Reading and writing at indices. */
export const indexing: VjpRules = [
  ['Gather', gather],
  ['GatherElements', gatherElements],
  ['GatherND', gatherNd],
  ['ScatterElements', scatter],
  ['ScatterND', scatter],
  ['ReverseSequence', reverseSequence],
  ['OneHot', none],
  ['NonZero', none],
  ['NonMaxSuppression', none],
];
