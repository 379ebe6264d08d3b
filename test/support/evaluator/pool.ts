import { getInt, getInts } from '../../../src/graph/attributes';
import type { Node } from '../../../src/graph/ir';
import { type NdArray, ndarray, sizeOf, stridesOf } from './array';
import type { Family, Operator } from './operator';
import { eachPosition, type Geometry, geometryOf, windowTable } from './windows';

function poolGeometry(node: Node, x: NdArray): Geometry {
  const kernel = getInts(node, 'kernel_shape');
  if (!kernel) throw new Error(`${node.op} without kernel_shape`);
  return geometryOf(node, x.shape.slice(2), kernel);
}

/** Maps each window: the callback gets the flat indices into the whole tensor of its cells outside the padding. */
function eachWindow(x: NdArray, geometry: Geometry, visit: (cells: readonly number[], position: number) => number) {
  const table = windowTable(geometry);
  const taps = sizeOf(geometry.kernel);
  const positions = sizeOf(geometry.output);
  const planes = x.shape[0] * x.shape[1];
  const cells = sizeOf(geometry.input);
  const out = new Float64Array(planes * positions);
  for (let plane = 0; plane < planes; plane++) {
    for (let p = 0; p < positions; p++) {
      const window: number[] = [];
      for (let t = 0; t < taps; t++) {
        const cell = table[p * taps + t];
        if (cell >= 0) window.push(plane * cells + cell);
      }
      out[plane * positions + p] = visit(window, p);
    }
  }
  return ndarray(x.dtype, [...x.shape.slice(0, 2), ...geometry.output], out);
}

/** Index into the tensor as if its spatial axes were stored first axis fastest. */
function columnMajor(flat: number, spatial: readonly number[]): number {
  const cells = sizeOf(spatial);
  const strides = stridesOf(spatial);
  let index = 0;
  let step = 1;
  spatial.forEach((dim, axis) => {
    index += (Math.floor((flat % cells) / strides[axis]) % dim) * step;
    step *= dim;
  });
  return flat - (flat % cells) + index;
}

const maxPool: Operator = ({ node, input }) => {
  const x = input(0);
  const geometry = poolGeometry(node, x);
  const best: number[] = [];
  const y = eachWindow(x, geometry, (cells) => {
    let first = cells[0];
    for (const cell of cells) if (x.data[cell] > x.data[first]) first = cell;
    best.push(first);
    return x.data[first];
  });
  const order = getInt(node, 'storage_order', 0);
  const indices = best.map((flat) => (order === 1 ? columnMajor(flat, geometry.input) : flat));
  return [y, ndarray('int64', y.shape, indices)].slice(0, node.outputs.length);
};

/** How many taps of each window lie in the input or in its declared padding, not beyond it (ceil_mode reaches there). */
function paddedCounts({ input, kernel, strides, dilations, before, after, output }: Geometry): number[] {
  const counts: number[] = [];
  eachPosition(output, (position) => {
    let count = 1;
    kernel.forEach((k, i) => {
      let inside = 0;
      for (let tap = 0; tap < k; tap++) {
        if (position[i] * strides[i] + tap * dilations[i] < before[i] + input[i] + after[i]) inside++;
      }
      count *= inside;
    });
    counts.push(count);
  });
  return counts;
}

const averagePool: Operator = ({ node, input }) => {
  const x = input(0);
  const geometry = poolGeometry(node, x);
  const counts = getInt(node, 'count_include_pad', 0) === 1 ? paddedCounts(geometry) : undefined;
  return [
    eachWindow(
      x,
      geometry,
      (cells, p) => cells.reduce((sum, cell) => sum + x.data[cell], 0) / Math.max(counts?.[p] ?? cells.length, 1),
    ),
  ];
};

const norm = (values: readonly number[], p: number): number =>
  values.reduce((sum, value) => sum + Math.abs(value) ** p, 0) ** (1 / p);

const lpPool: Operator = ({ node, input }) => {
  const x = input(0);
  const p = getInt(node, 'p', 2);
  return [
    eachWindow(x, poolGeometry(node, x), (cells) =>
      norm(
        cells.map((cell) => x.data[cell]),
        p,
      ),
    ),
  ];
};

const globalPool =
  (f: (plane: Float64Array, node: Node) => number): Operator =>
  ({ node, input }) => {
    const x = input(0);
    const cells = sizeOf(x.shape.slice(2));
    const out = Float64Array.from({ length: x.shape[0] * x.shape[1] }, (_, plane) =>
      f(x.data.subarray(plane * cells, (plane + 1) * cells), node),
    );
    return [
      ndarray(
        x.dtype,
        x.shape.map((dim, axis) => (axis < 2 ? dim : 1)),
        out,
      ),
    ];
  };

const maxUnpool: Operator = ({ node, input, list }) => {
  const x = input(0);
  const kernel = getInts(node, 'kernel_shape') ?? [];
  const strides = getInts(node, 'strides') ?? kernel.map(() => 1);
  const pads = getInts(node, 'pads') ?? new Array<number>(2 * kernel.length).fill(0);
  const shape = list(2) ?? [
    ...x.shape.slice(0, 2),
    ...kernel.map((k, i) => (x.shape[2 + i] - 1) * strides[i] - pads[i] - pads[kernel.length + i] + k),
  ];
  const y = ndarray(x.dtype, shape);
  input(1).data.forEach((index, i) => {
    y.data[index] = x.data[i];
  });
  return [y];
};

export const pooling: Family = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  MaxUnpool: maxUnpool,
  GlobalAveragePool: globalPool((plane) => plane.reduce((sum, value) => sum + value, 0) / plane.length),
  GlobalMaxPool: globalPool((plane) => plane.reduce((max, value) => Math.max(max, value))),
  GlobalLpPool: globalPool((plane, node) => norm(Array.from(plane), getInt(node, 'p', 2))),
};
