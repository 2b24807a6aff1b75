/** From a journal to a sink: what is noted only once it was taken, what is tried again, and what is given up, and when. */
import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../../programs/node-watch/batch.ts';
import type { JournalEntry } from '../../../programs/node-watch/entry.ts';
import { putFigures } from '../../../programs/node-watch/figures.ts';
import { ship } from '../../../programs/node-watch/ship.ts';
import { batchRefused } from '../../../programs/node-watch/sink.ts';

interface World {
  /** Messages that the sink has taken, in their order. */
  readonly taken: string[];
  /** Cursors as they were noted. */
  readonly noted: string[];
  readonly told: string[];
  /** How many entries were read off the journal. */
  read: number;
}

interface Script {
  readonly entries: number;
  /** Called before each batch is taken; may throw. */
  put?(events: readonly LogEvent[], call: number, stop: () => void): void;
  save?(cursor: string): void;
  /** The journal ends by itself after so many entries of a reading, as it does when journalctl dies. */
  diesAfter?: number;
  readonly from?: string;
  readonly message?: (number: number) => string;
}

/** Runs until every entry was noted, or the sink says `stop`. */
async function run(script: Script): Promise<World> {
  const { entries, put, save, diesAfter, from, message = (number) => `entry ${number}` } = script;
  const world: World = { taken: [], noted: from === undefined ? [] : [from], told: [], read: 0 };
  const stopping = new AbortController();
  const { signal } = stopping;
  let calls = 0;
  const entry = (number: number): JournalEntry => ({
    cursor: `c${number}`,
    atMs: number,
    service: 'made-up',
    priority: 6,
    message: message(number),
  });
  await ship({
    sink: {
      async putLogs(events) {
        calls += 1;
        put?.(events, calls, () => stopping.abort());
        world.taken.push(...events.map(({ text }) => (JSON.parse(text) as { message: string }).message));
        return 0;
      },
    },
    cursor: {
      load: async () => world.noted.at(-1),
      async save(cursor) {
        if (cursor === `c${entries}`) stopping.abort();
        save?.(cursor);
        world.noted.push(cursor);
      },
    },
    async *read(after) {
      let served = 0;
      for (let number = Number(after?.slice(1) ?? 0) + 1; number <= entries; number += 1) {
        if (served === diesAfter) throw new Error('journalctl ended');
        world.read += 1;
        served += 1;
        yield entry(number);
      }
      // Nothing new; whoever waits for it waits.
      if (!signal.aborted)
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
    // Waiting takes no time here, but lets others go first.
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    tell: (line) => void world.told.push(line),
    lingerMs: 1,
    signal,
  });
  return world;
}

const all = (count: number) => Array.from({ length: count }, (_, index) => `entry ${index + 1}`);

describe('shipping', () => {
  test('sends every entry once, in its order, and notes how far it came', async () => {
    const world = await run({ entries: 25_000 });
    expect(world.taken).toEqual(all(25_000));
    expect(world.noted.at(-1)).toBe('c25000');
    expect(world.told).toEqual([]);
  });

  test('goes on behind what was noted before', async () => {
    expect((await run({ entries: 10, from: 'c7' })).taken).toEqual(['entry 8', 'entry 9', 'entry 10']);
  });

  test('notes nothing before it was taken: a batch that fails is sent again, and one fault is told once', async () => {
    const world = await run({
      entries: 30,
      put: (_, call) => {
        if (call <= 6) throw new Error('no way to the service');
      },
    });
    expect(world.taken).toEqual(all(30));
    expect(world.told).toEqual([
      'log events are not taken, and wait in the journal: no way to the service',
      'log events are taken again',
    ]);
  });

  test('ends when it is asked to, after one last try, and has noted nothing that was not taken', async () => {
    let calls = 0;
    const world = await run({
      entries: 5,
      from: 'c2',
      put: (_, call, stop) => {
        calls = call;
        if (call === 3) stop();
        throw new Error('no way');
      },
    });
    expect(world.noted).toEqual(['c2']);
    expect(calls).toBeLessThanOrEqual(4);
  });

  test('reads no more than a batch while nothing is taken', async () => {
    let readMeanwhile = 0;
    const world: { value?: World } = {};
    const ended = run({
      entries: 60_000,
      put: (events, call) => {
        if (call === 1) readMeanwhile = events.length;
        if (call < 40) throw new Error('no way');
      },
    });
    world.value = await ended;
    expect(readMeanwhile).toBe(10_000);
    expect(world.value.taken).toEqual(all(60_000));
  });

  test('loses nothing when the journal’s reader dies again and again, and repeats only what was not noted', async () => {
    const world = await run({ entries: 100, diesAfter: 30 });
    expect([...new Set(world.taken)]).toEqual(all(100));
    expect(world.told[0]).toContain('journalctl ended');
  });

  test('goes on where nothing can be noted, says so once, and knows meanwhile how far it came', async () => {
    const world = await run({
      entries: 50,
      diesAfter: 20,
      save: () => {
        throw new Error('no space left');
      },
    });
    expect(world.taken).toEqual(all(50));
    expect(world.noted).toEqual([]);
    expect(world.told.filter((line) => line.includes('is not noted: no space left'))).toHaveLength(1);
  });

  test('leaves out the one event that a service refuses for ever, and sends the others', async () => {
    const world = await run({
      entries: 1_000,
      put: (events) => {
        if (events.some(({ text }) => text.includes('"entry 613"'))) throw batchRefused('InvalidParameterException');
      },
    });
    expect(world.taken).toEqual(all(1_000).filter((each) => each !== 'entry 613'));
    expect(world.told.filter((line) => line.startsWith('left out'))).toEqual([
      expect.stringContaining('left out 1 log events: a batch of log events is refused'),
    ]);
  });

  test('gives up no batch at once where everything is refused, and comes past it in the end', async () => {
    let refusals = 0;
    const world = await run({
      entries: 1,
      put: () => {
        refusals += 1;
        throw batchRefused('nothing of it');
      },
    });
    expect(refusals).toBeGreaterThan(5);
    expect(world.noted).toEqual(['c1']);
    expect(world.told.join()).toContain('nothing of it');
  });

  test('notes an entry in parts only with its last part', async () => {
    const notedAt: number[] = [];
    const world = await run({
      entries: 3,
      message: (number) => (number === 2 ? 'x'.repeat(3_000_000) : `entry ${number}`),
      put: (events) => void notedAt.push(events.length),
    });
    expect(world.noted).toEqual(['c1', 'c3']);
    expect(world.taken.join('').length).toBe(3_000_000 + 'entry 1entry 3'.length);
    expect(notedAt.length).toBeGreaterThan(2);
  });
});

describe('figures', () => {
  test('are put once a round; a fault is told when it comes and when it goes, and an old figure is dropped', async () => {
    const stopping = new AbortController();
    const put: number[] = [];
    const told: string[] = [];
    let round = 0;
    let timeMs = 0;
    await putFigures({
      sink: {
        async putMetrics(metrics, atMs) {
          if (round === 2 || round === 3) throw new Error('no way');
          put.push(atMs);
          expect(metrics).toHaveLength(1);
        },
      },
      measure: async () => {
        round += 1;
        return {
          metrics: [{ name: 'DiskUsedPercent', value: 1, volume: 'system' }],
          lacking: round >= 5 ? ['volume data-1 is not mounted at /data'] : [],
        };
      },
      now: () => timeMs,
      pause: async (ms) => {
        timeMs += ms;
        if (round === 6) stopping.abort();
      },
      tell: (line) => void told.push(line),
      everyMs: 60_000,
      signal: stopping.signal,
    });
    expect(put).toEqual([0, 180_000, 240_000, 300_000]);
    expect(told).toEqual([
      'figures are not taken: no way',
      'figures are whole again',
      'volume data-1 is not mounted at /data',
    ]);
  });
});
