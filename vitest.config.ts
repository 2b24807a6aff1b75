/**
 * The tiers of the tests that vitest runs; scripts/test.ts chooses among them, and test/guards/tidy.ts refuses a test file that no tier matches.
 * quick: units without processes. integration: real processes, one file after another, on two cores. beside: more of them, one after another, while
 * integration runs: worlds that mostly wait (a local AWS under Terraform, machines in a network of their own) and as many others as make both equally long.
 * alone: what is judged by how long others were silent, when nothing else runs. long: the same for hours.
 */
import { defineConfig } from 'vitest/config';

/** Which files each tier runs. @internal */
export const tierGlobs = {
  quick: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/integration/**', 'test/beside/**', 'test/alone/**', 'test/long/**'],
  },
  integration: { include: ['test/integration/**/*.test.ts'], exclude: [] },
  beside: { include: ['test/beside/**/*.test.ts'], exclude: [] },
  alone: { include: ['test/alone/**/*.test.ts'], exclude: [] },
  long: { include: ['test/long/**/*.test.ts'], exclude: [] },
} as const;

const minute = 60_000;

export default defineConfig({
  test: {
    teardownTimeout: minute,
    projects: [
      {
        test: {
          name: 'quick',
          include: [...tierGlobs.quick.include],
          exclude: [...tierGlobs.quick.exclude],
          // Loading the same modules for each of a hundred files was half of the tier’s work; no unit changes what another one sees.
          isolate: false,
          // A bound for what hangs, not a measure: a busy machine is many times slower.
          testTimeout: minute,
          // The guards read the whole tree once, beside the other checks, on two cores.
          hookTimeout: minute,
        },
      },
      {
        test: {
          name: 'integration',
          include: [...tierGlobs.integration.include],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 5 * minute,
          hookTimeout: 5 * minute,
        },
      },
      {
        test: {
          name: 'beside',
          include: [...tierGlobs.beside.include],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 15 * minute,
          hookTimeout: 5 * minute,
        },
      },
      {
        test: {
          name: 'alone',
          include: [...tierGlobs.alone.include],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 15 * minute,
          hookTimeout: 5 * minute,
        },
      },
      {
        test: {
          name: 'long',
          include: [...tierGlobs.long.include],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60 * minute,
          hookTimeout: 10 * minute,
        },
      },
    ],
  },
});
