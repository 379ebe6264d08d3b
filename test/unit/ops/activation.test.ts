import { describe } from 'vitest';
import { checkGradient } from '../../support/derivatives';
import { property } from '../../support/property';
import { ACTIVATIONS, activation, clip, gelu, pRelu } from '../../support/trials/elementwise';

describe('gradients of activations', () => {
  for (const op of Object.keys(ACTIVATIONS)) property(op, activation(op), checkGradient, 10);
  property('Gelu', gelu, checkGradient, 10);
  property('PRelu', pRelu, checkGradient);
  property('Clip with constant bounds', clip(true), checkGradient, 20);
  property('Clip with computed bounds', clip(false), checkGradient, 20);
});
