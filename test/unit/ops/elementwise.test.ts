import { describe } from 'vitest';
import { checkGradient } from '../../support/derivatives';
import { property } from '../../support/property';
import { binary, cast, powConstant, UNARY, unary, variadic, where } from '../../support/trials/elementwise';

describe('gradients of elementwise operators', () => {
  for (const op of Object.keys(UNARY)) property(op, unary(op), checkGradient, 5);
  for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Mod'] as const) {
    property(op, binary(op), checkGradient, 15);
  }
  for (const op of ['Sum', 'Mean', 'Max', 'Min'] as const) property(`${op} of many`, variadic(op), checkGradient, 10);
  property('Pow by a constant', powConstant, checkGradient, 20);
  property('Where', where, checkGradient);
  property('Cast', cast, checkGradient, 5);
});
