import { float, getFloat, getInt, int } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { VjpRule, VjpRules } from './rule';

const gemm: VjpRule = ({ node, b, cotangents, needs }) => {
  const [x, y] = node.inputs;
  const dy = cotangents[0] as string;
  const alpha = float(getFloat(node, 'alpha', 1));
  const transA = getInt(node, 'transA', 0);
  const transB = getInt(node, 'transB', 0);
  const product = (left: string, right: string, transLeft: number, transRight: number): string =>
    b.op('Gemm', [left, right], { alpha, transA: int(transLeft), transB: int(transRight) });
  return [
    needs(0) ? (transA ? product(y, dy, transB, 1) : product(dy, y, 0, 1 - transB)) : null,
    needs(1) ? (transB ? product(dy, x, 1, transA) : product(x, dy, 1 - transA, 0)) : null,
    needs(2) ? b.scale(dy, getFloat(node, 'beta', 1)) : null,
  ];
};

const swapLast = (b: Builder, x: string): string => {
  const rank = b.rank(x);
  const perm = Array.from({ length: rank }, (_, axis) => axis);
  return b.transpose(x, [...perm.slice(0, -2), rank - 1, rank - 2]);
};

/** numpy's matmul: a vector counts as a row on the left and as a column on the right; leading axes broadcast. */
const matmul: VjpRule = ({ node, b, cotangents, needs }) => {
  const dy = cotangents[0] as string;
  const shapes = node.inputs.map((input) => b.shape(input));
  const left = b.reshape(node.inputs[0], shapes[0].length === 1 ? [1, ...shapes[0]] : shapes[0]);
  const right = b.reshape(node.inputs[1], shapes[1].length === 1 ? [...shapes[1], 1] : shapes[1]);
  const rows = b.shape(left).at(-2) as number;
  const columns = b.shape(right).at(-1) as number;
  const batch = b.shape(dy).slice(0, b.rank(dy) - (shapes[0].length > 1 ? 1 : 0) - (shapes[1].length > 1 ? 1 : 0));
  const product = b.reshape(dy, [...batch, rows, columns]);

  const toLeft = (): string => b.reshape(b.sumTo(b.matmul(product, swapLast(b, right)), b.shape(left)), shapes[0]);
  const toRight = (): string => {
    // One large product instead of a batch of small ones that is then summed.
    if (b.rank(right) === 2 && b.rank(left) > 2) {
      const flat = b.reshape(left, [-1, b.shape(left).at(-1) as number]);
      return b.reshape(b.matmul(swapLast(b, flat), b.reshape(product, [-1, columns])), shapes[1]);
    }
    return b.reshape(b.sumTo(b.matmul(swapLast(b, left), product), b.shape(right)), shapes[1]);
  };
  return [needs(0) ? toLeft() : null, needs(1) ? toRight() : null];
};

/** Matrix products. */
export const linear: VjpRules = [
  ['Gemm', gemm],
  ['MatMul', matmul],
];
