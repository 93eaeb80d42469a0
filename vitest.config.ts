import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Vitest leaves a core to itself, which on two is half of them. */
const maxWorkers = availableParallelism();

/**
 * `tidy`: house rules; `fast`: everything that needs no long proof; `redis`: what needs a Redis server, which each file
 * starts for itself; `faults`: clusters of real processes in which something breaks, with simulated proofs, three files
 * at a time, since they mostly wait; `real`: real Barretenberg proofs and killed processes, one file at a time, since
 * each takes all cores. One project after the other (`groupOrder`).
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'tidy', include: ['tests/tidy.test.ts'], maxWorkers } },
      {
        test: {
          name: 'fast',
          setupFiles: 'tests/support/equal-bytes.ts',
          include: ['*/**/*.test.ts'],
          exclude: [
            '**/node_modules/**',
            'dist/**',
            'tests/tidy.test.ts',
            'tests/faults/**',
            'tests/soak/**',
            '**/*.redis.test.ts',
            '**/*.real.test.ts',
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'redis',
          setupFiles: 'tests/support/equal-bytes.ts',
          include: ['**/*.redis.test.ts'],
          exclude: ['**/node_modules/**', 'dist/**'],
          globalSetup: 'tests/support/ensure-programs.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'faults',
          setupFiles: 'tests/support/equal-bytes.ts',
          include: ['tests/faults/**/*.test.ts', 'tests/soak/**/*.test.ts'],
          exclude: ['**/*.real.test.ts'],
          globalSetup: 'tests/support/ensure-programs.ts',
          testTimeout: 105_000,
          hookTimeout: 60_000,
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'real',
          setupFiles: 'tests/support/equal-bytes.ts',
          include: ['**/*.real.test.ts'],
          exclude: ['**/node_modules/**', 'dist/**'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          globalSetup: 'tests/support/ensure-programs.ts',
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
