import { describe } from 'vitest';
import { checkGradient } from '../../support/derivatives';
import { property } from '../../support/property';
import { cumSum, REDUCTIONS, reduce, topK } from '../../support/trials/reduce';

describe('gradients of reductions', () => {
  for (const op of Object.keys(REDUCTIONS)) property(op, reduce(op), checkGradient, 20);
  property('CumSum', cumSum, checkGradient);
  property('TopK', topK, checkGradient);
});
