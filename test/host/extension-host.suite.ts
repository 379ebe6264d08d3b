import { expect, inject, test } from 'vitest';
import { runHostTests } from '../support/vscode/host-tests';

// Each mocha test that ran in the extension host becomes a test of this run, so that one report counts them all.
const results = await runHostTests(inject('machine'), 'media/sample');

test('the extension host ran tests', () => expect(results.length).toBeGreaterThan(0));

for (const { title, failure } of results) {
  test(title, () => {
    if (failure !== undefined) throw new Error(failure);
  });
}
