import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withMethods } from '../../../scripts/readmeMethods';

const file = new URL('../../../README.md', import.meta.url);

it('README.md lists the methods that there are (node scripts/readme.mjs writes them)', () => {
  const readme = readFileSync(file, 'utf8');
  const wanted = withMethods(readme);
  if (process.env.UPDATE_README) writeFileSync(file, wanted);
  else expect(readme).toBe(wanted);
});
