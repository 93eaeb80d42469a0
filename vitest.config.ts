import { defineConfig } from 'vitest/config';

/**
 * `tidy`: house rules; `fast`: everything that needs no long proof; `redis`: what needs a Redis server, which each file
 * starts for itself; `real`: real Barretenberg proofs and killed processes, one file at a time, since each takes all cores.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'tidy', include: ['tests/tidy.test.ts'] } },
      {
        test: {
          name: 'fast',
          include: ['*/**/*.test.ts'],
          exclude: ['node_modules/**', 'dist/**', 'tests/tidy.test.ts', '**/*.redis.test.ts', '**/*.real.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'redis',
          include: ['**/*.redis.test.ts'],
          exclude: ['node_modules/**', 'dist/**'],
          globalSetup: 'tests/support/ensure-redis.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'real',
          include: ['**/*.real.test.ts'],
          exclude: ['node_modules/**', 'dist/**'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
