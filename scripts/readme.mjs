// Writes the README's table of methods and the table of docs/metrics.md from the declarations in the code. Unit tests
// say when they are out of date.
import { run, runMain } from './tools.mjs';

await runMain(() =>
  run('npx', ['vitest', 'run', 'test/unit/docs/readme.test.ts', 'test/unit/docs/metrics.test.ts'], {
    env: { ...process.env, UPDATE_README: '1' },
  }),
);
