import { defineConfig } from 'vitest/config';

/** The models by which ONNX says what its operators compute: scripts/bootstrap.mjs installs them. */
export default defineConfig({
  test: {
    include: ['test/conformance/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
  },
});
