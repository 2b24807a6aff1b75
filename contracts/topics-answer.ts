/**
 * What the topics applier answers, by action. The shapes are those of topics/, which reads and writes them on both sides: where one changes and this file
 * does not, the compiler says so in programs/topics-applier and in operations/.
 */
import { z } from 'zod';
import { continuationShape, type TopicsAction } from './topics-request.ts';
import { brokerIds, errorShape, faultShape, maybe, names, topicName, topicPartition } from './topics-shapes.ts';

const number = z.number();
const whole = z.int().min(0);
const partition = z.strictObject({
  partition: whole,
  fault: maybe(faultShape),
  leader: maybe(whole),
  replicas: brokerIds,
  inSync: brokerIds,
  offline: brokerIds,
});
const broker = z.strictObject({ id: whole, host: z.string(), port: whole, rack: maybe(z.string()) });
const source = z.enum([
  'unknown',
  'topic',
  'dynamic-broker',
  'dynamic-default-broker',
  'static-broker',
  'default',
  'dynamic-broker-logger',
]);
const observedTopic = z.strictObject({
  name: topicName,
  internal: z.boolean(),
  partitions: z.array(partition),
  config: z.record(z.string(), z.strictObject({ value: maybe(z.string()), source })),
  fault: maybe(faultShape),
});
const silent = z.array(z.strictObject({ broker: whole, why: z.string() }));

const state = z.strictObject({
  clusterId: z.string().min(1),
  brokers: z.array(broker),
  down: brokerIds,
  topics: z.array(observedTopic),
  others: names,
  minInSyncReplicas: maybe(number),
  moving: z.array(
    z.strictObject({ topic: topicName, partition: whole, replicas: brokerIds, adding: brokerIds, removing: brokerIds }),
  ),
  movingFault: maybe(faultShape),
});

const side = z.enum(['leader', 'follower']);
const rate = z.strictObject({ broker: whole, side, bytesPerSecond: number, ours: z.boolean() });
const release = z.strictObject({
  lists: z.array(z.strictObject({ topic: topicName, entries: z.array(z.string()) })),
  rates: z.array(rate),
  silent,
});
const copied = { totalBytes: number, copiedBytes: number } as const;
const progress = {
  ...copied,
  leftBytes: number,
  bytesPerSecond: maybe(number),
  leftMs: maybe(number),
} as const;

const applyReport = z.strictObject({
  outcomes: z.array(
    z.strictObject({
      topic: topicName,
      action: z.enum(['create', 'addPartitions', 'changeConfig', 'reassign', 'delete']),
      status: z.enum(['done', 'failed', 'moving', 'unknown', 'not-sent']),
      why: z.string().exactOptional(),
    }),
  ),
  reassigned: maybe(
    z.strictObject({
      outcomes: z.array(
        z.strictObject({
          topic: topicName,
          partition: whole,
          status: z.enum(['done', 'moving', 'failed', 'not-sent']),
          why: z.string().exactOptional(),
        }),
      ),
      copiedBytes: number,
      arrivedBytes: number,
      stoppedBy: maybe(errorShape),
      throttle: maybe(z.strictObject({ bytesPerSecond: number, kept: z.array(rate), skipped: silent })),
      released: maybe(release),
      swept: release,
    }),
  ),
  stoppedBy: maybe(errorShape),
});

const applyProgress = z.strictObject({
  done: whole,
  failed: whole,
  total: whole,
  moving: z
    .strictObject({ ...progress, total: whole, done: whole, failed: whole, moving: whole, waitingFor: brokerIds })
    .exactOptional(),
});

const verifyReport = z.strictObject({
  ok: z.boolean(),
  topics: z.array(
    z.strictObject({
      topic: topicName,
      partitions: whole,
      replicas: whole,
      inSync: whole,
      led: whole,
      differences: z.array(
        z.strictObject({
          kind: z.enum(['missing', 'present', 'partitions', 'replicas', 'leader', 'in-sync', 'config']),
          says: z.string(),
        }),
      ),
    }),
  ),
  waitedMs: number,
});

const partitions = z.array(whole);
const status = z.strictObject({
  clusterId: z.string(),
  controllerId: maybe(whole),
  brokers: z.array(
    z.strictObject({
      id: whole,
      address: maybe(z.string()),
      rack: maybe(z.string()),
      up: z.boolean(),
      leaders: whole,
      replicas: whole,
      sizeBytes: maybe(number),
    }),
  ),
  topics: z.array(
    z.strictObject({
      topic: topicName,
      partitions: whole,
      replicas: z.strictObject({ fewest: whole, most: whole }),
      inSync: whole,
      assigned: whole,
      leaderless: partitions,
      underReplicated: partitions,
      belowMinInSync: maybe(partitions),
      moving: partitions,
      sizeBytes: number,
      sizeIsPartial: z.boolean(),
    }),
  ),
  groups: z.array(
    z.strictObject({
      group: z.string(),
      state: z.string(),
      members: whole,
      lag: number,
      topics: z.array(z.strictObject({ topic: topicName, lag: number, uncommitted: partitions, unknown: partitions })),
    }),
  ),
  silent,
});

const measurement = z.strictObject({
  clusterId: z.string(),
  at: z.iso.datetime().transform((text) => new Date(text)),
  inputs: z.array(
    z.strictObject({
      topic: topicName,
      partitions: whole,
      produced: z.strictObject({
        peakPerSecond: number,
        partitionPeakPerSecond: number,
        stretchMs: number,
        historyMs: number,
      }),
      bytesPerRecord: maybe(number),
      windowMs: number,
      groups: z.array(
        z.strictObject({ group: z.string(), members: whole, consumedPerSecond: number, keptUp: z.boolean() }),
      ),
      keys: maybe(
        z.strictObject({
          records: whole,
          keyed: whole,
          distinct: whole,
          seenOnce: whole,
          seenTwice: whole,
          hottest: whole,
          complete: z.boolean(),
        }),
      ),
      gaps: z.array(z.string()),
    }),
  ),
  missing: names,
});

const reassignStatus = z.strictObject({
  ...progress,
  moving: z.array(
    z.strictObject({
      ...copied,
      topic: topicName,
      partition: whole,
      from: brokerIds,
      to: brokerIds,
      waitingFor: brokerIds,
    }),
  ),
  lists: z.array(z.strictObject({ topic: topicName, side, ours: z.array(z.string()), others: z.array(z.string()) })),
  rates: z.array(rate),
  silent,
});

/** What it means is in topics/status/health.ts. */
const health = z.strictObject({
  clusterId: z.string(),
  controllerId: maybe(whole),
  brokers: z.array(
    z.strictObject({ id: whole, up: z.boolean(), rack: maybe(z.string()), replicas: whole, leaders: whole }),
  ),
  partitions: whole,
  leaderless: whole,
  underReplicated: whole,
  moving: whole,
  amiss: z.array(z.string()),
});

/** What it means is in topics/brokers/brokers-state.ts. */
const brokers = z.strictObject({
  controller: maybe(whole),
  registered: brokerIds,
  amiss: z.array(topicPartition.extend({ leaderless: z.boolean(), missing: brokerIds })),
  displaced: z.array(topicPartition.extend({ preferred: whole })),
});

const configValue = z.strictObject({ name: z.string(), value: maybe(z.string()), source });
const brokerSettings = z.strictObject({
  entries: z.array(
    configValue.extend({ readOnly: z.boolean(), sensitive: z.boolean(), synonyms: z.array(configValue) }),
  ),
});

export const topicsAnswers = {
  observe: z.strictObject({
    state,
    /** Null unless asked for; a topic that is not in it has unknown groups. */
    activeGroups: z.array(z.strictObject({ topic: topicName, groups: z.array(z.string()) })).nullable(),
  }),
  apply: z.strictObject({
    report: applyReport,
    progress: applyProgress,
    /** Null where nothing is left to be done, or what is left cannot be. */
    continuation: continuationShape.nullable(),
  }),
  verify: verifyReport,
  status,
  import: z.strictObject({ clusterId: z.string(), topics: z.array(observedTopic), excluded: names }),
  measure: measurement,
  'reassign-status': reassignStatus,
  'reassign-cancel': z.strictObject({
    outcomes: z.array(
      z.strictObject({
        topic: topicName,
        partition: whole,
        status: z.enum(['cancelled', 'ended', 'failed', 'unknown']),
        why: z.string().exactOptional(),
      }),
    ),
    released: release,
  }),
  health,
  brokers,
  'broker-settings': brokerSettings,
  /** Why the broker refuses, in its words; null where it does not. */
  'broker-alter': z.strictObject({ refused: z.string().nullable() }),
  'leaders-elect': z.strictObject({}),
  'topics-without-spare': z.strictObject({ topics: names }),
} as const satisfies Record<TopicsAction, z.ZodType>;

/** As the command reads it. */
export type TopicsAnswer<Action extends TopicsAction> = z.output<(typeof topicsAnswers)[Action]>;

/** As the function writes it. */
export type TopicsReply = { [Action in TopicsAction]: Unchanging<z.input<(typeof topicsAnswers)[Action]>> };

type Unchanging<T> = T extends readonly (infer Item)[]
  ? readonly Unchanging<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Unchanging<T[Key]> }
    : T;

/** Around every answer. A defect is not among them: the function's own error says it. */
export const topicsResponseShape = z.discriminatedUnion('ok', [
  z.strictObject({ protocol: z.int(), ok: z.literal(true), action: z.string(), answer: z.unknown() }),
  z.strictObject({ protocol: z.int(), ok: z.literal(false), error: errorShape }),
]);

export type TopicsResponse = z.output<typeof topicsResponseShape>;
