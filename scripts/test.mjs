// Runs the checks and the test suites, each with the set-up that it needs.
//   node scripts/test.mjs [STEP ...] [arguments for vitest]        without steps: everything
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { installConformanceModels } from './bootstrap.mjs';
import { checkLock } from './check-lock.mjs';
import { packageExtension } from './package.mjs';
import { installDependencies, root, runBin, runMain, ScriptError, step } from './tools.mjs';

const results = path.join(root, 'out', 'results');

/** Screenshots and logs of failed tests. */
const failures = path.join(root, 'out', 'failures');

/** Runs vitest and leaves its counts in out/results. */
function vitest(suite, config, args) {
  const report = path.join(results, `${suite}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${report}`];
  runBin('vitest', ['run', '--config', config, ...reporters, ...args]);
}

function typecheck() {
  for (const project of ['.', 'webview', 'test/ui']) runBin('typescript', ['--project', project], { command: 'tsc' });
}

let built;

/** dist/, out/host and the VSIX, once a run. */
function buildForSuites() {
  built ??= packageExtension({ tests: true });
  return built;
}

/** Every step: `suite` marks those whose tests are counted, `inAll` those that a run without arguments takes. */
const steps = {
  lock: { run: checkLock },
  typecheck: { run: typecheck },
  lint: { run: () => runBin('@biomejs/biome', ['check', '--error-on-warnings', '.'], { command: 'biome' }) },
  arrows: {
    run: () =>
      runBin('dependency-cruiser', ['--config', '.dependency-cruiser.mjs', 'src', 'webview', 'test'], {
        command: 'depcruise',
      }),
  },
  unused: { run: () => runBin('knip', []) },
  format: { onDemand: true, run: () => runBin('@biomejs/biome', ['check', '--write', '.'], { command: 'biome' }) },
  unit: { suite: true, run: (args) => vitest('unit', 'vitest.config.mts', args) },
  conformance: {
    suite: true,
    before: installConformanceModels,
    run: (args) => vitest('conformance', 'vitest.conformance.config.mts', args),
  },
  host: {
    suite: true,
    before: buildForSuites,
    run: (args) => vitest('host', 'vitest.vscode.config.mts', ['--dir', 'test/host', ...args]),
  },
  ui: {
    suite: true,
    before: buildForSuites,
    run: (args) => vitest('ui', 'vitest.vscode.config.mts', ['--dir', 'test/ui', ...args]),
  },
};

function countTests(suites) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const suite of suites) {
    const report = path.join(results, `${suite}.json`);
    if (!existsSync(report)) continue;
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
    total.passed += numPassedTests;
    total.failed += numFailedTests;
    total.skipped += numPendingTests;
  }
  return total;
}

async function main() {
  const args = process.argv.slice(2);
  const firstOther = args.findIndex((argument) => !(argument in steps));
  const asked = firstOther === -1 ? args : args.slice(0, firstOther);
  const rest = args.slice(asked.length);
  if (asked.length === 0 && rest.length > 0) {
    throw new ScriptError(`no step is called ${rest[0]}; there are ${Object.keys(steps).join(', ')}`);
  }
  const chosen = asked.length > 0 ? asked : Object.keys(steps).filter((name) => !steps[name].onDemand);

  installDependencies();
  rmSync(failures, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const failed = [];
  for (const name of chosen) {
    const { before, run } = steps[name];
    step(`── ${name}`);
    try {
      await before?.();
      await run(rest);
    } catch (error) {
      console.error(error instanceof ScriptError ? error.message : error);
      failed.push(name);
    }
  }

  const suites = chosen.filter((name) => steps[name].suite);
  const counts = countTests(suites);
  step(failed.length === 0 ? `all steps passed: ${chosen.join(', ')}` : `steps that failed: ${failed.join(', ')}`);
  if (existsSync(failures)) step(`screenshots and logs of failed tests: ${failures}`);
  if (suites.length > 0) {
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
  }
  if (failed.length > 0) process.exitCode = 1;
}

await runMain(main);
