import { describe } from 'vitest';
import { checkGradient } from '../../support/derivatives';
import { property } from '../../support/property';
import { recurrent } from '../../support/trials/recurrent';

describe('gradients of recurrent layers', () => {
  for (const op of ['RNN', 'GRU', 'LSTM'] as const) property(op, recurrent(op), checkGradient, 10);
});
