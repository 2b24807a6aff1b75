/** How long the rest of a matrix will take, by what its runs took so far; a scenario that has none yet, by the mean of all. Pure. */
import type { Scenario } from '../../chaos/scenario.ts';
import type { EndedRun } from './matrix-results.ts';

/** Milliseconds; undefined where no run has ended yet. */
export function remainingMs(
  ended: readonly Pick<EndedRun, 'type' | 'scenario' | 'tookMs'>[],
  left: readonly Pick<Scenario, 'name'>[],
): number | undefined {
  const took = ended.filter(({ type }) => type !== 'error');
  if (took.length === 0) return undefined;
  const meanOf = (name?: string) => {
    const times = took.filter(({ scenario }) => name === undefined || scenario === name).map(({ tookMs }) => tookMs);
    return times.length === 0 ? undefined : times.reduce((sum, each) => sum + each, 0) / times.length;
  };
  const usual = meanOf() ?? 0;
  return Math.round(left.reduce((sum, { name }) => sum + (meanOf(name) ?? usual), 0));
}
