import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Unit tests wait for nobody; left alone, one core of two stays idle.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          // Properties and crash runs are long on two busy cores; a hang still ends.
          testTimeout: 120_000,
        },
      },
      {
        // The built program in its own process: one file at a time, after all others, or two cores starve each other.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          maxConcurrency: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
