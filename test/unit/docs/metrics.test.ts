import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withMetrics } from '../../../scripts/metricsTable';

const file = new URL('../../../docs/metrics.md', import.meta.url);

it('docs/metrics.md lists the metrics that there are (node scripts/readme.mjs writes them)', () => {
  const page = readFileSync(file, 'utf8');
  const wanted = withMetrics(page);
  if (process.env.UPDATE_README) writeFileSync(file, wanted);
  else expect(page).toBe(wanted);
});
