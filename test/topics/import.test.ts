/** Import: what it writes is short, is read back as the cluster is, and says what it leaves out. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultOf } from '../../clients/kafka/fault.ts';
import { type ImportFacts, importManifest } from '../../topics/import/import.ts';
import { observeForImport } from '../../topics/import/observe-import.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { matchesPattern } from '../../topics/manifest/topic-pattern.ts';
import type { ObservedTopic } from '../../topics/plan/state.ts';
import { ModelCluster } from './model-cluster.ts';

const at = new Date('2026-11-22T04:00:00Z');

function observed(
  name: string,
  partitions: number,
  replicas: number,
  config: Record<string, string> = {},
): ObservedTopic {
  const ids = Array.from({ length: replicas }, (_, index) => index + 1);
  return {
    name,
    internal: false,
    fault: undefined,
    partitions: Array.from({ length: partitions }, (_, partition) => ({
      partition,
      fault: undefined,
      leader: 1,
      replicas: ids,
      inSync: ids,
      offline: [],
    })),
    config: Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key, { value, source: 'topic' as const }]),
    ),
  };
}

function factsOf(...topics: readonly ObservedTopic[]): ImportFacts {
  return { clusterId: 'c-1', topics, excluded: [] };
}

/** The text without its comments' first two lines and the defaults: what a person reads. */
function entriesOf(text: string): string {
  return text.slice(text.indexOf('topics:'));
}

describe('a cluster is imported', () => {
  test('as a short file: the commonest counts once, a bare name for what has them, settings in the long form', () => {
    const { text, topics } = importManifest(
      factsOf(
        observed('system.feature', 6, 2),
        observed('monitoring.pms', 6, 2),
        observed('monitoring.mppt', 12, 2),
        observed('audit', 1, 3),
        observed('monitoring.inverter', 6, 2, { 'retention.ms': '604800000', 'cleanup.policy': 'compact,delete' }),
        observed('archive', 12, 3, { 'retention.ms': '-1', 'segment.bytes': '1073741824', preallocate: 'true' }),
      ),
      { at },
    );
    expect(text).toBe(`# The topics of the cluster c-1 as they were at 2026-11-22T04:00:00.000Z.
# A plan with this file against that cluster is empty. Settings that are not named here are left as they are.

defaults:
  partitions: 6
  replicas: 2

topics:
  - name: archive
    partitions: 12
    replicas: 3
    config:
      preallocate: true
      retention.ms: -1 # without limit
      segment.bytes: 1073741824 # 1 GiB
  - audit:1:3
  - name: monitoring.inverter
    config:
      cleanup.policy: compact,delete
      retention.ms: 604800000 # 7 days
  - monitoring.mppt:12
  - monitoring.pms
  - system.feature
`);
    expect(topics).toHaveLength(6);
  });

  test('with the settings that all topics have said once, as defaults', () => {
    const { text } = importManifest(
      factsOf(
        observed('a', 3, 2, { 'retention.ms': '3600000' }),
        observed('b', 3, 2, { 'retention.ms': '3600000', preallocate: 'false' }),
      ),
      { at },
    );
    expect(text).toContain(
      'defaults:\n  partitions: 3\n  replicas: 2\n  config:\n    retention.ms: 3600000 # 1 hour\n',
    );
    expect(entriesOf(text)).toBe('topics:\n  - a\n  - name: b\n    config:\n      preallocate: false\n');
  });

  test('with the settings that a family of names shares said once, as a group', () => {
    const { text } = importManifest(
      factsOf(
        observed('audit', 3, 2),
        observed('web.clicks', 3, 2, { 'retention.ms': '3600000', preallocate: 'true' }),
        observed('web.views', 3, 2, { 'retention.ms': '3600000' }),
        observed('lone.one', 3, 2, { 'retention.ms': '3600000' }),
      ),
      { at },
    );
    expect(text.slice(text.indexOf('groups:'))).toBe(`groups:
  - match: web.*
    config:
      retention.ms: 3600000 # 1 hour

topics:
  - audit
  - name: lone.one
    config:
      retention.ms: 3600000 # 1 hour
  - name: web.clicks
    config:
      preallocate: true
  - web.views
`);
  });

  test('with names in quotes where YAML would read something else', () => {
    const { text } = importManifest(factsOf(observed('42', 3, 2), observed('true', 3, 2), observed('-', 3, 2)), { at });
    expect(parseManifest({ file: 'x', text }).topics.map(({ name }) => name)).toEqual(['-', '42', 'true']);
  });

  test('without what its topics have from their brokers', () => {
    const topic = observed('a', 3, 2);
    const inherited = { 'min.insync.replicas': { value: '1', source: 'static-broker' as const } };
    expect(entriesOf(importManifest(factsOf({ ...topic, config: inherited }), { at }).text)).toBe('topics:\n  - a\n');
  });

  test('into an empty list where there is nothing', () => {
    const { text } = importManifest(factsOf(), { at });
    expect(parseManifest({ file: 'x', text }).topics).toEqual([]);
  });
});

describe('what a manifest cannot say is left out, with the reason:', () => {
  const uneven = { ...observed('uneven', 2, 2) };
  const cases: readonly [string, ObservedTopic, string][] = [
    ['a topic of Kafka’s own', { ...observed('__mirror', 3, 2), internal: true }, 'Kafka’s own'],
    [
      'an internal topic that older brokers do not mark',
      observed('__share_group_state', 3, 2),
      'a topic of the platform',
    ],
    [
      'partitions with different replica counts',
      {
        ...uneven,
        partitions: uneven.partitions.map((each, index) => (index === 0 ? { ...each, replicas: [1] } : each)),
      },
      'its partitions have 1 or 2 replicas',
    ],
    ['a topic that is being made', observed('new', 0, 0), 'it has no partitions'],
    [
      'settings that nobody may read',
      { ...observed('secret', 3, 2), fault: faultOf(29) },
      'TOPIC_AUTHORIZATION_FAILED',
    ],
    [
      'fewer replicas than the topic wants in sync',
      observed('odd', 3, 1, { 'min.insync.replicas': '2' }),
      'since min.insync.replicas is 2',
    ],
    ['more replicas than the manifest’s brokers', observed('wide', 3, 4), 'at most 3 replicas'],
  ];
  test.each(cases)('%s', (_what, topic, why) => {
    const { text, topics, skipped } = importManifest(factsOf(observed('fine', 3, 2), topic), {
      at,
      policy: { brokers: 3 },
    });
    expect(topics).toEqual(['fine']);
    expect(skipped).toEqual([{ topic: topic.name, why: expect.stringContaining(why) }]);
    expect(text).toMatch(new RegExp(`# Not in this file:\n# - ${topic.name}: .*`));
  });

  test('the second of two names that collide as metrics', () => {
    const { topics, skipped } = importManifest(factsOf(observed('a.b', 1, 1), observed('a_b', 1, 1)), { at });
    expect(topics).toEqual(['a.b']);
    expect(skipped[0]?.why).toContain('differ in more than "." and "_"');
  });

  test('a topic whose fault a broker tells in two lines, within the comment', () => {
    const { text } = importManifest(factsOf({ ...observed('a', 3, 2), fault: faultOf(29, 'no\nrights: at all') }), {
      at,
    });
    expect(text).toContain('# - a: its settings cannot be read: no rights: at all (TOPIC_AUTHORIZATION_FAILED)\n');
  });

  test('what the patterns leave out, a few by name', () => {
    const excluded = Array.from({ length: 14 }, (_, index) => `x${String(index).padStart(2, '0')}`);
    const { text } = importManifest({ clusterId: 'c', topics: [], excluded }, { at });
    expect(text).toContain('x11 and 2 more: left out by --include or --exclude');
  });

  test('throttles, unknown settings and hidden values, each remarked at its topic', () => {
    const topic = observed('a', 3, 2, { 'leader.replication.throttled.replicas': '*', 'vendor.speed': 'high\nest' });
    const { text } = importManifest(
      factsOf({ ...topic, config: { ...topic.config, 'retention.ms': { value: undefined, source: 'topic' } } }),
      { at },
    );
    expect(entriesOf(text)).toBe(`topics:
  # a reassignment’s throttle is left out: leader.replication.throttled.replicas
  # left as it is (and removed by --prune-configs): retention.ms, whose value the broker does not tell
  # left as it is (and removed by --prune-configs): vendor.speed = "high\\nest", which this program does not know
  - a
`);
  });
});

test('a topic of even replicas, a lawful name and readable settings is never left out', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(
        fc.tuple(
          fc.stringMatching(/^[a-z0-9-]{1,10}$/),
          fc.integer({ min: 1, max: 9 }),
          fc.integer({ min: 1, max: 3 }),
        ),
        { selector: ([name]) => name },
      ),
      (list) => {
        const { topics } = importManifest(
          factsOf(...list.map(([name, partitions, replicas]) => observed(name, partitions, replicas))),
          { at },
        );
        expect(topics).toEqual(list.map(([name]) => name).sort());
      },
    ),
  );
});

test('a pattern’s star stands for anything, its question mark for one character, and a dot for itself', () => {
  expect(matchesPattern('monitoring.*', 'monitoring.pms')).toBe(true);
  expect(matchesPattern('monitoring.*', 'monitoring-pms')).toBe(false);
  expect(matchesPattern('*', '')).toBe(true);
  expect(matchesPattern('a?c', 'abc')).toBe(true);
  expect(matchesPattern('a?c', 'abbc')).toBe(false);
  expect(matchesPattern('pms', 'pms.2')).toBe(false);
});

test('an import’s patterns choose topics: exclude is stronger than include', async () => {
  const cluster = new ModelCluster();
  for (const name of ['monitoring.pms', 'monitoring.mppt', 'system.feature']) cluster.add(name, 1, 1);
  const facts = await observeForImport(cluster, { include: ['monitoring.*'], exclude: ['*.mppt'] });
  expect(facts.topics.map(({ name }) => name)).toEqual(['monitoring.pms']);
  expect(facts.excluded).toEqual(['monitoring.mppt', 'system.feature']);
});
