/**
 * The lines of a history: what one run did and saw, each as it happened. A value is one record, `<key>:<number>`, and is sent by one operation alone.
 * An operation has a line when it begins and one when it ends; one without an end is unknown, as after a crash of the recorder.
 * Times (`at`) are milliseconds of a clock that only goes forward, from the start of the run. The form: Jepsen's histories, in JSONL.
 */
import { z } from 'zod';

const at = z.number().min(0);
const count = z.int().min(0);
const value = z.string().regex(/^[^:]+:\d{1,15}$/, '<key>:<number>');
/** Of one request; what a workload sends at once is far below it. */
const records = z.int().min(1).max(100_000);
const ids = z.array(z.int()).readonly();

/** How records reach the brokers: from Kafka's own clients, or through the platform's entrance. */
const via = z.enum(['kafka', 'balancer', 'api']);

const partition = z.strictObject({
  partition: count,
  leader: z.int().optional(),
  replicas: ids,
  inSync: ids,
});

export const eventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('start'),
    at,
    version: z.literal(1),
    /** ISO 8601, for people alone. */
    startedAt: z.string(),
    scenario: z.string(),
    seed: count,
    /** The command that repeats the run. */
    command: z.string(),
    topic: z.string(),
    partitions: z.int().min(1),
    /** The scenario and the prediction as they were then, so that a verdict can be reached anew. */
    plan: z.json(),
  }),
  /** Numbers `first` to `first + count - 1` of a key, in one request. */
  z.strictObject({ type: z.literal('send'), at, op: count, key: z.string(), first: count, count: records, via }),
  /** `offset` is that of the first of them; the others follow it. Absent with `ok` where the way does not say. */
  z.strictObject({
    type: z.literal('sent'),
    at,
    op: count,
    outcome: z.enum(['ok', 'fail', 'unknown']),
    partition: count.optional(),
    offset: count.optional(),
    why: z.string().optional(),
  }),
  /** A member of the group got its partitions: what it reads from now on need not follow what it read before. */
  z.strictObject({ type: z.literal('joined'), at, consumer: z.string() }),
  /** Consecutive records, from `offset` on. */
  z.strictObject({
    type: z.literal('poll'),
    at,
    consumer: z.string(),
    partition: count,
    offset: count,
    values: z.array(value).readonly(),
  }),
  /** A call to the messaging API for what a subscription has, and its answer; a call without one was not answered. */
  z.strictObject({ type: z.literal('pull'), at, call: count, consumer: z.string() }),
  z.strictObject({
    type: z.literal('pulled'),
    at,
    call: count,
    /** In the subscription's own order. */
    messages: z.array(z.strictObject({ offset: count, value })).readonly(),
  }),
  /** Of the message at the offset and of all before it; `ok` false where it was refused or not answered: it may have taken effect. */
  z.strictObject({ type: z.literal('acknowledge'), at, call: count, offset: count }),
  z.strictObject({ type: z.literal('acknowledged'), at, call: count, offset: count, ok: z.boolean() }),
  /** Posted to the run's endpoint by a push server, and taken. */
  z.strictObject({ type: z.literal('pushed'), at, values: z.array(value).readonly() }),
  z.strictObject({
    type: z.literal('fault'),
    at,
    fault: count,
    phase: z.enum(['injecting', 'injected', 'healing', 'healed', 'skipped']),
    kind: z.string(),
    target: z.string(),
    node: z.string(),
    /** Its broker's id, where it is one. */
    broker: z.int().optional(),
    why: z.string().optional(),
  }),
  /** What the cluster says of itself; written when it changes. `answering`: nodes whose services answer. */
  z.strictObject({
    type: z.literal('state'),
    at,
    controller: z.int().optional(),
    registered: ids,
    answering: z.array(z.string()).readonly(),
    partitions: z.array(partition).readonly(),
  }),
  /** How busy the machine is that records: who wants each of its processors, on average since the last such line; how late timers fired in that time. */
  z.strictObject({ type: z.literal('load'), at, runnable: z.number().min(0), lateMs: z.number().min(0) }),
  z.strictObject({
    type: z.literal('steady'),
    at,
    phase: z.enum(['before', 'after']),
    ok: z.boolean(),
    why: z.string().optional(),
  }),
  /** The group has read up to the ends of every partition; or could not. */
  z.strictObject({ type: z.literal('drained'), at, ok: z.boolean() }),
  /** Where a partition begins and ends after healing, asked of its leader before the log is read. */
  z.strictObject({ type: z.literal('ends'), at, partition: count, start: count, end: count }),
  /** The log after healing, read by a reader of its own: consecutive records from `offset` on. */
  z.strictObject({
    type: z.literal('log'),
    at,
    partition: count,
    offset: count,
    values: z.array(value).readonly(),
  }),
  z.strictObject({ type: z.literal('end'), at, outcome: z.enum(['completed', 'interrupted', 'failed']) }),
]);

export type HistoryEvent = z.output<typeof eventSchema>;
export type EventOf<T extends HistoryEvent['type']> = Extract<HistoryEvent, { readonly type: T }>;
export type DeliveryEvent = EventOf<'pull' | 'pulled' | 'acknowledge' | 'acknowledged'>;
export type Via = z.output<typeof via>;
