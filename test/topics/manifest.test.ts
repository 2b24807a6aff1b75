/** Manifests: both forms and their defaults, and every fault with its place. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DocumentError } from '../../documents/fault.ts';
import { loadManifest } from '../../topics/manifest/load-manifest.ts';
import { type ManifestPolicy, parseManifest } from '../../topics/manifest/manifest.ts';

function topicsOf(text: string, policy?: ManifestPolicy) {
  return parseManifest({ file: 'topics.yaml', text }, policy).topics;
}

function faultsOf(text: string, policy?: ManifestPolicy): readonly string[] {
  try {
    topicsOf(text, policy);
  } catch (error) {
    if (error instanceof DocumentError && error.code === 'MANIFEST_INVALID') return error.evidence;
    throw error;
  }
  throw new Error('no fault was found');
}

test('the manifest that ships declares the platform’s four topics', async () => {
  const file = fileURLToPath(new URL('../../topics/platform.yaml', import.meta.url));
  const { topics } = await loadManifest(file, { brokers: 3, minInSyncReplicas: 1 });
  expect(topics.map(({ name, partitions, replicas }) => `${name}:${partitions}:${replicas}`)).toEqual([
    'monitoring.pms:3:2',
    'monitoring.mppt:3:2',
    'monitoring.inverter:3:2',
    'system.feature:3:2',
  ]);
});

test('a manifest that is not there is named with its path', async () => {
  await expect(loadManifest('nowhere.yaml')).rejects.toMatchObject({
    code: 'MANIFEST_NOT_FOUND',
    message: expect.stringContaining('nowhere.yaml'),
  });
});

test('a name alone takes the defaults, of the manifest where it has any', () => {
  expect(topicsOf('topics: [a, b:5]')).toMatchObject([
    { partitions: 3, replicas: 2 },
    { partitions: 5, replicas: 2 },
  ]);
  const text =
    'defaults: { partitions: 6, replicas: 1, config: { retention.ms: 1000 } }\ntopics: [a, { name: b, config: { retention.ms: 5 } }]';
  expect(topicsOf(text)).toEqual([
    { name: 'a', partitions: 6, replicas: 1, racks: 'any', config: { 'retention.ms': '1000' } },
    { name: 'b', partitions: 6, replicas: 1, racks: 'any', config: { 'retention.ms': '5' } },
  ]);
});

test('the long form takes Kafka’s settings as numbers, text, truth values and lists', () => {
  const text = `topics:
  - name: a
    partitions: 2
    replicas: 1
    config: { retention.ms: -1, cleanup.policy: [delete, compact], preallocate: true, min.cleanable.dirty.ratio: 0.25, segment.ms: "9223372036854775807" }`;
  expect(topicsOf(text)[0]?.config).toEqual({
    'retention.ms': '-1',
    'cleanup.policy': 'compact,delete',
    preallocate: 'true',
    'min.cleanable.dirty.ratio': '0.25',
    'segment.ms': '9223372036854775807',
  });
});

test('the hash tells what is declared, not how it is written', () => {
  const hash = (text: string) => parseManifest({ file: 'topics.yaml', text }).hash;
  expect(hash('topics: [a:3:2, b]')).toBe(hash('# why\ntopics:\n  - { name: b, replicas: 2 }\n  - a'));
  expect(hash('topics: [a:3:2]')).not.toBe(hash('topics: [a:4:2]'));
});

describe('a fault is found before anything is sent, with its place and the next step:', () => {
  const cases: readonly [string, string, string, ManifestPolicy?][] = [
    [
      'a name with a space',
      'topics:\n  - "a b"',
      '2:5: topics[0]: expected a name of letters, digits, ".", "_" and "-", found "a b"',
    ],
    ['a name of dots', 'topics: [..]', 'expected a name other than "." and ".."'],
    ['a name of 250 characters', `topics: [${'a'.repeat(250)}]`, 'expected a name of at most 249 characters'],
    ['a topic of Kafka’s own', 'topics: [__consumer_offsets]', 'Kafka makes and owns this topic'],
    [
      'the same topic twice',
      'topics:\n  - a\n  - a:3:2',
      '3:5: topics[1]: expected each topic once, found "a" again, after topics[0]',
    ],
    ['names that collide as metrics', 'topics: [a.b, a_b]', 'found "a_b" beside "a.b"'],
    [
      'zero partitions in the short form',
      'topics: ["a:0"]',
      'expected name, name:partitions or name:partitions:replicas',
    ],
    ['a fourth part in the short form', 'topics: ["a:1:2:3"]', 'write it as in monitoring.pms:3:2'],
    ['a topic that is a number', 'topics: [42]', 'found 42; put it in quotes'],
    [
      'a long form without a name',
      'topics: [{ partitions: 1 }]',
      'topics[0].name: expected the name of a topic, found nothing',
    ],
    [
      'partitions that are text',
      'topics: [{ name: a, partitions: many }]',
      'topics[0].partitions: expected a whole number from 1 on',
    ],
    ['an unknown field', 'topics: [{ name: a, partitons: 1 }]', 'did you mean "partitions"?'],
    ['an unknown field at the top', 'topic: [a]\ntopics: []', 'did you mean "topics"?'],
    ['an unknown setting', 'topics: [{ name: a, config: { retention.m: 1 } }]', 'did you mean "retention.ms"?'],
    [
      'an unknown setting in the defaults',
      'defaults: { config: { x.y.z: 1 } }\ntopics: []',
      'defaults.config.x.y.z: expected a topic setting of Kafka 3.9',
    ],
    [
      'a setting out of its range',
      'topics: [{ name: a, config: { retention.ms: -2 } }]',
      'expected "retention.ms" as a whole number from -1 on, found -2',
    ],
    [
      'a ratio above 1',
      'topics: [{ name: a, config: { min.cleanable.dirty.ratio: 1.5 } }]',
      'as a number from 0 to 1, found 1.5',
    ],
    [
      'a policy that Kafka does not have',
      'topics: [{ name: a, config: { cleanup.policy: [compact, drop] } }]',
      'as some of compact, delete',
    ],
    [
      'a truth value that is none',
      'topics: [{ name: a, config: { preallocate: maybe } }]',
      'as true or false, found the text "maybe"',
    ],
    [
      'a number too great for YAML',
      'topics: [{ name: a, config: { segment.ms: 9223372036854775807 } }]',
      'put it in quotes',
    ],
    ['a throttle', 'topics: [{ name: a, config: { leader.replication.throttled.replicas: "*" } }]', 'found a throttle'],
    [
      'more replicas than brokers',
      'topics: [a:1:4]',
      'expected at most 3 replicas, one for each broker, found 4 of "a"',
      { brokers: 3 },
    ],
    [
      'fewer replicas than the brokers want in sync',
      'topics: [a:1:1]',
      'expected at least 2 replicas',
      { minInSyncReplicas: 2 },
    ],
    [
      'fewer replicas than the topic wants in sync',
      'topics: [{ name: a, config: { min.insync.replicas: 3 } }]',
      'since min.insync.replicas is 3',
    ],
  ];
  test.each(cases)('%s', (_what, text, expected, policy) => {
    const faults = faultsOf(text, policy);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(expected);
  });
});

test('all faults are reported at once, in the order of the file', () => {
  const faults = faultsOf('topics:\n  - "a b"\n  - x:0\n  - { name: c, config: { nope: 1 } }\n  - z:1:9\n', {
    brokers: 3,
  });
  expect(faults.map((line) => line.split(':')[1])).toEqual(['2', '3', '4', '5']);
});
