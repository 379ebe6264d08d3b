import { expect, it } from 'vitest';
import { operatorsPage } from '../../../scripts/operatorsPage';

it('docs/operators.md says what the rule table has (node scripts/operators.mjs writes it)', async () => {
  await expect(operatorsPage()).toMatchFileSnapshot('../../../docs/operators.md');
});
