/** What a schedule says, against a driver whose nodes take their time to serve again: never more down at once than the scenario declares. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Recorder, UntimedEvent } from '../../chaos/history.ts';
import { parseScenario, type Scenario } from '../../chaos/scenario.ts';
import { makeSchedule } from '../../chaos/schedule.ts';
import { folderNotes, journalFolder, readEntries } from '../../drivers/journal.ts';
import { injectByPlan } from '../../operations/chaos/inject.ts';
import type { SystemUnderTest } from '../../operations/chaos/system.ts';
import { isInterruption } from '../../scripts/present/errors.ts';
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

const overlapping = parseScenario({
  file: 'mine.yaml',
  text: `name: mine
title: One while another stands
topic: { partitions: 1, replicas: 3, minInSync: 2 }
workload: { acks: all, ratePerSecond: 100 }
steps:
  - { fault: kill, on: worker, afterSeconds: 0, forSeconds: 0.2 }
  - { fault: term, on: worker, afterSeconds: 0.05, forSeconds: 0.3 }
atMostDown: 2
expect: { writing: stops, reading: continues, durability: keeps }
runs: { short: 1, long: 1 }
`,
});

const together = parseScenario({
  file: 'mine.yaml',
  text: `name: mine
title: Two at once
topic: { partitions: 1, replicas: 3, minInSync: 2 }
workload: { acks: all, ratePerSecond: 100 }
steps:
  - { fault: kill, on: worker, count: 2, afterSeconds: 0, forSeconds: 0.05 }
atMostDown: 2
expect: { writing: stops, reading: continues, durability: keeps }
runs: { short: 1, long: 1 }
`,
});

describe('faults by a schedule', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Nodes serve again once `servesAgain` settles; the most that were down at once. */
  const play = async (
    atMostDown: number,
    serves: (node: string) => Promise<void>,
    {
      onProgress = () => {},
      written = scenario(atMostDown),
      inject = async () => {},
      signal = AbortSignal.timeout(30_000),
    }: {
      readonly onProgress?: (text: string) => void;
      readonly written?: Scenario;
      readonly inject?: (node: string) => Promise<void>;
      readonly signal?: AbortSignal;
    } = {},
  ) => {
    const down = new Set<string>();
    const recorded: UntimedEvent[] = [];
    const healed: string[] = [];
    let most = 0;
    const system = {
      environment: { cluster: clusterOf(smallEnvironment) },
      stateDirectory: folder,
      servesWithinMs: 120_000,
      faults: {
        plan: async (fault: { node: string }) => ({ fault, says: `kill of ${fault.node}`, undo: fault.node }),
        inject: async ({ fault }: { fault: { node: string } }) => {
          await inject(fault.node);
          down.add(fault.node);
          most = Math.max(most, down.size);
        },
        heal: async (node: string) => void healed.push(node),
      },
      driver: {
        ready: async ({ node }: { node: string }) => {
          await serves(node);
          down.delete(node);
        },
      },
    } as unknown as SystemUnderTest;
    const schedule = makeSchedule(written, 1, { failures: 1, sessionTimeoutMs: 6_000 });
    const recorder = { record: (event: UntimedEvent) => recorded.push(event), flush: async () => {} };
    const state = { registered: [1, 2, 3], answering: [], partitions: [] };
    const playing = injectByPlan(
      {
        system,
        recorder: recorder as unknown as Recorder,
        schedule,
        options: { scenario: written, onProgress },
        signal,
      },
      () => state,
    );
    return { playing, recorded, healed, down, most: () => most };
  };
  const phases = (recorded: readonly UntimedEvent[]) =>
    recorded.flatMap((event) => (event.type === 'fault' ? [event.phase] : []));

  it('wait for a node that was healed and does not serve yet', async () => {
    let [release, injectedBefore] = [() => {}, 0];
    const first = new Promise<void>((resolve) => {
      release = resolve;
    });
    const run = await play(1, async () => await first, {
      onProgress: (text) => {
        if (!text.startsWith('waiting for a node to serve again')) return;
        injectedBefore = phases(run.recorded).filter((phase) => phase === 'injected').length;
        release();
      },
    });
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

  it('are healed in their time, although another one takes long to come', async () => {
    let [release, begun] = [() => {}, 0];
    const firstIsHealing = new Promise<void>((resolve) => {
      release = resolve;
    });
    const run = await play(2, async () => release(), {
      written: overlapping,
      inject: async () => {
        begun += 1;
        if (begun === 2) await firstIsHealing;
      },
    });
    await run.playing;
    const order = phases(run.recorded);
    expect(order.slice(0, 4)).toEqual(['injecting', 'injected', 'injecting', 'healing']);
    expect(order.slice(4).toSorted()).toEqual(['healed', 'healed', 'healing', 'injected']);
    expect(run.down.size).toBe(0);
  });

  it('end the run where it never serves again, heal what else is open, each once, and keep a note of what does not serve', async () => {
    const run = await play(2, async (node) => {
      if (run.healed.length > 0 && node === run.healed[0]) throw new Error(`${node} does not start`);
    });
    await expect(run.playing).rejects.toMatchObject({
      code: 'OPERATIONS_CHAOS_NOT_HEALED',
      message: expect.stringMatching(/^1 fault is not healed; the run had ended before: .* does not start$/),
      evidence: [expect.stringMatching(/^kill of (worker-\d): \1 does not start$/)],
    });
    expect(phases(run.recorded).filter((phase) => phase === 'healing')).toHaveLength(2);
    expect((await readEntries(journalFolder(folder))).map(({ undo }) => undo)).toEqual([run.healed[0]]);
  });

  it.each(['soon', 'late'])(
    'are all healed where one of two at once fails %s, and none comes after the healing',
    async (when) => {
      let [release, begun] = [() => {}, 0];
      const other = new Promise<void>((resolve) => {
        release = resolve;
      });
      const run = await play(2, async () => {}, {
        written: together,
        inject: async (node) => {
          begun += 1;
          const fails = begun === 1;
          if (fails === (when === 'late')) await other;
          else setImmediate(release);
          if (fails) throw new Error(`${node} is another process by now`);
        },
      });
      await expect(run.playing).rejects.toThrow('another process by now');
      expect(new Set(run.healed).size, 'both were noted, and both are healed').toBe(2);
      expect(
        run.recorded.map((event) => (event.type === 'fault' ? event.phase : '')).lastIndexOf('injected'),
      ).toBeLessThan(phases(run.recorded).indexOf('healing'));
      expect([...run.down]).toEqual([]);
      expect(await readEntries(journalFolder(folder))).toEqual([]);
    },
  );

  it('end the run with an error where somebody else has healed one before its time, which shows nothing', async () => {
    const notes = folderNotes(journalFolder(folder));
    const run = await play(1, async () => {}, {
      inject: async () => {
        for (const entry of (await notes.read()).entries) await notes.remove(entry);
      },
    });
    await expect(run.playing).rejects.toMatchObject({
      code: 'OPERATIONS_CHAOS_HEALED_EARLY',
      message: expect.stringContaining('kill of worker-'),
    });
    expect([...run.down], 'healed by its own run all the same').toEqual([]);
  });

  it('say what stays broken although a person has interrupted them', async () => {
    const person = new AbortController();
    const run = await play(
      1,
      async (node) => {
        throw new Error(`${node} ended by itself`);
      },
      { signal: person.signal, inject: async () => person.abort() },
    );
    const thrown: unknown = await run.playing.catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'OPERATIONS_CHAOS_NOT_HEALED', leavesBroken: true });
    expect(isInterruption(thrown, true)).toBe(false);
    expect(isInterruption(person.signal.reason, true)).toBe(true);
    expect(await readEntries(journalFolder(folder))).toHaveLength(1);
  });
});
