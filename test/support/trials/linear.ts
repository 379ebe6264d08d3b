import { float, int, string } from '../../../src/graph/attributes';
import type { Attributes } from '../../../src/graph/ir';
import { single, type Trial } from '../derivatives';
import type { Draw } from '../property';
import { broadcastable } from './elementwise';

/** Gemm with all its flags; C absent, scalar, row, column or full. */
export function gemm(draw: Draw): Trial {
  const [m, k, n] = draw.list(3, 1, 4);
  const attributes: Record<string, Attributes[string]> = {};
  const transA = draw.flag();
  const transB = draw.flag();
  if (transA) attributes.transA = int(1);
  if (transB) attributes.transB = int(1);
  if (draw.flag()) attributes.alpha = float(0.5);
  if (draw.flag()) attributes.beta = float(-1.5);
  const values = draw.values();
  const c = draw.pick([undefined, [], [1], [n], [1, n], [m, 1], [m, n]]);
  return single(
    'Gemm',
    [values.array(transA ? [k, m] : [m, k]), values.array(transB ? [n, k] : [k, n]), ...(c ? [values.array(c)] : [])],
    attributes,
  );
}

/** Matrix products of vectors, matrices and batches of them, with batch axes that broadcast. */
export function matmul(draw: Draw): Trial {
  const [m, k, n] = draw.list(3, 1, 4);
  const left = draw.integer(1, 3);
  const right = draw.integer(1, 3);
  const values = draw.values();
  if (left === 1 || right === 1) {
    const batch = draw.shape(0, 2, 2);
    const a = left === 1 ? [k] : [...(right === 1 ? batch : []), m, k];
    const b = right === 1 ? [k] : [...(left === 1 ? batch : []), k, n];
    return single('MatMul', [values.array(a), values.array(b)]);
  }
  const [a, b] = broadcastable(draw, 2, 2);
  return single('MatMul', [values.array([...a, m, k]), values.array([...b, k, n])]);
}

const EQUATIONS = [
  'ij,jk->ik',
  'bij,bjk->bik',
  'bij,bkj->bik',
  'bij,bjk->bki',
  'i,j->ij',
  'ij->ji',
  'ij->i',
  'ij->',
  'bhid,bhjd->bhij',
  'bhij,bhjd->bhid',
  'ij,ij->ij',
  'ij,j->i',
  'abc,cd,de->abe',
  'ij,jk',
  'ba',
];

/** Products by Einstein's convention; letters get the same size in every operand. */
export function einsum(equations: readonly string[] = EQUATIONS): (draw: Draw) => Trial {
  return (draw) => {
    const equation = draw.pick(equations);
    const sizes = new Map<string, number>();
    const values = draw.values();
    const operands = equation
      .split('->')[0]
      .split(',')
      .map((term) =>
        values.array(
          [...term.replace('...', 'YZ')].map((letter) => {
            const size = sizes.get(letter) ?? draw.integer(1, 3);
            sizes.set(letter, size);
            return size;
          }),
        ),
      );
    return single('Einsum', operands, { equation: string(equation) });
  };
}

export const ODD_EQUATIONS = [
  'ii->i',
  'ii->',
  'iij->j',
  '...ij,...jk->...ik',
  '...i->...',
  'i...,j->...ij',
  'bij,jk->bik',
];
