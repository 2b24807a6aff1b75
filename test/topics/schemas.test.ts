/** The JSON Schemas of this room: fresh, true of what ships, and in agreement with the readers that they stand for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DocumentError } from '../../documents/fault.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { manifestJsonSchema } from '../../topics/manifest/manifest-schema.ts';
import { throttleSettings, topicSettings } from '../../topics/manifest/topic-settings.ts';
import { planTopics, type TopicPlan } from '../../topics/plan/plan.ts';
import { parsePlan, planJsonSchema } from '../../topics/plan/plan-schema.ts';
import { observeTopics } from '../../topics/plan/state.ts';
import { ModelCluster } from './model-cluster.ts';

const folder = join(installationRoot(), 'topics');
const committed = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
const ajv = () => new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });

test.each([
  ['manifest.schema.json', manifestJsonSchema()],
  ['plan.schema.json', planJsonSchema()],
])('the committed %s is what the code makes: npm run generate -- schema', (file, made) => {
  expect(committed(file)).toEqual(JSON.parse(JSON.stringify(made)));
});

describe('the schema of manifests', () => {
  const validate = ajv().compile(manifestJsonSchema());
  const topic = (fields: string) => `topics: [{ name: a, ${fields} }]`;
  const config = (setting: string) => topic(`config: { ${setting} }`);

  /** Whether the tool's own reader takes it. */
  const isRead = (text: string) => {
    try {
      parseManifest({ file: 'topics.yaml', text }, {}, new Map([['more.yaml', 'topics: [b]']]));
      return true;
    } catch (error) {
      if (error instanceof DocumentError) return false;
      throw error;
    }
  };

  test('takes the manifest that ships, which names it for editors', () => {
    const text = readFileSync(join(folder, 'platform.yaml'), 'utf8');
    validate(parse(text));
    expect(validate.errors ?? []).toEqual([]);
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/manifest\.schema\.json\n/);
  });

  test.each([
    ['a name', 'topics: [a]'],
    ['a short form', 'topics: ["a:3:2", "b:1"]'],
    ['a short form with spaces', 'topics: ["a : 3"]'],
    ['no topics yet', 'topics: []'],
    ['an include alone', 'include: [more.yaml]'],
    ['every field of a topic', topic('partitions: 3, replicas: 2, racks: spread, state: present, config: {}')],
    ['a number in quotes', config('retention.ms: "604800000"')],
    ['a switch', config('preallocate: true')],
    ['a policy as a list', config('cleanup.policy: [compact, delete]')],
    ['a policy as text', config('cleanup.policy: "compact, delete"')],
    ['the one value outside a range', config('compression.gzip.level: -1')],
    ['a fraction', config('min.cleanable.dirty.ratio: 0.5')],
    ['a long in quotes', config('flush.ms: "9223372036854775807"')],
    ['a group', 'groups: [{ match: "a*", replicas: 3 }]\ntopics: [a]'],
    ['a group of several patterns', 'groups: [{ match: [a, b], config: { segment.ms: 1 } }]\ntopics: [a]'],
    [
      'an environment',
      'environments: { production: { defaults: { replicas: 3 }, topics: { a: { state: absent } } } }\ntopics: [a]',
    ],
    ['an environment’s pattern', 'environments: { production: { topics: { "*": { partitions: 12 } } } }\ntopics: [a]'],
  ])('takes, as the reader does, %s', (_what, text) => {
    expect(isRead(text)).toBe(true);
    validate(parse(text));
    expect(validate.errors ?? []).toEqual([]);
  });

  test.each([
    ['nothing at all', '{}'],
    ['an unknown field', 'topic: [a]\ntopics: [a]'],
    ['a number for a name', 'topics: [7]'],
    ['a short form of four parts', 'topics: ["a:1:1:1"]'],
    ['no partitions', 'topics: ["a:0"]'],
    ['a name that Kafka refuses', 'topics: ["a b"]'],
    ['a topic without a name', 'topics: [{ partitions: 1 }]'],
    ['text for a number', topic('partitions: three')],
    ['more replicas than fit', topic('replicas: 40000')],
    ['a wish for racks that is none', topic('racks: even')],
    ['a state that is none', topic('state: gone')],
    ['a setting beside config', topic('retention.ms: 1')],
    ['an unknown setting', config('retention.sm: 1')],
    ['a throttle', config('leader.replication.throttled.replicas: "*"')],
    ['a number below its range', config('min.insync.replicas: 0')],
    ['a number above its range', config('compression.gzip.level: 10')],
    ['a number beyond its type', config('segment.bytes: 3000000000')],
    ['text for a whole number', config('retention.ms: 7d')],
    ['a fraction above its range', config('min.cleanable.dirty.ratio: 1.5')],
    ['a choice that is none', config('compression.type: rar')],
    ['a policy that is none', config('cleanup.policy: [compact, keep]')],
    ['a switch that is none', config('preallocate: maybe')],
    ['defaults with a state', 'defaults: { state: absent }\ntopics: [a]'],
    ['a group without a pattern', 'groups: [{ replicas: 1 }]\ntopics: [a]'],
    ['a pattern that makes topics absent', 'environments: { p: { topics: { "a*": { state: absent } } } }\ntopics: [a]'],
    ['names of topics beside an environment’s topics', 'environments: { p: { a: {} } }\ntopics: [a]'],
  ])('refuses, as the reader does, %s', (_what, text) => {
    expect(isRead(text)).toBe(false);
    expect(validate(parse(text))).toBe(false);
  });

  test('completes every setting that a manifest may have, with its type and Kafka’s default', () => {
    const { properties } = JSON.parse(JSON.stringify(manifestJsonSchema())).$defs.config;
    const names = [...topicSettings.keys()].filter((name) => !throttleSettings.has(name));
    expect(Object.keys(properties)).toEqual(names);
    expect(names.length).toBeGreaterThan(25);
    expect(properties['retention.ms'].description).toBe('retention.ms: long, Kafka’s default 604800000');
  });
});

describe('the schema of plans', () => {
  const validate = ajv().compile(planJsonSchema());

  async function planned(): Promise<TopicPlan> {
    const cluster = new ModelCluster();
    cluster.add('a', 3, 2);
    cluster.add('b', 3, 1);
    cluster.add('c', 3, 2);
    cluster.add('d', 3, 2);
    const text = 'topics: [a:2, b:6:2, { name: c, config: { retention.ms: 1 } }, { name: d, state: absent }, e]';
    const manifest = parseManifest({ file: 'topics.yaml', text });
    const activeGroups = new Map([['d', []]]);
    return planTopics(manifest, await observeTopics(cluster, manifest), { allowDelete: true, activeGroups });
  }

  test('takes a plan with every kind of entry', async () => {
    const plan = await planned();
    const kinds = new Set(plan.entries.map(({ action }) => action));
    expect([...kinds].sort()).toEqual(['addPartitions', 'blocked', 'changeConfig', 'create', 'delete', 'reassign']);
    validate(JSON.parse(JSON.stringify(plan)));
    expect(validate.errors ?? []).toEqual([]);
  });

  test.each([
    ['of another version', { version: 2 }],
    ['without a cluster', { clusterId: '' }],
    ['with a hash that is none', { manifestHash: 'abc' }],
    ['with an entry of no kind that it knows', { entries: [{ action: 'shrink', topic: 'a' }] }],
    ['with a field that nobody reads', { force: true }],
  ])('refuses, as apply does, one %s', async (_what, change) => {
    const altered = { ...(await planned()), ...change };
    expect(validate(JSON.parse(JSON.stringify(altered)))).toBe(false);
    expect(() => parsePlan(JSON.stringify(altered), 'plan.json')).toThrow();
  });
});
