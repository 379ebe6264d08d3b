import { getFloat, getInt, getString } from '../../../src/graph/attributes';
import {
  broadcastOffsets,
  broadcastShape,
  map,
  type NdArray,
  ndarray,
  offsets,
  reshaped,
  sizeOf,
  stridesOf,
  transposed,
} from './array';
import { zip } from './elementwise';
import type { Family, Operator } from './operator';

/** Matrix product with numpy's rules: vectors are promoted, leading axes broadcast. */
function matmul(a: NdArray, b: NdArray): NdArray {
  const left = a.shape.length === 1 ? reshaped(a, [1, a.shape[0]]) : a;
  const right = b.shape.length === 1 ? reshaped(b, [b.shape[0], 1]) : b;
  const [m, k] = left.shape.slice(-2);
  const [k2, n] = right.shape.slice(-2);
  if (k !== k2) throw new Error(`MatMul of [${a.shape}] and [${b.shape}]`);
  const batch = broadcastShape(left.shape.slice(0, -2), right.shape.slice(0, -2));
  const leftAt = broadcastOffsets(left.shape.slice(0, -2), batch);
  const rightAt = broadcastOffsets(right.shape.slice(0, -2), batch);
  const out = new Float64Array(sizeOf(batch) * m * n);
  for (let i = 0; i < leftAt.length; i++) {
    for (let row = 0; row < m; row++) {
      for (let inner = 0; inner < k; inner++) {
        const value = left.data[(leftAt[i] * m + row) * k + inner];
        const from = (rightAt[i] * k + inner) * n;
        const to = (i * m + row) * n;
        for (let column = 0; column < n; column++) out[to + column] += value * right.data[from + column];
      }
    }
  }
  const shape = [...batch, ...(a.shape.length === 1 ? [] : [m]), ...(b.shape.length === 1 ? [] : [n])];
  return ndarray(a.dtype, shape, out);
}

const gemm: Operator = ({ node, input, inputs }) => {
  const a = getInt(node, 'transA', 0) ? transposed(input(0), [1, 0]) : input(0);
  const b = getInt(node, 'transB', 0) ? transposed(input(1), [1, 0]) : input(1);
  const alpha = getFloat(node, 'alpha', 1);
  const beta = getFloat(node, 'beta', 1);
  const product = map(matmul(a, b), (x) => alpha * x);
  return [inputs[2] ? zip(product, inputs[2], (x, y) => x + beta * y) : product];
};

/** Subscripts of each operand and of the result, with the ellipsis written out as upper-rank pseudo-letters. */
function parseEquation(equation: string, ranks: readonly number[]): { terms: string[][]; result: string[] } {
  const [left, right] = equation.replaceAll(' ', '').split('->');
  const hidden = Math.max(
    0,
    ...left.split(',').map((term, i) => (term.includes('...') ? ranks[i] - term.replace('...', '').length : 0)),
  );
  const spell = (term: string, rank?: number): string[] => {
    const [head, tail] = term.split('...');
    if (tail === undefined) return [...head];
    const count = rank === undefined ? hidden : rank - head.length - tail.length;
    return [...head, ...Array.from({ length: count }, (_, i) => `ellipsis${hidden - count + i}`), ...tail];
  };
  const terms = left.split(',').map((term, i) => spell(term, ranks[i]));
  if (right !== undefined) return { terms, result: spell(right) };
  const all = terms.flat();
  const once = [...new Set(all)].filter(
    (letter) => all.indexOf(letter) === all.lastIndexOf(letter) && letter.length === 1,
  );
  return { terms, result: [...spell('...').slice(0, hidden), ...once.sort()] };
}

const einsum: Operator = ({ node, inputs }) => {
  const operands = inputs as readonly NdArray[];
  const { terms, result } = parseEquation(
    getString(node, 'equation', ''),
    operands.map((operand) => operand.shape.length),
  );
  const sizes = new Map<string, number>();
  terms.forEach((term, i) => {
    term.forEach((letter, axis) => {
      const dim = operands[i].shape[axis];
      if (dim !== 1 || !sizes.has(letter)) sizes.set(letter, dim);
    });
  });
  const summed = [...sizes.keys()].filter((letter) => !result.includes(letter));
  const letters = [...result, ...summed];
  const dims = letters.map((letter) => sizes.get(letter) as number);
  const at = operands.map((operand, i) => {
    const strides = stridesOf(operand.shape).map((stride, axis) => (operand.shape[axis] === 1 ? 0 : stride));
    const steps = letters.map((letter) =>
      terms[i].reduce((sum, own, axis) => sum + (own === letter ? strides[axis] : 0), 0),
    );
    return offsets(dims, steps);
  });
  const shape = dims.slice(0, result.length);
  const inner = sizeOf(dims.slice(result.length));
  const out = new Float64Array(sizeOf(shape));
  for (let i = 0; i < out.length * inner; i++) {
    let product = 1;
    for (let k = 0; k < operands.length; k++) product *= operands[k].data[at[k][i]];
    out[Math.floor(i / inner)] += product;
  }
  return [ndarray(operands[0].dtype, shape, out)];
};

export const linear: Family = {
  MatMul: ({ input }) => [matmul(input(0), input(1))],
  Gemm: gemm,
  Einsum: einsum,
};
