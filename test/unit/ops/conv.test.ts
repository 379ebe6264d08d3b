import { describe } from 'vitest';
import { checkGradient } from '../../support/derivatives';
import { property } from '../../support/property';
import { conv, convTranspose } from '../../support/trials/conv';

describe('gradients of convolutions', () => {
  property('Conv', conv, checkGradient, 40);
  property('ConvTranspose', convTranspose, checkGradient, 40);
});
