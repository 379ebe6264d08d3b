import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

/** One test's outcome, as the process that started VS Code reads it. */
export interface HostTestResult {
  readonly title: string;
  /** The stack of the failure; absent for a test that passed. */
  readonly failure?: string;
}

/** Name of the environment variable with the file that the outcomes are written to. */
const resultsVariable = 'MODEL_PRISM_HOST_RESULTS';

/** What VS Code calls in the extension host, in the browser as on a desktop. Rejects when a test failed. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', color: false, timeout: 120_000, retries: 1 });
  const files = readdirSync(__dirname, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.test.js')).sort())
    mocha.addFile(path.join(__dirname, file));
  const results: HostTestResult[] = [];
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on('pass', (test) => results.push({ title: test.fullTitle() }));
    runner.on('retry', (test, error: Error) => console.warn(`tried again: ${test.fullTitle()}: ${error.message}`));
    // Hooks fail under their own title.
    runner.on('fail', (test, error: Error) =>
      results.push({ title: test.fullTitle(), failure: error.stack ?? `${error}` }),
    );
  });
  const file = process.env[resultsVariable];
  if (file) writeFileSync(file, JSON.stringify(results));
  const failed = results.filter((result) => result.failure !== undefined).length;
  if (failed > 0) throw new Error(`${failed} of ${results.length} tests failed in the extension host`);
}
