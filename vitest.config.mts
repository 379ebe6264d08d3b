import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts'],
    // onnxruntime sessions live in native memory: one process a file keeps a leak or a crash from spreading.
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
