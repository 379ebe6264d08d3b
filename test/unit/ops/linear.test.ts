import { describe } from 'vitest';
import { checkGradient } from '../../support/derivatives';
import { property } from '../../support/property';
import { einsum, gemm, matmul, ODD_EQUATIONS } from '../../support/trials/linear';

describe('gradients of matrix products', () => {
  property('Gemm', gemm, checkGradient, 30);
  property('MatMul', matmul, checkGradient, 30);
  property('Einsum', einsum(), checkGradient, 20);
  property('Einsum with repeated letters and ellipses', einsum(ODD_EQUATIONS), checkGradient, 20);
});
