/**
 * Checkers on random histories: a run whose platform kept every promise has no anomaly, whatever was unknown, retried or rebalanced in it; and one
 * anomaly planted anywhere is found by its checker, at the record where it was planted.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckerName, Finding } from '../../chaos/checkers/finding.ts';
import { checkRun } from '../../chaos/checkers/table.ts';
import { drained, ended, joined, observe, ok, send, start, unknown } from './written-history.ts';

interface Sent {
  readonly key: string;
  readonly first: number;
  readonly count: number;
  readonly fate: 'acknowledged' | 'acknowledged after a retry that left a copy' | 'unknown, written' | 'unknown, gone';
}

const keys = ['a', 'b', 'c'];
const partitionOf = (key: string) => keys.indexOf(key) % 2;

/** At least one acknowledged record of each key first, so that every anomaly has something to befall. */
const sentArbitrary = fc
  .array(
    fc.record({
      key: fc.constantFrom(...keys),
      count: fc.integer({ min: 1, max: 3 }),
      fate: fc.constantFrom<Sent['fate'][]>(
        'acknowledged',
        'acknowledged',
        'acknowledged after a retry that left a copy',
        'unknown, written',
        'unknown, gone',
      ),
    }),
    { maxLength: 30 },
  )
  .map((rest): readonly Sent[] => {
    const next = new Map<string, number>();
    const begin = keys.map((key) => ({ key, count: 2, fate: 'acknowledged' as const }));
    return [...begin, ...rest].map(({ key, count, fate }) => {
      const first = next.get(key) ?? 1;
      next.set(key, first + count);
      return { key, first, count, fate };
    });
  });

interface Simulated {
  readonly sends: ReturnType<typeof send>[];
  /** By partition, as the reader finds it after healing. */
  readonly logs: string[][];
  /** By partition: what the group is handed, by offset. */
  readonly reads: (readonly [offset: number, value: string])[][];
  /** Acknowledged, where they lie. */
  readonly places: { readonly value: string; readonly partition: number; readonly offset: number }[];
}

function simulate(sent: readonly Sent[], { copies }: { readonly copies: boolean }): Simulated {
  const logs: string[][] = [[], []];
  const sends: ReturnType<typeof send>[] = [];
  const places: Simulated['places'] = [];
  for (const [op, { key, first, count, fate }] of sent.entries()) {
    const partition = partitionOf(key);
    const log = logs[partition] ?? [];
    const values = Array.from({ length: count }, (_each, index) => `${key}:${first + index}`);
    sends.push(send(op, `${key}:${first}`, count));
    if (fate === 'unknown, gone') continue;
    if (fate === 'acknowledged after a retry that left a copy' && copies) log.push(...values);
    const offset = log.length;
    log.push(...values);
    if (fate === 'unknown, written') sends.push(unknown(op));
    else {
      sends.push(ok(op, offset, partition));
      places.push(...values.map((value, index) => ({ value, partition, offset: offset + index })));
    }
  }
  return { sends, logs, places, reads: logs.map((log) => [...log.entries()]) };
}

function findings({ sends, logs, reads }: Simulated): readonly Finding[] {
  const polls = reads.flatMap((read, partition) =>
    read.map(([offset, value]) => ({ type: 'poll', consumer: 'c1', partition, offset, values: [value] }) as const),
  );
  const after = logs.flatMap((values, partition) => [
    { type: 'ends', partition, start: 0, end: values.length } as const,
    { type: 'log', partition, offset: 0, values } as const,
  ]);
  return checkRun(observe(start(2), joined('c1'), ...sends, ...polls, drained, ...after, ended));
}

function found(all: readonly Finding[], checker: CheckerName): readonly string[] {
  return all.find((each) => each.checker === checker)?.anomalies.map(({ value }) => value) ?? [];
}

/** How a batch is pulled: once and acknowledged; or handed out again, since its acknowledgement was refused, or was not answered yet when a pull began. */
interface Batch {
  readonly size: number;
  readonly fate: 'once' | 'refused' | 'crossed';
}

const batchesArbitrary = fc.array(
  fc.record({
    size: fc.integer({ min: 1, max: 4 }),
    fate: fc.constantFrom<Batch['fate'][]>('once', 'once', 'refused', 'crossed'),
  }),
  { minLength: 1, maxLength: 10 },
);

type Message = readonly [offset: number, value: string];

/** What a subscription has of a run's records: pulls in their order, each with the messages of its answer, and pushes to an endpoint. */
interface Delivered {
  readonly pulls: { readonly messages: Message[]; readonly fate: Batch['fate'] }[];
  readonly pushed: string[];
}

/** Batches come round again until everything is handed out. */
function deliver(logs: Simulated['logs'], batches: readonly Batch[]): Delivered {
  const all = logs.flat().map((value, offset): Message => [offset, value]);
  const pulls: Delivered['pulls'] = [];
  for (let [from, index] = [0, 0]; from < all.length; index += 1) {
    const { size, fate } = batches[index % batches.length] ?? { size: 1, fate: 'once' };
    pulls.push({ messages: all.slice(from, from + size), fate });
    from += size;
  }
  return { pulls, pushed: all.map(([, value]) => value) };
}

function deliveryFinding({ sends }: Simulated, { pulls, pushed }: Delivered): readonly Finding[] {
  let call = 0;
  const begin = () => ({ type: 'pull', call: ++call, consumer: 'p1' }) as const;
  const answer = (messages: readonly Message[]) =>
    ({ type: 'pulled', call, messages: messages.map(([offset, value]) => ({ offset, value })) }) as const;
  const events = pulls.flatMap(({ messages, fate }) => {
    const offset = messages.at(-1)?.[0];
    const first = [begin(), answer(messages)];
    if (offset === undefined) return first;
    const asked = { type: 'acknowledge', call, offset } as const;
    const settled = (ok: boolean) => ({ type: 'acknowledged', call: asked.call, offset, ok }) as const;
    if (fate === 'once') return [...first, asked, settled(true)];
    if (fate === 'crossed') return [...first, asked, begin(), settled(true), answer(messages)];
    return [...first, asked, settled(false), begin(), answer(messages), asked, settled(true)];
  });
  const posts = pushed.map((value) => ({ type: 'pushed', values: [value] }) as const);
  return checkRun(observe(start(2), ...sends, ...events, ...posts, drained, ended));
}

/** An acknowledged record, and what is done to its delivery. @returns the value that is to be found, and what is to be said of it */
function plantedDelivery(plant: (delivered: Delivered, value: string, pull: number) => readonly [string, string]) {
  fc.assert(
    fc.property(sentArbitrary, batchesArbitrary, fc.nat(), (sent, batches, choice) => {
      const run = simulate(sent, { copies: false });
      const { value } = run.places[choice % run.places.length] ?? { value: '' };
      const delivered = deliver(run.logs, batches);
      const pull = delivered.pulls.findIndex(({ messages }) => messages.some(([, each]) => each === value));
      const [expected, says] = plant(delivered, value, pull);
      const finding = deliveryFinding(run, delivered).find(({ checker }) => checker === 'delivery');
      expect(finding?.anomalies).not.toEqual([]);
      // One that is handed out twice is found twice; nothing else is.
      for (const anomaly of finding?.anomalies ?? [])
        expect(anomaly).toMatchObject({ value: expected, says: expect.stringContaining(says) });
    }),
  );
}

/** A place among those that were acknowledged, and what is done to it. */
function planted(name: CheckerName, plant: (run: Simulated, place: Simulated['places'][number]) => string | undefined) {
  fc.assert(
    fc.property(sentArbitrary, fc.nat(), (sent, choice) => {
      const run = simulate(sent, { copies: false });
      const place = run.places[choice % run.places.length];
      if (place === undefined) throw new Error('nothing was acknowledged');
      const value = plant(run, place);
      if (value !== undefined) expect(found(findings(run), name)).toContain(value);
    }),
  );
}

describe('a run whose platform kept every promise', () => {
  it('has no anomaly', () => {
    fc.assert(
      fc.property(sentArbitrary, (sent) => {
        const outcomes = findings(simulate(sent, { copies: false })).map(({ outcome }) => outcome);
        expect(outcomes).toEqual(outcomes.map(() => 'none'));
      }),
    );
  });

  it('has no anomaly but duplicates where retries left copies', () => {
    fc.assert(
      fc.property(sentArbitrary, (sent) => {
        const outcomes = findings(simulate(sent, { copies: true })).filter(({ checker }) => checker !== 'duplicate');
        expect(outcomes.map(({ outcome }) => outcome)).toEqual(outcomes.map(() => 'none'));
      }),
    );
  });
});

describe('a subscription that kept every promise', () => {
  it('has no anomaly, though it hands out again what was refused, or was not yet answered', () => {
    fc.assert(
      fc.property(sentArbitrary, batchesArbitrary, (sent, batches) => {
        const run = simulate(sent, { copies: true });
        const finding = deliveryFinding(run, deliver(run.logs, batches)).find(({ checker }) => checker === 'delivery');
        expect(finding).toMatchObject({ outcome: 'none', anomalies: [] });
      }),
    );
  });
});

describe('an anomaly of delivery that is planted anywhere', () => {
  it('is found where an acknowledged record is never delivered, or never pushed', () => {
    plantedDelivery(({ pulls }, value, pull) => {
      const messages = pulls[pull]?.messages ?? [];
      messages.splice(
        messages.findIndex(([, each]) => each === value),
        1,
      );
      return [value, 'never delivered'];
    });
    plantedDelivery(({ pushed }, value) => {
      pushed.splice(pushed.indexOf(value), 1);
      return [value, 'never pushed'];
    });
  });

  it('is found where something is delivered, or pushed, that nobody sent', () => {
    plantedDelivery(({ pulls }, _value, pull) => {
      const last = Math.max(...pulls.flatMap(({ messages }) => messages.map(([offset]) => offset)));
      pulls[pull]?.messages.unshift([last + 1, 'x:1']);
      return ['x:1', 'never sent'];
    });
    plantedDelivery(({ pushed }, value) => {
      pushed.splice(pushed.indexOf(value), 0, 'x:1');
      return ['x:1', 'never sent'];
    });
  });

  it('is found where a message is delivered after its acknowledgement was answered', () => {
    plantedDelivery(({ pulls }, value, pull) => {
      const message = pulls[pull]?.messages.find(([, each]) => each === value);
      if (message === undefined) throw new Error(`${value} was not delivered`);
      pulls.splice(pull + 1, 0, { messages: [message], fate: 'once' });
      return [value, 'began after its acknowledgement'];
    });
  });
});

describe('an anomaly that is planted anywhere', () => {
  it('is found where a record is replaced by another one', () => {
    planted('lost', ({ logs }, { value, partition, offset }) => {
      logs[partition]?.splice(offset, 1, 'x:1');
      return value;
    });
  });

  it('is found where the tail of a log is cut off', () => {
    planted('lost', ({ logs, reads }, { value, partition, offset }) => {
      logs[partition]?.splice(offset);
      reads[partition]?.splice(offset);
      return value;
    });
  });

  it('is found where a consumer was handed something else than the log has', () => {
    planted('conflict', ({ reads }, { partition, offset }) => {
      reads[partition]?.splice(offset, 1, [offset, 'x:1']);
      return 'x:1';
    });
  });

  it('is found where a record lies twice', () => {
    planted('duplicate', ({ logs }, { value, partition }) => {
      logs[partition]?.push(value);
      return value;
    });
  });

  it('is found where two records of a key have changed places', () => {
    planted('order', ({ logs, places }, { value, partition, offset }) => {
      const [key] = value.split(':');
      const later = places.find((place) => place.value.startsWith(`${key}:`) && place.offset > offset);
      if (later === undefined) return undefined;
      logs[partition]?.splice(offset, 1, later.value);
      logs[partition]?.splice(later.offset, 1, value);
      return later.value;
    });
  });

  it('is found where a consumer went over a record, and nobody else was handed it', () => {
    planted('skip', ({ reads }, { value, partition, offset }) => {
      const read = reads[partition] ?? [];
      if (offset === 0 || offset === read.length - 1) return undefined; // nothing before or behind it: unseen, not skipped
      read.splice(offset, 1);
      return value;
    });
    planted('unseen', ({ reads }, { value, partition, offset }) => {
      reads[partition]?.splice(offset, 1);
      return value;
    });
  });
});
