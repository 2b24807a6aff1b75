/**
 * What the operator's command asks of the topics applier, the function inside the private network of a deployed environment: one request a call, and
 * nothing is remembered between calls. What a call left to be done comes back as a continuation, which the next one brings along (docs/decisions/0036).
 *
 * Answers are in topics-answer.ts; how both travel within the function's payload limit, in topics-payload.ts.
 */
import { z } from 'zod';
import { brokerId, count, hash, names, topicName, topicPartition } from './topics-shapes.ts';

/** Counts up when an older function or an older command would misread the other. */
export const topicsProtocol = 1;

/** A manifest after its files, defaults and overrides were read: what a plan was made from. */
const declaredShape = z.strictObject({
  /** For words in refusals; it is not read. */
  file: z.string().min(1),
  topics: z.array(
    z.strictObject({
      name: topicName,
      partitions: count,
      replicas: count,
      racks: z.enum(['any', 'spread']),
      config: z.record(z.string(), z.string()),
    }),
  ),
  absent: names,
});

export type Declared = z.output<typeof declaredShape>;

/** What became of one change; `place` is that of the change among the plan's changes. */
const settledShape = z.strictObject({
  place: z.int().min(0),
  status: z.enum(['done', 'failed', 'unknown']),
  why: z.string().exactOptional(),
});

/** What an earlier call settled. It belongs to one plan and one cluster, and anyone who has it may go on. */
export const continuationShape = z.strictObject({
  /** contentHash of the plan. */
  plan: hash,
  clusterId: z.string().min(1),
  settled: z.array(settledShape),
  /** By replicas that have arrived. */
  copiedBytes: z.number().min(0),
});

export type TopicsContinuation = z.output<typeof continuationShape>;

const asked = { protocol: z.literal(topicsProtocol), environment: z.string().min(1) } as const;

/** What a roll asks of brokers and tells them (operations/roll); each may be asked again, and then does what it did. */
const rollRequests = [
  /** Who is registered, and of partitions what is amiss. `also`: a broker that is asked beside the controller; null for none. */
  z.strictObject({ ...asked, action: z.literal('brokers'), also: brokerId.nullable() }),
  z.strictObject({ ...asked, action: z.literal('broker-settings'), broker: brokerId }),
  /** Dynamic settings of one broker, set or taken back. `trying` changes nothing. */
  z.strictObject({
    ...asked,
    action: z.literal('broker-alter'),
    broker: brokerId,
    changes: z
      .array(
        z.discriminatedUnion('operation', [
          z.strictObject({ name: z.string().min(1), operation: z.literal('set'), value: z.string() }),
          z.strictObject({ name: z.string().min(1), operation: z.literal('delete') }),
        ]),
      )
      .min(1),
    trying: z.boolean(),
  }),
  z.strictObject({ ...asked, action: z.literal('leaders-elect'), partitions: z.array(topicPartition) }),
  z.strictObject({ ...asked, action: z.literal('topics-without-spare') }),
] as const;

export const topicsRequestShape = z.discriminatedUnion('action', [
  /** What the cluster has of the topics declared. Sends no write, unless leftovers are to be swept. */
  z.strictObject({
    ...asked,
    action: z.literal('observe'),
    declared: declaredShape,
    /** Topics whose consumer groups are wanted, before they are deleted. Null: none are asked for. */
    groupsOf: names.nullable(),
    /** Removes throttles that a call of ours left when it died. */
    sweep: z.boolean(),
  }),
  /** Looks again, refuses a plan that no longer fits, and carries it out until the time is over. */
  z.strictObject({
    ...asked,
    action: z.literal('apply'),
    declared: declaredShape,
    /** As `ensemble topics plan --json` prints it; parsed with the plan's own schema. */
    plan: z.unknown(),
    throttleBytesPerSecond: z.union([z.int().min(1), z.literal('unlimited')]).exactOptional(),
    /** After so long it answers with what is done, also where it has more time. */
    workMs: z.int().min(1),
    continuation: continuationShape.exactOptional(),
  }),
  z.strictObject({ ...asked, action: z.literal('verify'), declared: declaredShape, timeoutMs: z.int().min(0) }),
  /** Topics by name or pattern; all but Kafka's own where none is given. */
  z.strictObject({ ...asked, action: z.literal('status'), patterns: z.array(z.string()) }),
  z.strictObject({
    ...asked,
    action: z.literal('import'),
    include: z.array(z.string()),
    exclude: z.array(z.string()),
  }),
  z.strictObject({
    ...asked,
    action: z.literal('measure'),
    topics: names,
    windowMs: z.int().min(0),
    sampleRecords: z.int().min(0),
  }),
  z.strictObject({ ...asked, action: z.literal('reassign-status') }),
  /** Only these topics' moves; all where none is given. */
  z.strictObject({ ...asked, action: z.literal('reassign-cancel'), topics: names }),
  z.strictObject({ ...asked, action: z.literal('health') }),
  ...rollRequests,
]);

export type TopicsRequest = z.output<typeof topicsRequestShape>;
export type TopicsAction = TopicsRequest['action'];

/** What EventBridge sends each minute, of which this is all that is read: health becomes metrics, and leftovers are swept. */
export const scheduledEventShape = z.object({ source: z.literal('aws.events'), 'detail-type': z.string() });
