import { describe } from 'vitest';
import { checkGradient } from '../../support/derivatives';
import { property } from '../../support/property';
import { averagePool, globalPool, lpPool, maxPool } from '../../support/trials/pool';

describe('gradients of pools', () => {
  property('MaxPool', maxPool, checkGradient, 40);
  property('AveragePool', averagePool, checkGradient, 40);
  property('LpPool', lpPool, checkGradient, 20);
  property('GlobalAveragePool', globalPool('GlobalAveragePool'), checkGradient, 8);
  property('GlobalMaxPool', globalPool('GlobalMaxPool'), checkGradient, 8);
});
