import { describe, expect, it } from 'vitest';
import { caseNames, loadCase } from '../../support/cases';
import { prepare, runtimeError } from '../../support/gradients';

const isGradient = (what: string): boolean => what === 'grad' || what.startsWith('grad.');

describe('golden gradients of architectures', () => {
  for (const name of caseNames('A-')) {
    const golden = loadCase(name);
    for (const expectation of golden.expect.filter(({ what }) => isGradient(what))) {
      it(`${name} ${expectation.what}`, async () => {
        const error = await runtimeError(await prepare(golden, expectation), expectation.array());
        expect(error).toBeLessThanOrEqual(golden.tolerance as number);
      });
    }
  }
});
