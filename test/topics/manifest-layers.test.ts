/** Manifests of several layers: defaults, groups, environments and included files, who wins, and every fault between them with its places. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DocumentError } from '../../documents/fault.ts';
import { loadManifest } from '../../topics/manifest/load-manifest.ts';
import { type ManifestPolicy, parseManifest } from '../../topics/manifest/manifest.ts';

type Files = Readonly<Record<string, string>>;

/** The first file is the manifest; the others are there to be included. */
function parse(files: Files, policy: ManifestPolicy = {}) {
  const [[file, text] = ['', '']] = Object.entries(files);
  return parseManifest({ file, text }, policy, new Map(Object.entries(files)));
}

function short(files: Files, policy?: ManifestPolicy): readonly string[] {
  return parse(files, policy).topics.map(({ name, partitions, replicas }) => `${name}:${partitions}:${replicas}`);
}

function faultsOf(files: Files, policy?: ManifestPolicy): readonly string[] {
  try {
    parse(files, policy);
  } catch (error) {
    if (error instanceof DocumentError && error.code === 'MANIFEST_INVALID') return error.evidence;
    throw error;
  }
  throw new Error('no fault was found');
}

const layered = `
defaults: { partitions: 1, replicas: 1, config: { segment.ms: 1, retention.ms: 1 } }
groups:
  - { match: 'monitoring.*', partitions: 2, config: { retention.ms: 2, max.message.bytes: 2 } }
  - { match: ['*.pms', '*.mppt'], config: { max.message.bytes: 3 } }
environments:
  production:
    defaults: { replicas: 3, partitions: 9, config: { segment.ms: 9 } }
    topics:
      monitoring.*: { replicas: 4, config: { retention.ms: 11 } }
      monitoring.pms: { partitions: 12, config: { retention.ms: 12 } }
topics:
  - monitoring.pms
  - { name: monitoring.mppt, partitions: 5, config: { max.message.bytes: 5 } }
  - other
`;

describe('who wins', () => {
  test('the entry beats its groups, a later group an earlier one, and groups the defaults', () => {
    expect(parse({ 'a.yaml': layered }).topics).toEqual([
      {
        name: 'monitoring.pms',
        partitions: 2,
        replicas: 1,
        racks: 'any',
        config: { 'segment.ms': '1', 'retention.ms': '2', 'max.message.bytes': '3' },
      },
      {
        name: 'monitoring.mppt',
        partitions: 5,
        replicas: 1,
        racks: 'any',
        config: { 'segment.ms': '1', 'retention.ms': '2', 'max.message.bytes': '5' },
      },
      { name: 'other', partitions: 1, replicas: 1, racks: 'any', config: { 'segment.ms': '1', 'retention.ms': '1' } },
    ]);
  });

  test('the environment that is named beats everything with its topics, and the defaults alone with its defaults', () => {
    expect(short({ 'a.yaml': layered }, { environment: 'production' })).toEqual([
      'monitoring.pms:12:4',
      'monitoring.mppt:5:4',
      'other:9:3',
    ]);
    expect(parse({ 'a.yaml': layered }, { environment: 'production' }).topics[0]?.config).toEqual({
      'segment.ms': '9',
      'retention.ms': '12',
      'max.message.bytes': '3',
    });
    expect(short({ 'a.yaml': layered }, { environment: 'staging' })).toEqual(short({ 'a.yaml': layered }));
  });

  test('racks are spread over only where a person asks for it', () => {
    const text = `groups: [{ match: 'a*', racks: spread }]\ntopics: [a1, { name: a2, racks: any }, b]`;
    expect(parse({ 'a.yaml': text }).topics.map(({ racks }) => racks)).toEqual(['spread', 'any', 'any']);
  });

  test('environments give plans of their own, by the manifest’s hash', () => {
    const hash = (environment: string) => parse({ 'a.yaml': layered }, { environment }).hash;
    expect(hash('production')).not.toBe(hash('staging'));
    expect(hash('staging')).toBe(hash('local'));
  });
});

describe('included files', () => {
  const root = `include: [teams/b.yaml, ./c.yaml]
defaults: { partitions: 7, replicas: 1 }
groups: [{ match: '*.x', config: { retention.ms: 1 } }]
environments: { production: { defaults: { replicas: 3 }, topics: { b.x: { partitions: 8 } } } }
topics: [a.x]`;
  const files = {
    'm/a.yaml': root,
    'm/teams/b.yaml': `defaults: { partitions: 2, replicas: 2 }
groups: [{ match: '*', config: { retention.ms: 2 } }]
environments: { production: { topics: { b.x: { partitions: 5, replicas: 1 } } } }
topics: [b.x]`,
    'm/c.yaml': 'topics: [c.x]',
  };

  test('come before the topics of the file that includes them, and stand beside it', () => {
    expect(short(files)).toEqual(['b.x:2:2', 'c.x:7:1', 'a.x:7:1']);
  });

  test('have their own defaults and groups over the includer’s, which have no say elsewhere', () => {
    expect(parse(files).topics.map(({ config }) => config['retention.ms'])).toEqual(['2', '1', '1']);
  });

  test('obey the environments of both files, the includer’s over their own', () => {
    expect(short(files, { environment: 'production' })).toEqual(['b.x:8:1', 'c.x:7:3', 'a.x:7:3']);
  });

  test('are read from the disk, from the including file’s folder on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ensemble-manifest-'));
    try {
      await writeFile(join(folder, 'a.yaml'), 'include: [b.yaml, nowhere.yaml]\ntopics: [a]');
      await writeFile(join(folder, 'b.yaml'), 'topics: [b]');
      await expect(loadManifest(join(folder, 'a.yaml'))).rejects.toMatchObject({
        evidence: [expect.stringMatching(/a\.yaml:1:19: include\[1\]: .*none at .*nowhere\.yaml/)],
      });
      await writeFile(join(folder, 'a.yaml'), 'include: [b.yaml]\ntopics: [a]');
      expect((await loadManifest(join(folder, 'a.yaml'))).topics.map(({ name }) => name)).toEqual(['b', 'a']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a topic that is to be absent', () => {
  test('is no declared topic, and needs no counts that fit', () => {
    const manifest = parse({ 'a.yaml': 'topics: [{ name: old, state: absent, replicas: 9 }, a]' }, { brokers: 3 });
    expect(manifest.absent).toEqual(['old']);
    expect(manifest.topics.map(({ name }) => name)).toEqual(['a']);
  });

  test('may be so in one environment, and changes the hash', () => {
    const files = { 'a.yaml': 'environments: { staging: { topics: { a: { state: absent } } } }\ntopics: [a]' };
    expect(parse(files, { environment: 'staging' }).absent).toEqual(['a']);
    expect(parse(files, { environment: 'production' }).absent).toEqual([]);
    expect(parse(files, { environment: 'staging' }).hash).not.toBe(parse(files).hash);
  });
});

describe('a fault is found with its places:', () => {
  const cases: readonly [string, Files, string, ManifestPolicy?][] = [
    [
      'a file that is not there',
      { 'a.yaml': 'include: [b.yaml]' },
      'a.yaml:1:11: include[0]: expected a file that is there, found none at b.yaml',
    ],
    [
      'a file that includes itself',
      { 'a.yaml': 'include: [./a.yaml]' },
      'a.yaml:1:11: include[0]: expected files that do not include each other in a circle, found the file itself',
    ],
    [
      'a circle, with both places',
      { 'm/a.yaml': 'include: [b.yaml]\ntopics: [a]', 'm/b.yaml': 'topics: [b]\ninclude:\n  - ../m/a.yaml' },
      'm/b.yaml:3:5: include[0]: expected files that do not include each other in a circle, found m/a.yaml, which leads here from m/a.yaml:1:11',
    ],
    [
      'a file that is included by two',
      {
        'a.yaml': 'include: [b.yaml, c.yaml]',
        'b.yaml': 'include: [d.yaml]',
        'c.yaml': 'include: [d.yaml]',
        'd.yaml': 'topics: [d]',
      },
      'c.yaml:1:11: include[0]: expected each file once, found d.yaml again',
    ],
    [
      'a topic of two files, with both places',
      { 'a.yaml': 'include: [b.yaml]\ntopics: [x]', 'b.yaml': 'topics:\n  - x' },
      'a.yaml:2:10: topics[0]: expected each topic once, found "x" again, after b.yaml:2:5',
    ],
    [
      'a fault in an included file, under its own name',
      { 'a.yaml': 'include: [b.yaml]', 'b.yaml': 'topics: ["x y"]' },
      'b.yaml:1:10: topics[0]: expected a name',
    ],
    [
      'a manifest of nothing',
      { 'a.yaml': 'defaults: { partitions: 1 }' },
      'expected a list of topics, found nothing; add it',
    ],
    [
      'a group that matches nothing',
      { 'a.yaml': 'groups: [{ match: "b*" }]\ntopics: [a]' },
      'a.yaml:1:10: groups[0]: expected the name or pattern of a topic',
    ],
    [
      'a group without a pattern',
      { 'a.yaml': 'groups: [{ partitions: 1 }]\ntopics: [a]' },
      'groups[0].match: expected a pattern of names such as "monitoring.*", or a list of them, found nothing; add it',
    ],
    [
      'a group that would make topics absent',
      { 'a.yaml': 'groups: [{ match: a, state: absent }]\ntopics: [a]' },
      'groups[0].state: expected one of match, partitions, replicas, racks, config, found the unknown field "state"',
    ],
    [
      'an override by pattern that would make topics absent',
      { 'a.yaml': 'environments: { p: { topics: { "*": { state: absent } } } }\ntopics: [a]' },
      'environments.p.topics.*.state: expected one of',
    ],
    [
      'an override of a topic that is not there, in an environment that is not the chosen one',
      { 'a.yaml': 'environments: { p: { topics: { monitoring.pmx: { partitions: 1 } } } }\ntopics: [monitoring.pms]' },
      'a.yaml:1:32: environments.p.topics.monitoring.pmx: expected the name or pattern of a topic',
    ],
    [
      'a topic beside `topics` in an environment',
      { 'a.yaml': 'environments: { p: { a: { partitions: 1 } } }\ntopics: [a]' },
      'names of topics stand under topics',
    ],
    [
      'a setting out of its range in an environment that is not the chosen one',
      { 'a.yaml': 'environments: { p: { topics: { a: { config: { retention.ms: -2 } } } } }\ntopics: [a]' },
      'environments.p.topics.a.config.retention.ms: expected',
    ],
    [
      'racks that are neither',
      { 'a.yaml': 'topics: [{ name: a, racks: some }]' },
      'topics[0].racks: expected any or spread, found the text "some"',
    ],
    [
      'a state that is neither',
      { 'a.yaml': 'topics: [{ name: a, state: gone }]' },
      'topics[0].state: expected present or absent, found the text "gone"',
    ],
    [
      'too many replicas of an environment, where they are said',
      { 'a.yaml': 'environments: { p: { topics: { a: { replicas: 4 } } } }\ntopics: [a]' },
      'a.yaml:1:37: environments.p.topics.a.replicas: expected at most 3 replicas',
      { environment: 'p', brokers: 3 },
    ],
    [
      'too many replicas of the defaults, at the topic that has them',
      { 'a.yaml': 'defaults: { replicas: 4 }\ntopics: [a]' },
      'a.yaml:2:10: topics[0]: expected at most 3 replicas',
      { brokers: 3 },
    ],
  ];
  test.each(cases)('%s', (_what, files, expected, policy) => {
    const faults = faultsOf(files, policy);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(expected);
  });
});

test('the faults of all files are reported at once, file by file', () => {
  const faults = faultsOf({
    'a.yaml': 'include: [b.yaml]\ntopics: ["x y"]',
    'b.yaml': 'topics:\n  - y:0\n  - { name: z, nope: 1 }',
  });
  expect(faults.map((line) => line.split(':').slice(0, 2).join(':'))).toEqual(['a.yaml:2', 'b.yaml:2', 'b.yaml:3']);
});
