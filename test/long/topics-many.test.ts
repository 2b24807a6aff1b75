/**
 * Thousands of topics with replicas on a real cluster: made in chunks, verified, and found to be as declared. The integration tier has as many with
 * one replica; with two, every broker carries thousands of logs and followers, and the controller takes a minute and more.
 */
import { afterAll, beforeAll, expect } from 'vitest';
import type { AppliedTopics } from '../../operations/topics.ts';
import type { TopicPlan } from '../../topics/plan/plan.ts';
import { type PlatformFixture, platformFixture } from '../integration/platform-fixture.ts';
import { requires } from '../requirements.ts';

const { describe, it } = requires('java');

const count = 2_000;
const names = Array.from({ length: count }, (_, index) => `many.${String(index).padStart(4, '0')}`);

describe('a manifest of 2,000 topics of 3:2', () => {
  let platform: PlatformFixture;

  beforeAll(async () => {
    platform = await platformFixture(49, { masters: 1, workers: 3, kafkaHeapMiB: 512 });
    expect((await platform.run(['up', '--no-messages'])).status).toBe(0);
    await platform.writeTopics(`topics:\n${names.map((name) => `  - ${name}:3:2\n`).join('')}`);
  });
  afterAll(() => platform.dispose());

  it('is planned whole, each topic once, before anything is there', async () => {
    const { entries, unchanged } = await platform.json<TopicPlan>(['topics', 'plan']);
    expect(entries.map(({ action, topic }) => `${action} ${topic}`)).toEqual(names.map((name) => `create ${name}`));
    expect(unchanged).toEqual([]);
  });

  it('is made and verified in one run: every topic with its partitions led and its replicas in sync', async () => {
    const { applied, verified } = await platform.json<AppliedTopics>(['topics', 'apply', '--yes', '--timeout', '300']);
    expect(applied?.stoppedBy).toBeUndefined();
    expect(applied?.outcomes.filter(({ status }) => status !== 'done')).toEqual([]);
    expect(applied?.outcomes).toHaveLength(count);
    expect(verified?.ok).toBe(true);
    expect(verified?.topics).toEqual(
      names.map((topic) => ({ topic, partitions: 3, replicas: 2, inSync: 2, led: 3, differences: [] })),
    );
  });

  it('is planned empty afterwards, and leaves the topics of others alone', async () => {
    const { entries, unchanged } = await platform.json<TopicPlan>(['topics', 'plan']);
    expect(entries).toEqual([]);
    expect(unchanged).toEqual(names);
    // What `up` made is no longer declared, and still there.
    const status = await platform.json<{ readonly topics: readonly { readonly topic: string }[] }>([
      'topics',
      'status',
      'system.feature',
    ]);
    expect(status.topics.map(({ topic }) => topic)).toEqual(['system.feature']);
  });

  it('is planned again for the one topic that somebody changed among them', async () => {
    const changed = names.map((name, index) => `  - ${name}:${index === 1_234 ? 4 : 3}:2\n`);
    await platform.writeTopics(`topics:\n${changed.join('')}`);
    const { entries, unchanged } = await platform.json<TopicPlan>(['topics', 'plan']);
    expect(entries).toMatchObject([{ action: 'addPartitions', topic: 'many.1234', from: 3, to: 4 }]);
    expect(unchanged).toHaveLength(count - 1);
  });
});
