/** What a plan refuses: for every reason that there is, a case with its words and the next step. */
import { expect, test } from 'vitest';
import { faultOf } from '../../clients/kafka/fault.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import {
  type Blocked,
  type BlockedBecause,
  blockedOf,
  type PlanOptions,
  planExitStatus,
  planTopics,
} from '../../topics/plan/plan.ts';
import { planJsonSchema } from '../../topics/plan/plan-schema.ts';
import { observeTopics, type TopicsState } from '../../topics/plan/state.ts';
import { ModelCluster } from './model-cluster.ts';

interface Situation {
  readonly cluster?: (cluster: ModelCluster) => void;
  readonly topic: unknown;
  readonly options?: PlanOptions;
  readonly state?: (state: TopicsState) => TopicsState;
}

async function planOf({ cluster: arrange, topic, options, state: change = (state) => state }: Situation) {
  const cluster = new ModelCluster();
  arrange?.(cluster);
  const manifest = parseManifest({ file: 'topics.yaml', text: JSON.stringify({ topics: [topic] }) });
  return planTopics(manifest, change(await observeTopics(cluster, manifest)), options);
}

const absent = { name: 'a', state: 'absent' };
const there = (cluster: ModelCluster) => cluster.add('a', 3, 2);
const denied = faultOf(29);

const cases: Readonly<Record<BlockedBecause, Situation & Pick<Blocked, 'reason' | 'next'>>> = {
  'shrinks-partitions': {
    cluster: there,
    topic: 'a:2:2',
    reason: 'it has 3 partitions and the manifest says 2; Kafka cannot take partitions away',
    next: 'Set its partitions to 3 in the manifest',
  },
  'too-few-brokers': {
    cluster: (cluster) => {
      there(cluster);
      cluster.brokers = [2];
    },
    topic: 'a:3:3',
    reason: '3 replicas need 3 brokers, and 1 is registered; down: 1, 3',
    next: 'Start the brokers that are down',
  },
  'below-min-in-sync': {
    topic: 'a:3:1',
    cluster: (cluster) => {
      cluster.defaults['min.insync.replicas'] = '2';
    },
    reason: '1 replica is fewer than min.insync.replicas (2): nobody could write with acks=all',
    next: 'Raise the replicas',
  },
  'name-collides': {
    cluster: (cluster) => cluster.add('x.y', 1, 1),
    topic: 'x_y',
    reason: 'the cluster has x.y, which differs in "." and "_" only',
    next: 'Rename the topic in the manifest',
  },
  'internal-topic': {
    cluster: (cluster) => cluster.add('__of_kafka', 3, 2),
    topic: '__of_kafka',
    reason: 'it is one of Kafka’s own',
    next: 'Remove it from the manifest',
  },
  unreadable: {
    cluster: there,
    topic: 'a:3:2',
    state: (state) => ({ ...state, topics: state.topics.map((topic) => ({ ...topic, fault: denied })) }),
    reason: 'its settings cannot be read',
    next: 'Give this user the right to describe the topic',
  },
  'moves-under-way': {
    cluster: (cluster) => {
      there(cluster);
      cluster.moving = [{ topic: 'a', partition: 0, replicas: [1, 2, 3], adding: [], removing: [2, 3] }];
    },
    topic: 'a:3:3',
    reason: 'another move is under way: partition 0 goes to the brokers 1, which the manifest does not want',
    next: 'Wait until it has ended, or cancel it',
  },
  'needs-consent': {
    cluster: there,
    topic: absent,
    options: { activeGroups: new Map([['a', []]]) },
    reason: 'the manifest says that it is to be absent, and this run may not delete topics',
    next: 'Run with --allow-delete if its messages may be lost',
  },
  'groups-unknown': {
    cluster: there,
    topic: absent,
    options: { allowDelete: true },
    reason: 'nobody could say whether consumer groups use it',
    next: 'Make sure that every broker answers',
  },
  'has-active-groups': {
    cluster: there,
    topic: absent,
    options: { allowDelete: true, activeGroups: new Map([['a', ['billing']]]) },
    reason: 'a consumer group uses it: billing',
    next: 'Stop these consumers first',
  },
};

test.each(Object.entries(cases))(
  '%s is an entry of its own, with its reason and the next step',
  async (because, situation) => {
    const plan = await planOf(situation);
    expect(plan.entries).toMatchObject([
      {
        action: 'blocked',
        because,
        reason: expect.stringContaining(situation.reason),
        next: expect.stringContaining(situation.next),
      },
    ]);
    expect(planExitStatus(plan)).toBe(3);
  },
);

test('every reason that a saved plan may give has a case here', () => {
  expect(Object.keys(cases).sort()).toEqual([...reasonsOf(planJsonSchema())].sort());
});

/** The values that `because` may have beside the action "blocked", wherever they stand in the schema. */
function reasonsOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const properties =
    'properties' in schema ? (schema.properties as Record<string, Record<string, unknown>>) : undefined;
  if (properties?.action?.const === 'blocked') return properties.because?.enum as string[];
  return Object.values(schema).flatMap(reasonsOf);
}

test('a count of replicas below the topic’s own min.insync.replicas is blocked, and the brokers’ does not count', async () => {
  const own = (least: string) => (cluster: ModelCluster) => cluster.add('a', 3, 3, { 'min.insync.replicas': least });
  const [blocked] = blockedOf(await planOf({ cluster: own('2'), topic: 'a:3:1' }));
  expect(blocked).toMatchObject({ because: 'below-min-in-sync', reason: expect.stringContaining('(2)') });
  const safe = await planOf({
    cluster: (cluster) => {
      own('1')(cluster);
      cluster.defaults['min.insync.replicas'] = '3';
    },
    topic: 'a:3:2',
  });
  expect(safe.entries).toMatchObject([{ action: 'reassign', toReplicas: 2 }]);
});

test('a count of replicas below the brokers’ min.insync.replicas is blocked for a topic that is there', async () => {
  const { entries } = await planOf({
    cluster: (cluster) => {
      cluster.add('a', 3, 3);
      cluster.defaults['min.insync.replicas'] = '2';
    },
    topic: 'a:3:1',
  });
  expect(entries).toMatchObject([
    { because: 'below-min-in-sync', reason: expect.stringContaining('1 replica is fewer') },
  ]);
});

test('a count that is unsafe already is not the plan’s doing, and holds up nothing else', async () => {
  const { entries } = await planOf({
    cluster: (cluster) => cluster.add('a', 3, 1, { 'min.insync.replicas': '2' }),
    topic: { name: 'a', partitions: 4, replicas: 1, config: { 'retention.ms': 5 } },
  });
  expect(entries.map(({ action }) => action)).toEqual(['addPartitions', 'changeConfig']);
});

test('a blocked count holds back the setting that belongs to it, and nothing else of the topic', async () => {
  const blocked = await planOf({
    cluster: (cluster) => {
      cluster.add('a', 3, 3, { 'min.insync.replicas': '1', 'retention.ms': '5', 'segment.ms': '7' });
      cluster.defaults['min.insync.replicas'] = '3';
    },
    topic: { name: 'a', partitions: 5, replicas: 2, config: { 'retention.ms': 6 } },
    options: { prune: true },
  });
  expect(blocked.entries).toMatchObject([
    { action: 'addPartitions' },
    { action: 'blocked', because: 'below-min-in-sync', reason: expect.stringContaining('(3)') },
    {
      action: 'changeConfig',
      changes: [
        { name: 'retention.ms', to: '6' },
        { name: 'segment.ms', to: undefined },
      ],
    },
  ]);
});

test('more replicas than live brokers are blocked for a new topic, for a new count and for new partitions, naming who is down', async () => {
  const dying = (cluster: ModelCluster) => {
    cluster.add('elsewhere', 3, 3);
    cluster.add('a', 3, 2);
    cluster.brokers = [2];
  };
  const words = 'registered; down: 1, 3';
  for (const topic of ['new:3:2', 'a:3:3', 'a:4:2']) {
    expect((await planOf({ cluster: dying, topic })).entries, topic).toMatchObject([
      { because: 'too-few-brokers', reason: expect.stringContaining(words) },
    ]);
  }
});

test('a topic that is as declared is not blocked by a broker that is down', async () => {
  const plan = await planOf({
    cluster: (cluster) => {
      there(cluster);
      cluster.brokers = [2];
    },
    topic: { name: 'a', replicas: 2, racks: 'spread' },
  });
  expect(plan).toMatchObject({ entries: [], unchanged: ['a'] });
});

test('moves that cannot be read block a new count, with the fault', async () => {
  const plan = await planOf({
    cluster: there,
    topic: 'a:3:3',
    state: (state) => ({ ...state, movingFault: faultOf(31) }),
  });
  expect(plan.entries).toMatchObject([
    {
      because: 'unreadable',
      reason: expect.stringContaining('moves under way cannot be read'),
      next: expect.stringContaining('describe the cluster'),
    },
  ]);
});
