// Writes docs/operators.md from the rule table of the gradient. A unit test says when the page is out of date.
import { run, runMain } from './tools.mjs';

await runMain(() => run('npx', ['vitest', 'run', 'test/unit/docs/operators.test.ts', '--update']));
