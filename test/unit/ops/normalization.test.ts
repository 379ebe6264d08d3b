import { describe } from 'vitest';
import { checkGradient } from '../../support/derivatives';
import { property } from '../../support/property';
import * as normalisation from '../../support/trials/normalisation';

describe('gradients of normalisations', () => {
  property('BatchNormalization', normalisation.batchNormalization, checkGradient, 15);
  property('LayerNormalization', normalisation.layerNormalization, checkGradient, 20);
  property('InstanceNormalization', normalisation.instanceNormalization, checkGradient, 15);
  property('GroupNormalization', normalisation.groupNormalization, checkGradient, 15);
  property('LRN', normalisation.lrn, checkGradient);
  property('LpNormalization', normalisation.lpNormalization, checkGradient);
  property('MeanVarianceNormalization', normalisation.meanVariance, checkGradient);
});
