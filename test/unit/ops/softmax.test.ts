import { describe } from 'vitest';
import { checkGradient } from '../../support/derivatives';
import { property } from '../../support/property';
import { softmax } from '../../support/trials/reduce';

describe('gradients of softmax', () => {
  property('Softmax', softmax('Softmax'), checkGradient, 15);
  property('LogSoftmax', softmax('LogSoftmax'), checkGradient, 15);
});
