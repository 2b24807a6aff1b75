/** What counts as whole: each way in which a platform is not is told, with the nodes that cause it. */
import { describe, expect, it } from 'vitest';
import type { ClusterMetadata, PartitionMetadata } from '../../clients/kafka/requests/metadata.ts';
import type { ServiceState } from '../../drivers/driver.ts';
import { brokerTroubles, findTroubles, storeTroubles } from '../../operations/wholeness.ts';
import { type BrokersState, stateOf } from '../../topics/brokers/brokers-state.ts';
import { clusterOf, smallEnvironment } from '../cluster/environment-fixture.ts';

const cluster = clusterOf(smallEnvironment);

const whole: BrokersState = { controller: 2, registered: [1, 2, 3], amiss: [], displaced: [] };
const partition = (number: number, more: Partial<PartitionMetadata> = {}): PartitionMetadata => ({
  partition: number,
  fault: undefined,
  leader: 1,
  replicas: [1, 2, 3],
  inSync: [1, 2, 3],
  offline: [],
  ...more,
});
const answer = (
  topics: Readonly<Record<string, readonly PartitionMetadata[]>>,
  more: Partial<ClusterMetadata> = {},
) => ({
  throttleTimeMs: 0,
  clusterId: 'c',
  controllerId: 2,
  brokers: [1, 2, 3].map((id) => ({ id, host: 'kafka', port: 9092, rack: undefined })),
  topics: Object.entries(topics).map(([topic, partitions]) => ({
    topic,
    fault: undefined,
    internal: topic.startsWith('__'),
    partitions,
  })),
  ...more,
});

describe('the brokers', () => {
  it('are whole where all are registered, one is the controller and nothing is amiss', () => {
    expect(brokerTroubles(cluster, whole)).toEqual([]);
  });

  it.each<[string, BrokersState | undefined, object[]]>([
    ['nobody answers', undefined, [{ nodes: ['worker-1', 'worker-2', 'worker-3'], what: 'no broker answers' }]],
    [
      'one is away',
      { ...whole, registered: [1, 3] },
      [{ nodes: ['worker-2'], what: 'the broker on worker-2 is not registered' }],
    ],
    [
      'nobody is the controller',
      { ...whole, controller: undefined },
      [{ nodes: [], what: 'no broker is the controller' }],
    ],
    [
      'a replica lags',
      {
        ...whole,
        amiss: [0, 1, 2, 3].map((number) => ({ topic: 'a', partition: number, leaderless: false, missing: [3] })),
      },
      [{ nodes: ['worker-3'], what: '4 partitions (a-0, a-1, a-2 and 1 more) not in sync on worker-3' }],
    ],
    [
      'a partition has no leader',
      { ...whole, amiss: [{ topic: '__consumer_offsets', partition: 0, leaderless: true, missing: [1, 9] }] },
      [
        { nodes: ['worker-1', 'broker 9'], what: '1 partition (__consumer_offsets-0) without a leader' },
        {
          nodes: ['worker-1', 'broker 9'],
          what: '1 partition (__consumer_offsets-0) not in sync on worker-1, broker 9',
        },
      ],
    ],
  ])('are not where %s', (_case, found, troubles) => {
    expect(brokerTroubles(cluster, found)).toEqual(troubles);
  });
});

describe('what brokers say of their partitions', () => {
  it('keeps those that are not whole, and those whose preferred leader could lead and does not', () => {
    const found = stateOf([
      answer({
        a: [partition(0), partition(1, { leader: 2 }), partition(2, { leader: undefined, inSync: [1] })],
        __consumer_offsets: [partition(0, { leader: 2, inSync: [2, 3] })],
      }),
    ]);
    expect(found).toEqual({
      ...whole,
      amiss: [
        { topic: 'a', partition: 2, leaderless: true, missing: [2, 3] },
        { topic: '__consumer_offsets', partition: 0, leaderless: false, missing: [1] },
      ],
      displaced: [{ topic: 'a', partition: 1, preferred: 1 }],
    });
  });

  it('takes the worst that anyone says, and believes in no broker that one does not know', () => {
    const [lagging, fewer] = [
      answer({ a: [partition(0, { inSync: [1, 2] })] }),
      { brokers: answer({}).brokers.slice(0, 2) },
    ];
    expect(stateOf([answer({ a: [partition(0)] }), lagging]).amiss).toHaveLength(1);
    expect(stateOf([answer({}), answer({}, fewer)]).registered).toEqual([1, 2]);
    expect(stateOf([answer({}), answer({}, { controllerId: 1 })]).controller).toBeUndefined();
  });
});

describe('a replica set', () => {
  const set = (...states: ('primary' | 'secondary' | 'other' | undefined)[]) =>
    storeTroubles(new Map(states.map((state, index) => [`metadata-${index + 1}`, state]))).map(({ what }) => what);

  it('is whole with one primary and secondaries, and where there is none at all', () => {
    expect(set('secondary', 'primary', 'secondary')).toEqual([]);
    expect(set()).toEqual([]);
  });

  it('is not with a silent member, one that recovers, no primary or two', () => {
    expect(set('primary', undefined, 'other')).toEqual([
      'MongoDB on metadata-2 does not answer',
      'MongoDB on metadata-3 is neither primary nor secondary of its set',
    ]);
    expect(set('secondary', 'secondary', 'secondary')).toEqual(['the metadata store has no primary']);
    expect(set('primary', 'primary', 'secondary')).toEqual(['metadata-1 and metadata-2 are primary']);
  });
});

describe('everything together', () => {
  const state = (node: string, service: string, more: Partial<ServiceState> = {}): ServiceState => ({
    node,
    service,
    role: node.replace(/-\d+$/, ''),
    address: '',
    state: 'running',
    pid: 1,
    since: undefined,
    outdated: false,
    restarting: false,
    ...more,
  });
  const quorum = new Map(
    ['master-1', 'master-2', 'master-3'].map((node, index) => [node, index === 1 ? 'leader' : 'follower']),
  );
  const asked = {
    quorum: async () => quorum,
    brokers: async () => whole,
    store: async () => new Map(),
    balancers: async () => new Map(),
  };
  const troubles = async (states: readonly ServiceState[], more: object = {}) =>
    (await findTroubles(cluster, states, { ...asked, ...more })).map(({ what, next }) => [what, next !== undefined]);

  it('is whole where everything serves', async () => {
    expect(await troubles([state('worker-1', 'kafka')])).toEqual([]);
  });

  it('waits for what starts, and says what to do about what does not come by itself', async () => {
    expect(
      await troubles([
        state('worker-1', 'kafka', { state: 'starting' }),
        state('worker-2', 'kafka', { state: 'stopped', pid: undefined, restarting: true }),
        state('worker-3', 'kafka', { state: 'stopped', pid: undefined }),
        state('master-1', 'zookeeper', { state: 'failed', pid: undefined }),
      ]),
    ).toEqual([
      ['kafka on worker-1 is starting', false],
      ['kafka on worker-2 is stopped', false],
      ['kafka on worker-3 is stopped', true],
      ['zookeeper on master-1 is failed', true],
    ]);
  });

  it('is not whole without one quorum', async () => {
    const modes = (mode: string | undefined) => ({ quorum: async () => new Map([...quorum, ['master-3', mode]]) });
    expect(await troubles([], modes(undefined))).toEqual([
      ['ZooKeeper on master-3 does not serve within the quorum', false],
    ]);
    expect(await troubles([], modes('leader'))).toEqual([
      ['the masters have no one leader: master-1 follower, master-2 leader, master-3 leader', false],
    ]);
  });
});
