// Writes the README's table of methods from the methods' own declarations. A unit test says when it is out of date.
import { run, runMain } from './tools.mjs';

await runMain(() =>
  run('npx', ['vitest', 'run', 'test/unit/docs/readme.test.ts'], { env: { ...process.env, UPDATE_README: '1' } }),
);
