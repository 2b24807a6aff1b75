/** docs/topics.md: its manifests and properties files are read, its sums come out, and its table of what is blocked is what a plan says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseClientProperties } from '../../clients/kafka/client-properties.ts';
import { DocumentError, formatFault } from '../../documents/fault.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { advise } from '../../topics/advise/advise.ts';
import { formatAdvice } from '../../topics/advise/advise-format.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { type Blocked, blockedOf, type PlanOptions, planTopics } from '../../topics/plan/plan.ts';
import { planJsonSchema } from '../../topics/plan/plan-schema.ts';
import type { ObservedTopic, TopicsState } from '../../topics/plan/state.ts';

const guide = readFileSync(join(installationRoot(), 'docs', 'topics.md'), 'utf8');
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);
const isManifest = (text: string) => ['topics', 'include', 'groups'].some((key) => key in parse(text));
const manifests = blocks('yaml').filter(isManifest);
function faultsOf(text: string): readonly string[] {
  try {
    parseManifest({ file: 'topics.yaml', text });
    return [];
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.faults.map(formatFault);
  }
}

const included = new Map([['teams/metering.yaml', 'topics: [metering.readings]']]);

describe('the manifests of the guide', () => {
  it('are all there, beside the examples for CI', () => {
    expect(manifests.length).toBe(4);
    expect(blocks('yaml').length).toBe(6);
    expect(faultsOf('topics: ["a:b"]')).toHaveLength(1);
  });

  it.each(manifests.map((text, index) => [index + 1, text] as const))('number %i is read', (_number, text) => {
    const manifest = parseManifest({ file: 'topics.yaml', text }, { environment: 'production', brokers: 3 }, included);
    expect(manifest.topics.length + manifest.absent.length).toBeGreaterThan(0);
  });

  it('give the counts that the guide says', () => {
    const read = (environment: string) => {
      const { topics } = parseManifest({ file: 'topics.yaml', text: manifests[0] ?? '' }, { environment });
      return Object.fromEntries(topics.map(({ name, partitions, replicas }) => [name, `${partitions}:${replicas}`]));
    };
    expect(read('local')).toMatchObject({ 'monitoring.pms': '3:2', 'system.feature': '3:2', 'monitoring.mppt': '6:2' });
    expect(read('production')).toMatchObject({ 'monitoring.pms': '12:2', 'system.feature': '3:3' });
  });

  it('show a fault as the tool says it', () => {
    const text = 'topics:\n  - a\n  - c\n  - d\n  - name: b\n    config: {retention.msx: 1}\n';
    const [shown = 'none'] = /^ {4}(topics\.yaml:6:14: .*)$/m.exec(guide)?.slice(1) ?? [];
    expect(faultsOf(text)).toEqual([shown]);
  });
});

describe('the properties files of the guide', () => {
  it('are understood', () => {
    const [tls, scram, librdkafka] = blocks('properties').map((text) =>
      parseClientProperties('/a/client.properties', text),
    );
    expect(tls).toMatchObject({
      tls: { authorityFile: '/a/ca.pem', certificateFile: '/a/operator-key-and-chain.pem' },
    });
    expect(scram).toMatchObject({ sasl: { mechanism: 'scram-sha-512', username: 'topics', password: 'secret' } });
    expect(librdkafka).toMatchObject({
      sasl: scram?.sasl,
      tls: { authorityFile: '/a/ca.pem' },
      bootstrap: ['kafka-1:9094'],
    });
    expect(blocks('properties').length).toBe(3);
  });
});

describe('the sums of the guide', () => {
  it('are those of the advice', () => {
    const advice = advise({
      topic: 'monitoring.mppt',
      partitions: 3,
      produced: { peakPerSecond: 400, partitionPeakPerSecond: 200, stretchMs: 900_000, historyMs: 86_400_000 },
      bytesPerRecord: 29.186,
      windowMs: 30_000,
      groups: [{ group: 'group.monitoring.mppt', members: 3, consumedPerSecond: 100, keptUp: true }],
      keys: { records: 20_001, keyed: 20_001, distinct: 40, seenOnce: 0, seenTwice: 0, hottest: 501, complete: false },
      gaps: [],
    });
    const shown = /^ {4}monitoring\.mppt: 3 -> 6[\s\S]*?(?=\n\n)/m.exec(guide)?.[0].replace(/^ {4}/gm, '') ?? 'none';
    expect(formatAdvice([advice])).toContain(shown);
  });
});

describe('the guide’s table of what is blocked', () => {
  const [, section = ''] = /^## What is blocked.*?\n[\s\S]*?^\|---.*?\n([\s\S]*?)^$/m.exec(guide) ?? [];
  const rows = new Map(
    [...section.matchAll(/^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \|$/gm)].map(
      ([, because = '', reason = '', next = '']) => [because, { reason, next }],
    ),
  );

  const topic = (name: string, partitions: number, more: Partial<ObservedTopic> = {}): ObservedTopic => ({
    name,
    internal: false,
    partitions: Array.from({ length: partitions }, (_, partition) => ({
      partition,
      leader: 1,
      replicas: [1, 2],
      inSync: [1, 2],
      offline: [],
      fault: undefined,
    })),
    config: {},
    fault: undefined,
    ...more,
  });
  const brokers = (...ids: readonly number[]) => ids.map((id) => ({ id, host: 'kafka', port: 9092, rack: undefined }));
  const plain: TopicsState = {
    clusterId: 'c',
    brokers: brokers(1, 2, 3),
    down: [],
    topics: [],
    others: [],
    minInSyncReplicas: 1,
    moving: [],
    movingFault: undefined,
  };

  function blocked(text: string, state: Partial<TopicsState>, options: PlanOptions = {}): readonly Blocked[] {
    return blockedOf(planTopics(parseManifest({ file: 'topics.yaml', text }), { ...plain, ...state }, options));
  }

  const absent = 'topics: [{ name: a, state: absent }]';
  const seen = { topics: [topic('a', 3)] };
  const unreadable = {
    code: 29,
    name: 'TOPIC_AUTHORIZATION_FAILED',
    retriable: false,
    message: 'Topic authorization failed.',
  };
  const cases = [
    blocked('topics: [a:3]', { topics: [topic('a', 6)] }),
    blocked('topics: [a:3:3]', { brokers: brokers(1, 2), down: [3] }),
    blocked('topics: [{ name: a, replicas: 1 }]', { minInSyncReplicas: 2 }),
    blocked('topics: [system_audit]', { others: ['system.audit'] }),
    blocked(absent, { topics: [topic('a', 3, { internal: true })] }),
    blocked('topics: [a]', { topics: [topic('a', 3, { fault: unreadable })] }),
    blocked('topics: [a:1:2]', {
      topics: [topic('a', 1)],
      moving: [{ topic: 'a', partition: 0, replicas: [1, 2, 3], adding: [3], removing: [] }],
    }),
    blocked(absent, seen),
    blocked(absent, seen, { allowDelete: true }),
    blocked(absent, seen, { allowDelete: true, activeGroups: new Map([['a', ['group.audit']]]) }),
  ].flat();

  it('has every reason that a plan can give', () => {
    const entry = JSON.parse(JSON.stringify(planJsonSchema())).properties.entries.items;
    const kinds: readonly { properties: { because?: { enum?: readonly string[] } } }[] = entry.oneOf ?? entry.anyOf;
    const known = kinds
      .flatMap(({ properties }) => properties.because?.enum ?? [])
      .filter((name) => !['replicas', 'racks', 'leaving'].includes(name));
    expect([...rows.keys()].sort()).toEqual([...known].sort());
    expect(cases.map(({ because }) => because).sort()).toEqual([...known].sort());
  });

  it.each(cases)('says of $because what a plan says', ({ because, reason, next }) => {
    expect(rows.get(because)).toEqual({ reason, next });
  });
});
