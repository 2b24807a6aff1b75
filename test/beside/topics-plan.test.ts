/** Every kind of change on a real cluster of four workers in three racks: planned, made, looked at in fresh metadata, and nothing left to do; deletions with their consents. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { connect, type KafkaConnection } from '../../clients/kafka/connection.ts';
import { createConsumer, type MessageConsumer } from '../../clients/kafka/messaging.ts';
import { createTopics } from '../../clients/kafka/requests/create-topics.ts';
import { describeConfigs } from '../../clients/kafka/requests/describe-configs.ts';
import { applyTarget, type Consents, planTarget } from '../../operations/topics.ts';
import { direct } from '../../operations/topics-target.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { loadManifest } from '../../topics/manifest/load-manifest.ts';
import { planTopics } from '../../topics/plan/plan.ts';
import { observeTopics } from '../../topics/plan/state.ts';
import { readThrottles } from '../../topics/reassign/throttle.ts';
import { eventually, type PlatformFixture, platformFixture } from '../integration/platform-fixture.ts';
import { runProgram } from '../integration/run-program.ts';
import { requires } from '../requirements.ts';

const { describe, it } = requires('java');
const atTerminal = requires('java', 'linux', 'script');

const bootstrap = [101, 102, 103, 104].map((host) => `127.0.41.${host}:9092`);

describe('plans of topics on four workers in three racks', () => {
  let platform: PlatformFixture;
  let connection: KafkaConnection;
  /** As they were made; whatever is done to others, they stay so. */
  const foreign = { 'retention.ms': '1234567', 'segment.bytes': '7654321' };

  beforeAll(async () => {
    platform = await platformFixture(41, { masters: 3, workers: 4 });
    const up = await platform.run(['up', '--no-messages']);
    expect(up.status, up.stderr + up.stdout).toBe(0);
    connection = await connect({ bootstrap, clientId: 'test' });
    await make('foreign', [[1, 4]], foreign);
    await make('one.rack', [
      [1, 4],
      [4, 1],
      [1, 2],
    ]);
  });
  afterAll(async () => {
    await connection?.close();
    await platform.dispose();
  });

  async function make(topic: string, assignment: readonly (readonly number[])[], config: Record<string, string> = {}) {
    const made = { topic, partitions: assignment.length, replicas: assignment[0]?.length ?? 0, config, assignment };
    const [outcome] = await createTopics(connection, [made], { brokerTimeoutMs: 30_000 });
    expect(outcome).toEqual({ topic, error: undefined });
    await eventually(`${topic} has leaders`, 10_000, async () => {
      const partitions = await partitionsOf(topic);
      return partitions.length === assignment.length && partitions.every(({ leader }) => leader !== undefined);
    });
  }

  const declare = (...topics: readonly unknown[]) => platform.writeTopics(JSON.stringify({ topics }));
  const targetOf = () => ({
    name: 'test',
    open: direct({ bootstrap }),
    manifestFile: join(platform.folder, 'topics.yaml'),
    environment: 'test',
    brokers: 4,
    nodes: [],
    lock: undefined,
  });
  const plan = async (consents: Consents = {}) =>
    (await planTarget(targetOf(), consents, AbortSignal.timeout(60_000))).entries;

  async function apply(...flags: readonly string[]) {
    const applied = await platform.run(['topics', 'apply', '--yes', ...flags]);
    expect(applied.status, applied.stdout + applied.stderr).toBe(0);
    return applied.stdout;
  }

  async function partitionsOf(topic: string) {
    return (await connection.metadata([topic])).topics[0]?.partitions ?? [];
  }

  async function isThere(name: string) {
    return (await connection.metadata()).topics.some(({ topic }) => topic === name);
  }

  /** What a topic has of its own. */
  async function settingsOf(topic: string) {
    const [described] = await describeConfigs(connection, [{ type: 'topic', name: topic }], {});
    const own = (described?.entries ?? []).filter(({ source }) => source === 'topic');
    return Object.fromEntries(own.map(({ name, value }) => [name, value]));
  }

  async function expectNoThrottle(topic: string) {
    const { lists, rates } = await readThrottles(connection, [topic]);
    expect({ lists, rates }).toEqual({ lists: [], rates: [] });
  }

  const extended = (config: object) => ({ name: 'changed', partitions: 4, replicas: 2, config });

  it('are empty where a topic says Kafka’s defaults, or the same values in other words', async () => {
    // As others write them: Kafka reads the values, and keeps the order of lists.
    await make('spelled', [[1, 2]], {
      'cleanup.policy': 'delete, compact',
      'retention.ms': '+604800000',
      preallocate: 'FALSE',
      'min.cleanable.dirty.ratio': '0.50',
    });
    const otherwise = {
      'cleanup.policy': ['compact', 'delete'],
      'retention.ms': 604800000,
      'retention.bytes': -1,
      preallocate: false,
      'min.cleanable.dirty.ratio': 0.5,
      // Set on no topic: Kafka's own value, and one that this platform gives its brokers.
      'message.timestamp.type': 'CreateTime',
      'max.message.bytes': 2_000_000,
    };
    await declare({ name: 'spelled', partitions: 1, replicas: 2, config: otherwise });
    expect(await plan()).toEqual([]);
  });

  it('make a topic, add partitions and change settings, and take off what left the manifest only with --prune-configs', async () => {
    await declare({ ...extended({ 'retention.ms': 100_000, 'segment.ms': 50_000 }), partitions: 2 });
    expect(await plan()).toMatchObject([{ action: 'create', topic: 'changed', partitions: 2, replicas: 2 }]);
    await apply();
    await declare(extended({ 'retention.ms': 200_000 }));
    expect(await plan()).toMatchObject([
      { action: 'addPartitions', from: 2, to: 4 },
      { action: 'changeConfig', changes: [{ name: 'retention.ms', from: '100000', to: '200000' }] },
    ]);
    await apply();
    expect(await partitionsOf('changed')).toHaveLength(4);
    expect(await settingsOf('changed')).toEqual({ 'retention.ms': '200000', 'segment.ms': '50000' });
    expect(await plan()).toEqual([]);
    expect(await plan({ prune: true })).toMatchObject([
      { action: 'changeConfig', changes: [{ name: 'segment.ms', from: '50000' }] },
    ]);
    await apply('--prune-configs');
    expect(await settingsOf('changed')).toEqual({ 'retention.ms': '200000' });
    expect(await plan({ prune: true })).toEqual([]);
  });

  it('give partitions more replicas and fewer, and leave no throttle', async () => {
    for (const replicas of [3, 1]) {
      await declare({ ...extended({}), replicas });
      expect(await plan()).toMatchObject([{ action: 'reassign', because: 'replicas', toReplicas: replicas }]);
      await apply('--throttle', '10MB');
      for (const { replicas: on, inSync } of await partitionsOf('changed')) {
        expect(on).toHaveLength(replicas);
        expect([...inSync].sort()).toEqual([...on].sort());
      }
      await expectNoThrottle('changed');
      expect(await plan()).toEqual([]);
    }
  });

  it('move one of two replicas that share a rack, and no other, where racks are wanted', async () => {
    const wish = { name: 'one.rack', partitions: 3, replicas: 2 };
    await declare(wish);
    expect(await plan()).toEqual([]);
    await declare({ ...wish, racks: 'spread' });
    expect(await plan()).toMatchObject([
      {
        action: 'reassign',
        because: 'racks',
        moves: [
          { partition: 0, from: [1, 4] },
          { partition: 1, from: [4, 1] },
        ],
      },
    ]);
    await apply();
    const { brokers } = await connection.metadata([]);
    const rackOf = new Map(brokers.map(({ id, rack }) => [id, rack]));
    expect(rackOf.get(1)).toBe(rackOf.get(4));
    const partitions = await partitionsOf('one.rack');
    for (const { replicas } of partitions) expect(new Set(replicas.map((id) => rackOf.get(id))).size).toBe(2);
    expect(partitions[2]?.replicas).toEqual([1, 2]);
    await expectNoThrottle('one.rack');
    expect(await plan()).toEqual([]);
  });

  it('say why they refuse, and what to do', async () => {
    await declare('changed:2:1', 'one_rack', { name: 'needs', replicas: 4, partitions: 1 });
    const text = await platform.run(['topics', 'plan']);
    expect(text.status).toBe(3);
    expect(text.stdout).toContain('it has 4 partitions and the manifest says 2');
    expect(text.stdout).toContain('the cluster has one.rack, which differs in "." and "_" only');
    expect(text.stdout).toContain('Rename the topic in the manifest.');
  });

  it('cost one request for all topics and one for the settings of each 300, and no write', async () => {
    const names = Array.from({ length: 301 }, (_, index) => `counted.${index}`);
    for (const half of [names.slice(0, 150), names.slice(150)]) {
      const topics = half.map((topic) => ({ topic, partitions: 1, replicas: 1, config: {} }));
      const outcomes = await createTopics(connection, topics, { brokerTimeoutMs: 60_000 });
      expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
    }
    await declare(...names.map((name) => `${name}:1:1`));
    const manifest = await loadManifest(join(platform.folder, 'topics.yaml'), {});
    const fresh = await connect({ bootstrap, clientId: 'counting' });
    try {
      const before = { ...fresh.requests };
      await eventually('every topic is known', 20_000, async () => {
        Object.assign(before, fresh.requests);
        return planTopics(manifest, await observeTopics(fresh, manifest)).entries.length === 0;
      });
      const sent = Object.entries(fresh.requests).map(([api, count]) => [
        api,
        count - before[api as keyof typeof before],
      ]);
      expect(Object.fromEntries(sent.filter(([, count]) => count !== 0))).toEqual({ Metadata: 1, DescribeConfigs: 2 });
    } finally {
      await fresh.close();
    }
  });

  it('keep a topic from deletion while a group has members that read it, and delete it once they have left', async () => {
    await make('read', [[1], [2]]);
    await declare({ name: 'read', state: 'absent' });
    const consumer = await createConsumer({ bootstrap, group: 'readers', topics: ['read'], onMessage: () => {} });
    try {
      await consumer.ready;
      expect(await plan({ allowDelete: true })).toMatchObject([
        { because: 'has-active-groups', reason: 'a consumer group uses it: readers' },
      ]);
    } finally {
      await consumer.close();
    }
    await eventually('the group is empty', 20_000, async () =>
      (await plan({ allowDelete: true })).every(({ action }) => action === 'delete'),
    );
    // A member that comes while a person reads the plan.
    const target = targetOf();
    let late: MessageConsumer | undefined;
    const run = { allowDelete: true, timeoutMs: 20_000, onProgress: () => {}, signal: AbortSignal.timeout(60_000) };
    const joined = applyTarget(
      target,
      async () => {
        late = await createConsumer({ bootstrap, group: 'latecomers', topics: ['read'], onMessage: () => {} });
        await late.ready;
        return 'agreed after reading';
      },
      run,
    );
    await expect(joined).rejects.toMatchObject({
      code: 'TOPICS_PLAN_STALE',
      message: expect.stringContaining('latecomers uses read by now'),
    });
    await late?.close();
    const { applied, verified } = await applyTarget(target, async () => 'agreed after reading', run);
    expect(applied?.outcomes).toEqual([{ topic: 'read', action: 'delete', status: 'done' }]);
    expect(verified?.ok).toBe(true);
    await eventually('it is gone', 10_000, async () => !(await isThere('read')));
  });

  atTerminal.it('delete a topic for its words typed at a terminal, and for nothing else', async () => {
    await make('typed', [[1]]);
    await declare({ name: 'typed', state: 'absent' });
    for (const words of ['yes', 'delete', '']) {
      const refused = await typed(words);
      expect(refused.status, refused.stdout).toBe(1);
      expect(refused.stdout).toContain('This deletes typed with all messages, for good.');
      expect(refused.stdout).toContain('nothing was changed');
      expect(await isThere('typed'), words).toBe(true);
    }
    const deleted = await typed('delete typed');
    expect(deleted.status, deleted.stdout).toBe(0);
    await eventually('it is gone', 10_000, async () => !(await isThere('typed')));
  });

  /** `ensemble topics apply --allow-delete --yes` at a pseudo-terminal of util-linux's `script`, where a person types `words` at the question. */
  async function typed(words: string) {
    const ensemble = [process.execPath, join(installationRoot(), 'bin', 'ensemble.js')];
    const place = ['--environment', platform.environmentFile, '--state', join(platform.folder, 'state')];
    const command = [...ensemble, 'topics', 'apply', '--allow-delete', '--yes', ...place].map(quoted).join(' ');
    return await runProgram('script', ['-qec', command, '/dev/null'], {
      answer: { after: 'is taken for it: ', text: `${words}\r` },
    });
  }

  it('never touch a topic that the manifest does not name', async () => {
    expect(await settingsOf('foreign')).toEqual(foreign);
    expect(await partitionsOf('foreign')).toMatchObject([{ partition: 0, replicas: [1, 4] }]);
  });
});

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
