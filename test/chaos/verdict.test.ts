/** Verdicts on histories written by hand: a pass needs everything, and each lack or broken promise is planted once. */
import { describe, expect, it } from 'vitest';
import type { UntimedEvent } from '../../chaos/history.ts';
import type { HistoryEvent } from '../../chaos/history-event.ts';
import { faultTimings, spreadOf } from '../../chaos/timings.ts';
import { judge, type RunPlan } from '../../chaos/verdict.ts';
import { observe, ok, poll, safePlan, send, start } from './written-history.ts';

type Events = UntimedEvent[];

const state = (leader: number, ...inSync: readonly number[]): UntimedEvent => ({
  type: 'state',
  controller: 1,
  registered: inSync,
  answering: inSync.map((id) => `worker-${id}`),
  partitions: [{ partition: 0, leader, replicas: [1, 2], inSync }],
});
type Phase = Extract<HistoryEvent, { type: 'fault' }>['phase'];
const fault = (phase: Phase): UntimedEvent => ({
  type: 'fault',
  fault: 0,
  phase,
  kind: 'kill',
  target: 'leader',
  node: 'worker-1',
  broker: 1,
});
const values = (first: number, count: number) => Array.from({ length: count }, (_each, index) => `a:${first + index}`);

interface Change {
  readonly plan?: Partial<RunPlan>;
  readonly during?: number;
  readonly observed?: boolean;
  readonly log?: readonly string[];
  /** What the reader was handed; everything. */
  readonly polled?: readonly string[];
  readonly without?: readonly string[];
  readonly add?: Events;
  readonly partitions?: number;
}

function verdictOf({
  plan = {},
  during = 1_000,
  observed = true,
  log,
  polled,
  without = [],
  add = [],
  partitions = 1,
}: Change = {}) {
  const all = values(1, 1 + during);
  const events: Events = [
    start(partitions, { ...safePlan, ...plan }),
    { type: 'steady', phase: 'before', ok: true },
    state(1, 1, 2),
    send(1, 'a:1'),
    ok(1, 0),
    fault('injecting'),
    fault('injected'),
    ...(observed ? [state(2, 2)] : []),
    send(2, 'a:2', Math.max(1, during)),
    ok(2, 1),
    fault('healing'),
    fault('healed'),
    state(2, 1, 2),
    poll('c1', 0, ...(polled ?? all)),
    ...add,
    { type: 'drained', ok: true },
    { type: 'ends', partition: 0, start: 0, end: (log ?? all).length },
    { type: 'log', partition: 0, offset: 0, values: log ?? all },
    { type: 'steady', phase: 'after', ok: true },
    { type: 'end', outcome: 'completed' },
  ];
  const kept = events.filter((event) => !without.includes(event.type));
  const { verdict, reasons } = judge(observe(...kept));
  return [verdict, ...reasons];
}

describe('a verdict', () => {
  it('is a pass where everything predicted was seen to be so', () => {
    expect(verdictOf()).toEqual(['pass']);
  });

  it('is a fail where an acknowledged write is lost that was predicted to stay', () => {
    const [verdict, reason] = verdictOf({ log: values(1, 1_000) });
    expect(verdict).toBe('fail');
    expect(reason).toMatch(/^lost: 1, and none was predicted; a:1001 was acknowledged at partition 0, offset 1000/);
  });

  it('passes the same loss where it was predicted, as a negative control must', () => {
    const prediction = { ...safePlan.prediction, durability: 'may-lose' } as const;
    expect(verdictOf({ log: values(1, 1_000), plan: { prediction, mustLose: true } })).toEqual(['pass']);
    expect(verdictOf({ plan: { prediction, mustLose: true } })).toEqual([
      'inconclusive',
      'a negative control that lost nothing: the moment in which it loses was not hit',
    ]);
  });

  it('excuses a loss that was predicted and what comes of it, and neither another order nor a reader who was passed over', () => {
    const plan = { prediction: { ...safePlan.prediction, durability: 'may-lose' } } as const;
    const whole = values(1, 1_001);
    const [first = '', second = ''] = whole;
    const exchanged = [second, first, ...whole.slice(2)];
    expect(verdictOf({ plan, log: exchanged }).find((each) => each.startsWith('order: 1,'))).toBeDefined();
    const [verdict, reason] = verdictOf({ plan, polled: whole.slice(0, 1_000) });
    expect([verdict, reason?.slice(0, 10)]).toEqual(['fail', 'unseen: 1,']);
    // The last but one is not in the log any more; whoever read stood behind it already, and was not handed the last.
    const log = whole.filter((each) => each !== 'a:1000');
    expect(verdictOf({ plan, polled: whole.slice(0, 1_000), log })).toEqual(['pass']);
  });

  it('excuses nobody who was passed over before the place of a loss, or in another partition', () => {
    const plan = { prediction: { ...safePlan.prediction, durability: 'may-lose' } } as const;
    const whole = values(1, 1_001);
    const log = whole.filter((each) => each !== 'a:1000');
    // The first one was never handed out, and nothing was lost in front of it.
    const [verdict, reason] = verdictOf({ plan, polled: whole.slice(1, 999), log });
    expect([verdict, reason]).toEqual(['fail', expect.stringMatching(/^unseen: 1 in all, .*a:1 lies at partition 0/)]);
    const elsewhere: Events = [
      { type: 'send', op: 9, key: 'b', first: 1, count: 1, via: 'kafka' },
      ok(9, 5_000, 1),
      { type: 'ends', partition: 1, start: 5_000, end: 5_001 },
      { type: 'log', partition: 1, offset: 5_000, values: ['b:1'] },
    ];
    const [other, why] = verdictOf({ plan, polled: whole.slice(0, 1_000), log, partitions: 2, add: elsewhere });
    expect([other, why]).toEqual(['fail', expect.stringMatching(/^unseen: 1 in all, .*b:1 lies at partition 1/)]);
  });

  it('is inconclusive with fewer than 1,000 acknowledged writes during the faults', () => {
    expect(verdictOf({ during: 999 })).toEqual([
      'inconclusive',
      '999 writes were acknowledged during the faults, 1000 are asked for',
    ]);
    const prediction = { ...safePlan.prediction, writing: 'stops' } as const;
    expect(verdictOf({ during: 999, plan: { prediction } }), 'those before count where it stops').toEqual(['pass']);
    expect(verdictOf({ during: 998, plan: { prediction } })).toEqual([
      'inconclusive',
      '999 writes were acknowledged before the last healing, 1000 are asked for',
    ]);
  });

  it('is inconclusive where the cluster’s own state does not show the fault', () => {
    expect(verdictOf({ observed: false })).toEqual([
      'inconclusive',
      'the cluster’s own state does not show kill on leader (worker-1): it may not have happened',
    ]);
  });

  it('is inconclusive for a history that was cut off, or is empty', () => {
    expect(verdictOf({ without: ['end'] })).toEqual(['inconclusive', 'the history was cut off']);
    const [verdict, ...reasons] = verdictOf({
      without: ['send', 'sent', 'poll', 'fault', 'state', 'log', 'ends', 'end'],
    });
    expect(verdict).toBe('inconclusive');
    expect(reasons).toEqual(expect.arrayContaining(['no fault was injected']));
  });

  it('still fails what was lost in a run that was interrupted', () => {
    const cut = verdictOf({ log: values(1, 1_000), without: ['end'] });
    expect(cut[0]).toBe('fail');
    expect(cut.at(-1)).toBe('the history was cut off');
  });

  it('is a fail where the steady state does not come back', () => {
    const after: Events = [{ type: 'steady', phase: 'after', ok: false, why: '1 partition is not whole' }];
    expect(verdictOf({ add: after })[0]).toBe('fail');
  });

  it('is skipped, with the reason, where the driver cannot', () => {
    const skipped = { ...fault('skipped'), why: 'a process has no machine' } as UntimedEvent;
    expect(verdictOf({ add: [skipped] })).toEqual(['skipped', 'kill on leader is skipped: a process has no machine']);
  });

  it('is a fail where writing was predicted to continue and did not', () => {
    const [verdict, reason] = verdictOf({ plan: { failoverSeconds: 0.0001 } });
    expect([verdict, reason?.slice(0, 34)]).toEqual(['fail', 'writing was predicted to continue,']);
  });
});

describe('timings', () => {
  it('say when the node was missed, who led then, and when all was whole; what never came is absent', () => {
    const run = observe(
      start(),
      state(1, 1, 2),
      fault('injecting'),
      send(1, 'a:1'),
      state(2, 2),
      fault('injected'),
      ok(1, 0),
      fault('healed'),
    );
    expect(faultTimings(run)).toMatchObject([
      { detectionMs: 2, electionMs: 2, silenceMs: 4, inSyncMs: undefined, partitionsLed: 1 },
    ]);
  });

  it('are told of each partition: the first acknowledgement counts from the fault, and is not cut at its healing', () => {
    const at = (leaders: readonly (number | undefined)[], ...inSync: readonly number[]) =>
      ({
        type: 'state',
        controller: 1,
        registered: inSync,
        answering: [],
        partitions: leaders.map((leader, partition) => ({
          partition,
          ...(leader === undefined ? {} : { leader }),
          replicas: [1, 2],
          inSync,
        })),
      }) as UntimedEvent;
    const run = observe(
      start(3), // at 0
      at([1, 2, 1], 1, 2),
      send(1, 'a:1'),
      fault('injecting'), // 3
      ok(1, 0), // begun before: it may be of who is gone
      fault('injected'), // 5
      at([2, 2, undefined], 2),
      send(2, 'a:2'),
      ok(2, 1), // 8
      fault('healing'), // 9
      fault('healed'), // 10
      at([2, 2, 1], 1, 2),
      send(3, 'b:1'),
      ok(3, 0, 2), // 13
      { type: 'end', outcome: 'completed' },
    );
    const [timings] = faultTimings(run);
    expect(timings).toMatchObject({ electionMs: undefined, silenceMs: 6, firstAckMs: 8, partitionsLed: 2 });
    expect(timings?.partitions).toEqual([
      { partition: 0, led: true, electionMs: 3, silenceMs: 4, firstAckMs: 3, inSyncMs: 1, drainedMs: undefined },
      { partition: 1, led: false, electionMs: undefined, silenceMs: undefined, firstAckMs: undefined, inSyncMs: 1 },
      { partition: 2, led: true, electionMs: undefined, silenceMs: 6, firstAckMs: 8, inSyncMs: 1 },
    ]);
  });

  it('take who is pushed to for a reader as well: what is read up is pulled and pushed', () => {
    const told = (...last: readonly UntimedEvent[]) =>
      observe(
        start(),
        state(1, 1, 2),
        fault('injecting'),
        fault('injected'),
        send(1, 'a:1', 2),
        ok(1, 0), // 5
        fault('healing'),
        fault('healed'), // 7
        { type: 'pull', call: 1, consumer: 'p1' },
        { type: 'pulled', call: 1, messages: [0, 1].map((offset) => ({ offset, value: `a:${offset + 1}` })) }, // 9
        { type: 'pushed', values: ['a:1'] },
        ...last,
        { type: 'end', outcome: 'completed' },
      );
    expect(faultTimings(told({ type: 'pushed', values: ['a:2'] }))[0]?.drainedMs).toBe(4);
    expect(faultTimings(told())[0]?.drainedMs, 'the last never came').toBeUndefined();
  });

  it('of before the healing: what is seen after it is none of its doing, and proves no fault', () => {
    const late = observe(start(), state(1, 1, 2), fault('injecting'), fault('injected'), fault('healing'), state(2, 2));
    expect(faultTimings(late)).toMatchObject([{ observed: true, detectionMs: undefined, electionMs: undefined }]);
    const after = observe(
      start(),
      state(1, 1, 2),
      fault('injecting'),
      fault('injected'),
      fault('healing'),
      fault('healed'),
      state(2, 2),
    );
    expect(faultTimings(after)).toMatchObject([{ observed: false, detectionMs: undefined, electionMs: undefined }]);
  });

  it('rank what never recovered above all others', () => {
    const twenty = Array.from({ length: 20 }, (_each, index) => index + 1);
    expect(spreadOf(twenty)).toEqual({ runs: 20, censored: 0, p50: 10, p95: 19, max: 20 });
    expect(spreadOf([undefined, 5, undefined])).toEqual({
      runs: 3,
      censored: 2,
      p50: undefined,
      p95: undefined,
      max: undefined,
    });
  });
});
