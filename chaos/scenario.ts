/**
 * What a person writes of a scenario: the topic, the workload, the faults in their order, and what is expected. Strict: an unknown key is an error.
 * Times are ranges out of which the seed takes one.
 */
import { z } from 'zod';
import { faultKinds } from '../contracts/fault.ts';
import { parseDocument, type Source } from '../documents/parse.ts';

/** Whom a fault befalls. `leader` and `follower` are those of one partition, which the seed chooses: the partition that the prediction speaks of. */
const targets = [
  'leader',
  'follower',
  'controller',
  'worker',
  'master',
  'metadata-primary',
  'balancer',
  'api-node',
  'push-server',
] as const;
export type Target = (typeof targets)[number];
/** Of these there is one at a time. */
const single: readonly Target[] = ['leader', 'controller', 'metadata-primary'];

const seconds = z.union(
  [z.number().min(0).max(3_600), z.tuple([z.number().min(0).max(3_600), z.number().min(0).max(3_600)]).readonly()],
  { error: 'seconds, or a range of them such as [2, 4]' },
);

const step = z.strictObject({
  fault: z.enum(faultKinds),
  on: z.enum(targets),
  /** How many of them at once: a number, or `f` and `f+1` of the environment's `tolerate`. */
  count: z.union([z.int().min(1).max(9), z.literal('f'), z.literal('f+1')]).default(1),
  /** From the begin of the step before; of the first step from the steady state. */
  afterSeconds: seconds,
  /** From its own begin to its healing. */
  forSeconds: seconds,
  /** And as many ZooKeeper sessions of a broker (zookeeper.session.timeout.ms) on top: a broker is missed when its own has ended. */
  sessions: z.int().min(0).max(5).default(0),
});

const schema = z.strictObject({
  name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case words joined by hyphens'),
  title: z.string().min(1),
  topic: z.strictObject({
    partitions: z.int().min(1).max(100),
    replicas: z.int().min(1).max(9),
    minInSync: z.int().min(1).max(9),
    /** unclean.leader.election.enable */
    unclean: z.boolean().default(false),
  }),
  workload: z.strictObject({
    acks: z.union([z.literal(1), z.literal('all')]),
    /** Of one send; the platform's own producers have eight. */
    retries: z.int().min(0).max(50).default(8),
    ratePerSecond: z.int().min(1).max(100_000),
    keys: z.int().min(1).max(1_000).default(12),
    consumers: z.int().min(0).max(20).default(2),
    /** `balancer`: published and pulled through HAProxy and the messaging API; `api`: through the API's own nodes. One partition then, acks=all, no group. */
    through: z.enum(['kafka', 'balancer', 'api']).default('kafka'),
    /** And delivered by a push server to an endpoint of the run's. */
    push: z.boolean().default(false),
  }),
  steps: z.array(step).min(1).readonly(),
  /** `any`: the seed shuffles the steps; as they are written where it is absent. */
  order: z.literal('any').optional(),
  /** The most nodes that may be down at once. */
  atMostDown: z.int().min(1).max(9),
  /** How long recovery may take after the last healing. */
  recoverySeconds: z.int().min(1).max(3_600).default(90),
  /** How long a partition may go without an acknowledgement where writing continues, beyond what sessions and clients take (availability.ts): for elections. */
  failoverSeconds: z.int().min(1).max(600).default(8),
  expect: z.strictObject({
    writing: z.enum(['continues', 'stops']),
    reading: z.enum(['continues', 'stops']),
    durability: z.enum(['keeps', 'may-lose']),
    /** A negative control: a run that loses nothing has not shown what it is for. */
    mustLose: z.boolean().default(false),
  }),
  /** In how many seeds it runs: in the short matrix (0: not in it) and in the long one. */
  runs: z.strictObject({ short: z.int().min(0).max(100), long: z.int().min(1).max(1_000) }),
});

export type Scenario = z.output<typeof schema>;
export type ScenarioStep = Scenario['steps'][number];

/** Throws DocumentError CHAOS_SCENARIO_INVALID with every fault, its line and column. */
export function parseScenario(source: Source): Scenario {
  const parsed = parseDocument(source, schema);
  const { value } = parsed;
  if (value !== undefined) {
    if (value.topic.minInSync > value.topic.replicas)
      parsed.fault(['topic', 'minInSync'], {
        expected: `at most topic.replicas, ${value.topic.replicas}`,
        found: `${value.topic.minInSync}`,
        next: 'lower it: no write could ever be acknowledged',
      });
    const { through, acks, consumers, push } = value.workload;
    if (through !== 'kafka' && (value.topic.partitions !== 1 || acks !== 'all' || consumers !== 0))
      parsed.fault(['workload', 'through'], {
        expected:
          'topic.partitions: 1, acks: all and consumers: 0 beside it, since that is what the messaging API does',
        found: `${value.topic.partitions} partitions, acks: ${acks}, ${consumers} consumers`,
        next: 'change those, or leave `through` out',
      });
    if (through === 'kafka' && push)
      parsed.fault(['workload', 'push'], {
        expected: 'false where the workload goes to Kafka itself',
        found: 'true',
        next: 'write `through: balancer`',
      });
    if (value.expect.mustLose && value.expect.durability === 'keeps')
      parsed.fault(['expect', 'mustLose'], {
        expected: 'false where durability keeps',
        found: 'true',
        next: 'write `durability: may-lose`, or leave mustLose out',
      });
    for (const [index, each] of value.steps.entries()) {
      if (single.includes(each.on) && each.count !== 1)
        parsed.fault(['steps', index, 'count'], {
          expected: `1, since there is one ${each.on} at a time`,
          found: `${each.count}`,
          next: 'leave it out, or write `on: worker`',
        });
      for (const field of ['afterSeconds', 'forSeconds'] as const) {
        const range = each[field];
        if (typeof range === 'number' || range[0] <= range[1]) continue;
        parsed.fault(['steps', index, field], {
          expected: 'a range from less to more',
          found: `[${range.join(', ')}]`,
          next: 'change the two',
        });
      }
    }
  }
  return parsed.require('CHAOS_SCENARIO_INVALID');
}
