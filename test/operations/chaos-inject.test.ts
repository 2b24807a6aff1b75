/** What a schedule says, against a driver whose nodes take their time to serve again: never more down at once than the scenario declares. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Recorder, UntimedEvent } from '../../chaos/history.ts';
import { parseScenario } from '../../chaos/scenario.ts';
import { makeSchedule } from '../../chaos/schedule.ts';
import { journalFolder, readEntries } from '../../drivers/journal.ts';
import { injectByPlan } from '../../operations/chaos/inject.ts';
import type { Deployment } from '../../operations/deployment.ts';
import { clusterOf, smallEnvironment } from '../cluster/environment-fixture.ts';

const scenario = (atMostDown: number) =>
  parseScenario({
    file: 'mine.yaml',
    text: `name: mine
title: One after another
topic: { partitions: 1, replicas: 3, minInSync: 2 }
workload: { acks: all, ratePerSecond: 100 }
steps:
  - { fault: kill, on: worker, afterSeconds: 0, forSeconds: 0.05 }
  - { fault: kill, on: worker, afterSeconds: 0.1, forSeconds: 0.05 }
atMostDown: ${atMostDown}
expect: { writing: continues, reading: continues, durability: keeps }
runs: { short: 1, long: 1 }
`,
  });

describe('faults by a schedule', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Nodes serve again once `servesAgain` settles; the most that were down at once. */
  const play = async (
    atMostDown: number,
    serves: (node: string) => Promise<void>,
    onProgress: (text: string) => void = () => {},
  ) => {
    const down = new Set<string>();
    const recorded: UntimedEvent[] = [];
    let most = 0;
    const deployment = {
      environment: { cluster: clusterOf(smallEnvironment) },
      stateDirectory: folder,
      faults: {
        plan: async (fault: { node: string }) => ({ fault, says: `kill of ${fault.node}`, undo: fault.node }),
        inject: async ({ fault }: { fault: { node: string } }) => {
          down.add(fault.node);
          most = Math.max(most, down.size);
        },
        heal: async () => {},
      },
      driver: {
        ready: async ({ node }: { node: string }) => {
          await serves(node);
          down.delete(node);
        },
      },
    } as unknown as Deployment;
    const written = scenario(atMostDown);
    const schedule = makeSchedule(written, 1, { failures: 1, sessionTimeoutMs: 6_000 });
    const recorder = { record: (event: UntimedEvent) => recorded.push(event), flush: async () => {} };
    const state = { registered: [1, 2, 3], answering: [], partitions: [] };
    const playing = injectByPlan(
      {
        deployment,
        recorder: recorder as unknown as Recorder,
        schedule,
        options: { scenario: written, onProgress },
        signal: AbortSignal.timeout(30_000),
      },
      () => state,
    );
    return { playing, recorded, most: () => most };
  };
  const phases = (recorded: readonly UntimedEvent[]) =>
    recorded.flatMap((event) => (event.type === 'fault' ? [event.phase] : []));

  it('wait for a node that was healed and does not serve yet', async () => {
    let [release, injectedBefore] = [() => {}, 0];
    const first = new Promise<void>((resolve) => {
      release = resolve;
    });
    const run = await play(
      1,
      async () => await first,
      (text) => {
        if (!text.startsWith('waiting for a node to serve again')) return;
        injectedBefore = phases(run.recorded).filter((phase) => phase === 'injected').length;
        release();
      },
    );
    await run.playing;
    expect([injectedBefore, run.most()]).toEqual([1, 1]);
    expect(phases(run.recorded)).toEqual([
      'injecting',
      'injected',
      'healing',
      'healed',
      'injecting',
      'injected',
      'healing',
      'healed',
    ]);
    expect(await readEntries(journalFolder(folder))).toEqual([]);
  });

  it('end the run where it never serves again, and heal what else is open, each once', async () => {
    const run = await play(2, async (node) => {
      throw new Error(`${node} does not start`);
    });
    await expect(run.playing).rejects.toThrow('does not start');
    expect(phases(run.recorded).filter((phase) => phase === 'healing')).toHaveLength(2);
    expect(await readEntries(journalFolder(folder))).toEqual([]);
  });
});
