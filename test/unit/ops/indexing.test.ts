import { describe } from 'vitest';
import { checkGradient } from '../../support/derivatives';
import { property } from '../../support/property';
import * as indexing from '../../support/trials/indexing';
import { reverseSequence } from '../../support/trials/shape';

describe('gradients of reading and writing by index', () => {
  property('Gather', indexing.gather, checkGradient, 20);
  property('GatherElements', indexing.gatherElements, checkGradient);
  property('GatherND', indexing.gatherNd, checkGradient);
  property('ScatterElements', indexing.scatterElements, checkGradient, 30);
  property('ScatterND', indexing.scatterNd, checkGradient, 30);
  property('ReverseSequence', reverseSequence, checkGradient);
});
