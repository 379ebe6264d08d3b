import { describe, expect, it } from 'vitest';
import { caseNames, loadCase } from '../../support/cases';
import { prepare, runtimeError } from '../../support/gradients';

/** What a quantised model's float original would have as gradient is no claim about the quantised one. */
const FOREIGN = 'grad.float_model';

describe('golden gradients of single operators and dialects', () => {
  for (const name of caseNames('F-')) {
    const golden = loadCase(name);
    const gradients = golden.expect.filter(({ what }) => what.startsWith('grad') && what !== FOREIGN);
    for (const expectation of gradients) {
      it(`${name} ${expectation.what}`, async () => {
        const error = await runtimeError(await prepare(golden, expectation), expectation.array());
        expect(error).toBeLessThanOrEqual(golden.tolerance as number);
      });
    }
  }
});
