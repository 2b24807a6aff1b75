/** Status of a cluster in a bad state: what is known is counted, what is not is said, and a screen shows trouble first. */
import { expect, test } from 'vitest';
import { timedOut } from '../../clients/errors.ts';
import { type Api, type ApiName, apiKeys, type Throttled } from '../../clients/kafka/api.ts';
import type { KafkaConnection, SendOptions } from '../../clients/kafka/connection.ts';
import type { ClusterMetadata, PartitionMetadata } from '../../clients/kafka/requests/metadata.ts';
import { reassignStalled } from '../../topics/errors.ts';
import { formatProgress, formatReassignReport } from '../../topics/reassign/format-reassign.ts';
import { formatStatus } from '../../topics/status/format-status.ts';
import { readTopicsStatus, type TopicStatus, type TopicsStatus } from '../../topics/status/status.ts';

/** Brokers 1 and 2 answer, 3 is registered and silent, 4 is gone. */
class AilingCluster implements KafkaConnection {
  readonly requests = Object.fromEntries(Object.keys(apiKeys).map((name) => [name, 0])) as Record<ApiName, number>;
  async close(): Promise<void> {}

  async metadata(): Promise<ClusterMetadata> {
    const partition = (
      number: number,
      leader: number | undefined,
      replicas: readonly number[],
      inSync: readonly number[],
    ): PartitionMetadata => ({ partition: number, fault: undefined, leader, replicas, inSync, offline: [] });
    const topic = (name: string, partitions: readonly PartitionMetadata[]) => ({
      topic: name,
      fault: undefined,
      internal: name.startsWith('__'),
      partitions,
    });
    return {
      throttleTimeMs: 0,
      clusterId: 'ailing',
      controllerId: 2,
      brokers: [1, 2, 3].map((id) => ({ id, host: `broker-${id}`, port: 9092, rack: `zone-${id}` })),
      topics: [
        topic('well', [partition(0, 1, [1, 2], [1, 2])]),
        topic('ill', [
          partition(0, 1, [1, 4], [1]),
          partition(1, undefined, [4], []),
          partition(2, 3, [3, 2], [3, 2]),
          partition(3, 2, [2, 1], [2, 1]),
        ]),
        topic('__consumer_offsets', [partition(0, 1, [1], [1])]),
      ],
    };
  }

  async send<Request, Response extends Throttled>(
    api: Api<Request, Response>,
    request: Request,
    { to }: SendOptions = {},
  ): Promise<Response> {
    this.requests[api.name] += 1;
    if (to === 3) throw timedOut(api.name, 'broker-3:9092', 10);
    return { throttleTimeMs: 0, ...this.#act(api.name, request, Number(to)) } as unknown as Response;
  }

  #act(api: ApiName, request: unknown, broker: number): object {
    const replica = (topic: string, partition: number, sizeBytes: number) => ({ topic, partition, sizeBytes });
    switch (api) {
      case 'DescribeLogDirs': {
        const sizes = {
          1: [replica('well', 0, 100), replica('ill', 0, 20), replica('ill', 3, 5)],
          2: [replica('well', 0, 100), replica('ill', 2, 7), replica('ill', 3, 5)],
        }[broker];
        return { dirs: [{ path: '/', fault: undefined, replicas: sizes ?? [] }] };
      }
      case 'DescribeConfigs':
        return {
          resources: [
            { name: 'well', entries: [{ value: '1' }] },
            { name: 'ill', entries: [{ value: '2' }] },
          ],
        };
      case 'ListPartitionReassignments':
        return { error: undefined, reassignments: [{ topic: 'ill', partition: 2 }] };
      case 'ListGroups':
        return {
          groups:
            broker === 1
              ? [
                  { group: 'readers', protocolType: 'consumer' },
                  { group: 'workers', protocolType: 'connect' },
                ]
              : [],
        };
      case 'DescribeGroups':
        return {
          groups: (request as { readonly groups: readonly string[] }).groups.map((group) => ({
            group,
            state: 'Stable',
            members: [{ assigned: [] }, { assigned: [] }],
          })),
        };
      case 'OffsetFetch':
        return {
          offsets: [
            { topic: 'well', partition: 0, offset: 60 },
            { topic: 'ill', partition: 0, offset: 9 },
            { topic: 'ill', partition: 1, offset: 1 },
            { topic: 'gone', partition: 0, offset: 1 },
          ],
        };
      case 'ListOffsets': {
        const { partitions } = request as { partitions: readonly { topic: string; partition: number }[] };
        return { offsets: partitions.map((each) => ({ ...each, offset: each.topic === 'well' ? 100 : 4 })) };
      }
      default:
        throw new Error(`nobody asks for ${api}`);
    }
  }
}

test('topics are told by their leaders, replicas in sync, bytes, moves, and whether writers are refused', async () => {
  const { topics } = await readTopicsStatus(new AilingCluster());
  expect(topics).toEqual([
    {
      topic: 'ill',
      partitions: 4,
      replicas: { fewest: 1, most: 2 },
      inSync: 5,
      assigned: 7,
      leaderless: [1],
      underReplicated: [0, 1],
      belowMinInSync: [0, 1],
      moving: [2],
      sizeBytes: 37,
      sizeIsPartial: true,
    },
    expect.objectContaining({
      topic: 'well',
      leaderless: [],
      underReplicated: [],
      sizeBytes: 200,
      sizeIsPartial: false,
    }),
  ]);
});

test('a broker that is gone is down, and one that does not answer is silent: neither counts as empty', async () => {
  const { brokers, silent } = await readTopicsStatus(new AilingCluster());
  expect(brokers.map(({ id, up, sizeBytes, leaders, replicas }) => [id, up, sizeBytes, leaders, replicas])).toEqual([
    [1, true, 125, 2, 3],
    [2, true, 112, 1, 3],
    [3, true, undefined, 1, 1],
    [4, false, undefined, 0, 2],
  ]);
  expect(silent).toEqual([{ broker: 3, why: expect.stringContaining('no answer from broker-3:9092') }]);
});

test('lag is counted where both ends are known, and the other partitions are named', async () => {
  const { groups } = await readTopicsStatus(new AilingCluster());
  expect(groups).toEqual([
    {
      group: 'readers',
      state: 'Stable',
      members: 2,
      lag: 40, // of ill/0 it is 4 - 9: the log was cut back, and the group has nothing to read
      topics: [
        { topic: 'ill', lag: 0, uncommitted: [2, 3], unknown: [1] },
        { topic: 'well', lag: 40, uncommitted: [], unknown: [] },
      ],
    },
  ]);
});

test('only the topics that were asked for are looked at, with Kafka’s own where they are', async () => {
  const status = await readTopicsStatus(new AilingCluster(), { wanted: (topic) => topic !== 'ill' });
  expect(status.topics.map(({ topic }) => topic)).toEqual(['__consumer_offsets', 'well']);
  expect(status.groups[0]?.topics.map(({ topic }) => topic)).toEqual(['well']);
});

test('a screen says what is wrong in words and numbers', async () => {
  const text = formatStatus(await readTopicsStatus(new AilingCluster()));
  expect(text).toContain(
    '2 topics, 5 partitions, 237 B on disk; 1 broker down, 1 partition without a leader, 2 under-replicated, 2 closed to writers with acks=all, 1 moving.',
  );
  expect(text).toMatch(
    /^ill +4 +1-2 +3\/4 +5\/7 +over 37 B +no leader: 1; out of sync: 0 1; closed to acks=all: 0 1; moving: 2$/m,
  );
  expect(text).toMatch(/^readers +Stable +2 +40 +ill 0, well 40 \(2 without a commit, 1 without a leader to ask\)$/m);
  expect(text).toMatch(/^4 +down +0 +2 +unknown$/m);
  expect(text).toContain('broker 3 did not answer');
});

test('a screen that is too small leaves out topics that are well, and says how many', () => {
  const topic = (name: string, leaderless: readonly number[]): TopicStatus => ({
    topic: name,
    partitions: 1,
    replicas: { fewest: 1, most: 1 },
    inSync: 1,
    assigned: 1,
    leaderless,
    underReplicated: [],
    belowMinInSync: undefined,
    moving: [],
    sizeBytes: 1,
    sizeIsPartial: false,
  });
  const many = Array.from({ length: 50 }, (_, index) => topic(`well-${index}`, []));
  const status: TopicsStatus = {
    clusterId: 'c',
    controllerId: 1,
    brokers: [],
    topics: [...many, topic('zzz', [0])],
    groups: [],
    silent: [],
  };
  const text = formatStatus(status, { lines: 20 });
  expect(text.split('\n').length).toBeLessThanOrEqual(20);
  expect(text).toContain('zzz');
  expect(text).toMatch(/and 40 more$/m);
  expect(formatStatus(status)).toContain('well-49');
});

test('progress is one line with bytes, rate and time left', () => {
  const progress = { total: 3, done: 1, failed: 0, moving: 2, totalBytes: 3_145_728, copiedBytes: 1_048_576 };
  expect(
    formatProgress({ ...progress, leftBytes: 2_097_152, bytesPerSecond: 524_288, leftMs: 4_000, waitingFor: [] }),
  ).toBe('1 of 3 partitions moved, 1.0 MiB of 3.0 MiB, 512 KiB/s, 4 s left');
  expect(
    formatProgress({ ...progress, leftBytes: 2_097_152, bytesPerSecond: 1, leftMs: 3_700_000, waitingFor: [4] }),
  ).toContain('1 h 1 min left, waiting for broker 4, which is down');
});

test('a report of moves says what is open, whose throttle stayed, and what is still to be removed', () => {
  const text = formatReassignReport({
    outcomes: [
      { topic: 'a', partition: 0, status: 'done' },
      { topic: 'a', partition: 1, status: 'failed', why: 'it is not there' },
    ],
    copiedBytes: 2_048,
    arrivedBytes: 2_048,
    stoppedBy: reassignStalled(60_000, [4]),
    throttle: {
      bytesPerSecond: 1,
      kept: [{ broker: 1, side: 'leader', bytesPerSecond: 1_024, ours: false }],
      skipped: [],
    },
    released: { lists: [], rates: [], silent: [{ broker: 4, why: 'it is down' }] },
    swept: { lists: [], rates: [], silent: [] },
  });
  expect(text).toMatch(/^failed +a +1 +it is not there$/m);
  expect(text).toContain('1 of 2 partitions moved, 2.0 KiB copied.');
  expect(text).toContain('nothing was copied for 60 s; replicas wait for broker 4, which is down');
  expect(text).toContain('broker 1 kept the leader throttle of 1.0 KiB/s that someone else had set');
  expect(text).toContain('broker 4 may keep a throttle until the next apply');
});
