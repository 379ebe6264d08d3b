import { defineConfig } from 'vitest/config';

/** Suites that drive a real VS Code, one file after the other: a window, a server and an engine each. */
export default defineConfig({
  test: {
    include: ['**/*.suite.ts', '**/*.ui.ts'],
    globalSetup: ['test/support/vscode/global-setup.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // A window on a busy machine loses a click now and then; what passes only the second time is marked in the report.
    retry: 1,
  },
});
