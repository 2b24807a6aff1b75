/** The schedule and the deliverer under a clock that tests move: who has a cycle when, and what bounds hold. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CycleReport } from '../../../programs/push-server/cycle.ts';
import { Deliverer, type DelivererParts, type Held } from '../../../programs/push-server/deliverer.ts';
import { Schedule } from '../../../programs/push-server/schedule.ts';
import type { RetryPolicy } from '../../../programs/push-server/subscription.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

describe('the schedule', () => {
  it('calls everyone once, in the order of their times, with one timer for all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(40), fc.nat(1_000)), { maxLength: 200 }), async (sets) => {
        const clock = new VirtualClock();
        const called: { key: number; at: number }[] = [];
        const schedule = new Schedule<number>(clock, (key) => called.push({ key, at: clock.now() }));
        const last = new Map<number, number>();
        for (const [key, delayMs] of sets) {
          schedule.set(key, delayMs);
          last.set(key, delayMs);
          expect(clock.timers).toBe(1);
        }
        await clock.pass(1_000);
        expect(new Map(called.map(({ key, at }) => [key, at]))).toEqual(last);
        expect(called.map(({ at }) => at)).toEqual([...last.values()].sort((a, b) => a - b));
        expect(clock.timers).toBe(0);
      }),
    );
  });

  it('passes over who was forgotten, and who was set anew', async () => {
    const clock = new VirtualClock();
    const called: string[] = [];
    const schedule = new Schedule<string>(clock, (key) => called.push(`${key} ${clock.now()}`));
    schedule.set('a', 10);
    schedule.set('b', 10);
    schedule.set('c', 10);
    schedule.forget('a');
    schedule.set('b', 30);
    await clock.pass(100);
    expect(called).toEqual(['c 10', 'b 30']);
  });
});

interface Bench {
  readonly clock: VirtualClock;
  readonly deliverer: Deliverer;
  /** Names and times of cycles that began. */
  readonly began: string[];
  readonly gone: string[];
  /** Ends the cycle of a subscription. */
  end(name: string, report: CycleReport): Promise<void>;
  valid: boolean;
  full: boolean;
}

const delivered: CycleReport = { outcome: 'delivered', messages: 1 };
const nothing: CycleReport = { outcome: 'nothing' };
const failed: CycleReport = { outcome: 'failed', error: 'Could not send message, no' };

function bench(parts: Partial<DelivererParts> = {}): Bench {
  const clock = new VirtualClock();
  const [began, gone]: [string[], string[]] = [[], []];
  const running = new Map<string, (report: CycleReport) => void>();
  const signal = new AbortController().signal;
  const made: Bench = {
    clock,
    began,
    gone,
    valid: true,
    full: false,
    async end(name, report) {
      const resolve = running.get(name);
      if (resolve === undefined) throw new Error(`${name} has no cycle`);
      running.delete(name);
      resolve(report);
      await settle();
    },
    deliverer: new Deliverer({
      clock,
      date: () => new Date(Date.UTC(2024, 0, 31, 10)),
      tenure: { isValid: () => made.valid, signal },
      cycle: ({ name }) => {
        if (running.has(name)) throw new Error(`${name} has two cycles at once`);
        began.push(`${name} ${clock.now()}`);
        return new Promise((resolve) => running.set(name, resolve));
      },
      isFull: () => made.full,
      mostCycles: 1_000,
      mostCyclesOfHost: 1_000,
      idlePullsPerSecond: 1_000,
      gone: (name) => gone.push(name),
      told: () => {},
      ...parts,
    }),
  };
  return made;
}

function held(
  name: string,
  retry: RetryPolicy = { type: 'linear', periodMs: 100 },
  more: Partial<Held> & { readonly host?: string } = {},
): Held {
  const subscription = {
    name,
    topic: 't',
    type: 'http_endpoint',
    endpoint: `https://${more.host ?? 'e.example.org'}/`,
    maxMessages: 1,
    authorization: '',
    retry,
    base64Decode: false,
    username: '',
    channel: '',
  } as const;
  return { subscription, revision: 'r', status: '', intervalMs: 0, ...more };
}

describe('the deliverer', () => {
  it('waits the period after the END of a cycle, and never has two of one subscription', async () => {
    const { clock, deliverer, began, end } = bench();
    deliverer.hold(held('a'));
    await clock.pass(5_000);
    expect(began).toEqual(['a 0']);
    await end('a', delivered);
    await clock.pass(99);
    expect(began).toHaveLength(1);
    await clock.pass(1);
    expect(began).toEqual(['a 0', 'a 5100']);
  });

  it('keeps an error as the status until a full success, and tells each change once', async () => {
    const { clock, deliverer, end } = bench();
    deliverer.hold(held('a'));
    await clock.pass(0);
    await end('a', failed);
    expect(deliverer.statusOf('a')).toBe('2024-01-31T10:00:00 - Could not send message, no');
    expect(deliverer.failing).toBe(1);
    expect(deliverer.takeReports().map(({ status }) => status)).toEqual([deliverer.statusOf('a')]);
    expect(deliverer.takeReports()).toEqual([]);
    await clock.pass(100);
    await end('a', nothing);
    expect(deliverer.statusOf('a')).toMatch(/Could not send/);
    await clock.pass(100);
    await end('a', delivered);
    expect(deliverer.statusOf('a')).toBe('');
    expect(deliverer.takeReports()).toEqual([{ name: 'a', status: '', intervalMs: 100 }]);
  });

  it('goes on with the interval of a standing error that another server left', async () => {
    const { clock, deliverer, began, end } = bench();
    deliverer.hold(held('a', { type: 'slowstart' }, { status: '2024 - Could not send', intervalMs: 8_000 }));
    await clock.pass(8_000);
    expect(began).toEqual(['a 8000']);
    await end('a', failed);
    await clock.pass(15_999);
    expect(began).toHaveLength(1);
    await clock.pass(1);
    expect(began).toHaveLength(2);
  });

  it('starts nothing while its tenure is not valid or there is no room, and goes on when told', async () => {
    const made = bench();
    const { clock, deliverer, began, end } = made;
    made.valid = false;
    deliverer.hold(held('a'));
    await clock.pass(1_000);
    expect(began).toEqual([]);
    made.valid = true;
    made.full = true;
    deliverer.wake();
    await clock.pass(1_000);
    expect(began).toEqual([]);
    made.full = false;
    deliverer.wake();
    expect(began).toEqual(['a 2000']);
    await end('a', { outcome: 'lapsed' });
    expect(deliverer.statusOf('a')).toBe('');
  });

  it('has no more cycles than it may, and lets those that wait in by their turn', async () => {
    const { clock, deliverer, began, end } = bench({ mostCycles: 2 });
    for (const name of ['a', 'b', 'c', 'd']) deliverer.hold(held(name));
    await clock.pass(50);
    expect(began).toEqual(['a 0', 'b 0']);
    await end('b', delivered);
    expect(began.slice(2)).toEqual(['c 50']);
    await end('a', delivered);
    expect(began.slice(3)).toEqual(['d 50']);
  });

  it('has no more cycles to one host than it may, so that one that hangs holds up nobody else', async () => {
    const { clock, deliverer, began, end } = bench({ mostCyclesOfHost: 2, mostCycles: 4 });
    for (const name of ['h1', 'h2', 'h3', 'h4']) deliverer.hold(held(name, undefined, { host: 'hangs.example.org' }));
    for (const name of ['a', 'b', 'c']) deliverer.hold(held(name));
    await clock.pass(10);
    expect(began).toEqual(['h1 0', 'h2 0', 'a 0', 'b 0']);
    await end('a', delivered);
    expect(began.slice(4)).toEqual(['c 10']);
    await deliverer.drop('h3');
    await end('h1', failed);
    expect(began.slice(5)).toEqual(['h4 10']);
  });

  it('pulls idle subscriptions no faster than it may, all of them alike, and busy ones at once', async () => {
    const idle = Array.from({ length: 200 }, (_, index) => `idle-${index}`);
    const { clock, deliverer, began, end } = bench({ idlePullsPerSecond: 100 });
    for (const name of idle) deliverer.hold(held(name, { type: 'linear', periodMs: 10 }));
    await clock.pass(0);
    for (const name of idle) await end(name, nothing);
    began.length = 0;
    for (let ms = 0; ms < 4_000; ms += 10) {
      await clock.pass(10);
      const known = began.length;
      for (const name of new Set(began.slice(-known).map((line) => line.split(' ')[0] ?? ''))) {
        if (deliverer.isRunning(name)) await end(name, nothing);
      }
    }
    expect(began.length).toBeGreaterThan(390);
    expect(began.length).toBeLessThan(410);
    const times = new Map<string, number>();
    for (const line of began) times.set(line.split(' ')[0] ?? '', (times.get(line.split(' ')[0] ?? '') ?? 0) + 1);
    expect(times.size).toBe(200);
    expect(Math.max(...times.values())).toBeLessThanOrEqual(3);
    deliverer.hold(held('busy'));
    await clock.pass(0);
    expect(began.at(-1)).toMatch(/^busy /);
  });

  it('lets go after the cycle that is under way, with the state that others lack', async () => {
    const { clock, deliverer, began, end } = bench();
    deliverer.hold(held('a'));
    await clock.pass(0);
    const dropped = deliverer.drop('a');
    await end('a', failed);
    expect(await dropped).toMatchObject({ name: 'a', status: expect.stringMatching(/Could not send/) });
    await clock.pass(1_000);
    expect(began).toHaveLength(1);
    expect(deliverer.size).toBe(0);
  });

  it('goes on with a new configuration after the cycle of the old one, whose outcome says nothing', async () => {
    const { clock, deliverer, end, began } = bench();
    deliverer.hold(held('a'));
    await clock.pass(0);
    deliverer.hold(held('a', { type: 'linear', periodMs: 7 }, { revision: 'later' }));
    await end('a', failed);
    expect(deliverer.statusOf('a')).toBe('');
    expect(deliverer.revisionOf('a')).toBe('later');
    await clock.pass(10);
    expect(began).toEqual(['a 0', 'a 0']);
  });

  it('drops a subscription that is no more, and says so', async () => {
    const { clock, deliverer, gone, end } = bench();
    deliverer.hold(held('a'));
    await clock.pass(0);
    await end('a', { outcome: 'gone' });
    expect(gone).toEqual(['a']);
    expect(deliverer.size).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('waits for the cycles under way when it stops, and starts none after', async () => {
    const { clock, deliverer, began, end } = bench();
    deliverer.hold(held('a'));
    deliverer.hold(held('b'));
    await clock.pass(0);
    let stopped = false;
    const stopping = deliverer.stop().then(() => {
      stopped = true;
    });
    await end('a', delivered);
    expect(stopped).toBe(false);
    await end('b', delivered);
    await stopping;
    deliverer.hold(held('c'));
    await clock.pass(1_000);
    expect(began).toEqual(['a 0', 'b 0']);
  });
});
