/** Faults of the scenarios that ship stand long enough to be judged: what is not available fails, and what stops is seen to stop. */
import { describe, expect, it } from 'vitest';
import { allowedSilenceMs } from '../../chaos/availability.ts';
import { loadScenarios } from '../../chaos/load-scenarios.ts';
import { predict } from '../../chaos/predict.ts';
import { allowedUnreadMs } from '../../chaos/reading.ts';
import { makeSchedule } from '../../chaos/schedule.ts';

describe('the scenarios that ship', () => {
  it('hold each fault longer than the silence that writing and reading are allowed, so that a platform that is not available fails', async () => {
    for (const scenario of await loadScenarios())
      for (const sessionSeconds of [6, 18]) {
        const { expect: expected, failoverSeconds, steps, workload } = scenario;
        if (expected.mustLose || expected.writing === 'stops') continue;
        const { actions } = makeSchedule(scenario, 1, { failures: 1, sessionTimeoutMs: sessionSeconds * 1000 });
        for (const [index, { fault: kind, on }] of steps.entries()) {
          const [begin, end] = actions.filter(({ step }) => step === index);
          const isBroker = ['leader', 'follower', 'controller', 'worker'].includes(on);
          const way = workload.push ? 'its push endpoint' : workload.through === 'kafka' ? 'its readers' : 'who pulls';
          const silence = allowedSilenceMs({ kind, target: on, isBroker }, { failoverSeconds, sessionSeconds });
          const allowed = allowedUnreadMs(way, silence, { isBroker });
          const standsMs = (end?.atMs ?? 0) - (begin?.atMs ?? 0);
          expect(standsMs, `${scenario.name}, sessions of ${sessionSeconds} s`).toBeGreaterThan(allowed);
        }
      }
  });

  it('hold what stops writing for two seconds at least, so that it is seen to stop', async () => {
    for (const scenario of await loadScenarios())
      for (const seed of [1, 2, 3, 4, 5]) {
        const where = { failures: 1, sessionTimeoutMs: 6_000 };
        const schedule = makeSchedule(scenario, seed, where);
        const balancers = scenario.name === 'balancer-one-of-two-kill' ? 2 : 1;
        const running = { masters: 3, balancers, apiNodes: 2, pushServers: 2 };
        const { stops: found } = predict(scenario, schedule, { ...where, ...running, inSync: scenario.topic.replicas });
        expect(found.writing.length > 0, scenario.name).toBe(scenario.expect.writing === 'stops');
        for (const { fromStep, untilStep } of found.writing) {
          const at = (step: number | undefined, action: 'inject' | 'heal') =>
            schedule.actions.find((each) => each.step === step && each.do === action)?.atMs ?? Number.NaN;
          expect(at(untilStep, 'heal') - at(fromStep, 'inject'), scenario.name).toBeGreaterThanOrEqual(2_000);
        }
      }
  });
});
