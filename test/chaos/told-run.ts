/** Runs told by when batches begin and faults stand, in seconds, and judged. */
import type { UntimedEvent } from '../../chaos/history.ts';
import type { HistoryEvent } from '../../chaos/history-event.ts';
import { observeRun } from '../../chaos/observed-run.ts';
import { judge, type RunPlan } from '../../chaos/verdict.ts';
import { safePlan, start } from './written-history.ts';

export const plan: RunPlan = {
  ...safePlan,
  failoverSeconds: 8,
  sessionSeconds: 6,
  acks: 'all',
  minInSync: 2,
  atMostDown: 1,
};
export const stops: Partial<RunPlan> = {
  prediction: { ...plan.prediction, writing: 'stops' },
  atMostDown: 2,
};

/** Seconds of a run; each batch of 50 records is acknowledged 10 ms after it began, at the offset behind the one before, and read at once where `read` says so. */
interface Told {
  readonly plan?: Partial<RunPlan>;
  /** When a batch begins. */
  readonly writes: readonly number[];
  readonly faults?: readonly (readonly [
    at: number,
    phase: 'injecting' | 'injected' | 'healing' | 'healed',
    broker?: number,
  ])[];
  readonly readUntil?: number;
  /** One batch that is read later than it could be. */
  readonly late?: { readonly written: number; readonly readAt: number };
  readonly loads?: readonly (readonly [at: number, runnable: number, lateMs: number])[];
  readonly kind?: string;
  /** When a batch begins in a second partition, and until when those are read at once. */
  readonly other?: { readonly writes: readonly number[]; readonly readUntil?: number };
}

export const every = (from: number, to: number) =>
  Array.from({ length: Math.round((to - from) * 5) }, (_each, index) => from + index / 5);
export const stood = (from: number, to: number) =>
  [
    [from, 'injecting'],
    [from + 0.01, 'injected'],
    [to, 'healing'],
    [to + 1, 'healed'],
  ] as const;

export function verdictOf(told: Told) {
  const { verdict, reasons } = judged(told);
  return [verdict, ...reasons];
}

export function judged({
  plan: change,
  writes,
  faults = stood(10, 40),
  readUntil = 100,
  late,
  loads = [],
  kind = 'kill',
  other = { writes: [] },
}: Told) {
  const batch = 50;
  const partitions = other.writes.length > 0 ? 2 : 1;
  const at = (seconds: number, event: UntimedEvent) => ({ ...event, at: seconds * 1000 }) as HistoryEvent;
  const written = (begins: readonly number[], partition: number, until: number) =>
    begins.map((begin, index) => ({
      ...{ begin, partition, until, key: partition === 0 ? 'a' : 'b', op: partition * 1_000 + index + 1 },
      ...{ first: index * batch + 1, offset: index * batch },
    }));
  const batches = [...written(writes, 0, readUntil), ...written(other.writes, 1, other.readUntil ?? 100)];
  const values = (key: string, first: number) =>
    Array.from({ length: batch }, (_each, index) => `${key}:${first + index}`);
  const state = (registered: number[]): UntimedEvent => ({
    type: 'state',
    registered,
    answering: registered.map((id) => `worker-${id}`),
    partitions: [0, 1]
      .slice(0, partitions)
      .map((partition) => ({ partition, leader: 3, replicas: [1, 2, 3], inSync: [1, 2, 3] })),
  });
  const away = (until: number) =>
    faults.filter(([when, phase]) => phase === 'injected' && when <= until).map(([, , broker = 1]) => broker);
  const timed = [
    at(0.1, state([1, 2, 3])),
    at(0.2, { type: 'steady', phase: 'before', ok: true }),
    ...batches.flatMap(({ begin, op, key, first, offset, partition, until }) => [
      at(begin, { type: 'send', op, key, first, count: batch, via: 'kafka' }),
      at(begin + 0.01, { type: 'sent', op, outcome: 'ok', partition, offset }),
      at(late?.written === begin ? late.readAt : begin <= until ? begin + 0.02 : 60, {
        type: 'poll',
        consumer: 'c1',
        partition,
        offset,
        values: values(key, first),
      }),
    ]),
    ...faults.map(([when, phase, broker = 1]) =>
      at(when, { type: 'fault', fault: broker, phase, kind, target: 'leader', node: `worker-${broker}`, broker }),
    ),
    ...faults
      .filter(([, phase]) => phase === 'injected')
      .map(([when]) => at(when + 0.001, state([1, 2, 3].filter((id) => !away(when).includes(id))))),
    ...loads.map(([when, runnable, lateMs]) => at(when, { type: 'load', runnable, lateMs })),
  ].sort((a, b) => a.at - b.at);
  const events = [
    at(0, start(partitions, { ...plan, ...change })),
    ...timed,
    at(61, { type: 'drained', ok: true }),
    at(61, { type: 'ends', partition: 0, start: 0, end: writes.length * batch }),
    ...(partitions === 1 ? [] : [at(61, { type: 'ends', partition: 1, start: 0, end: other.writes.length * batch })]),
    ...batches.map(({ partition, offset, key, first }) =>
      at(62, { type: 'log', partition, offset, values: values(key, first) }),
    ),
    at(63, { type: 'steady', phase: 'after', ok: true }),
    at(64, { type: 'end', outcome: 'completed' }),
  ];
  return judge(observeRun(events));
}
