/** The JSON Schema beside the environments: fresh, true of what ships, and refusing what it can express. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { environmentJsonSchema } from '../../cluster/json-schema.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { change, faultsOf, smallEnvironment } from './environment-fixture.ts';

const folder = join(installationRoot(), 'environments');
const validate = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(environmentJsonSchema());
const add = (lines: string) => change({ 'topics: topics.yaml\n': `topics: topics.yaml\n${lines}` });

test('the committed schema is what the code makes: npm run generate -- schema', () => {
  expect(JSON.parse(readFileSync(join(folder, 'environment.schema.json'), 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(environmentJsonSchema())),
  );
});

test.each(['local', 'staging', 'production'])('%s fits the schema, and names it for editors', (name) => {
  const text = readFileSync(join(folder, `${name}.yaml`), 'utf8');
  validate(parse(text));
  expect(validate.errors ?? []).toEqual([]);
  expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/environment\.schema\.json\n/);
});

const kafka = (setting: string) => add(`kafka: { settings: { ${setting} } }\n`);

describe('the schema refuses, as the tool does,', () => {
  test.each([
    ['an unknown field', add('retierd: []\n')],
    ['a field that is missing', change({ 'topics: topics.yaml\n': '' })],
    ['an even number of masters', change({ 'masters:\n  count: 3': 'masters:\n  count: 4' })],
    ['no masters', change({ 'masters:\n  count: 3': 'masters:\n  count: 0' })],
    ['no workers', change({ 'workers:\n  count: 3': 'workers:\n  count: 0' })],
    ['a small volume', change({ 'volumeGiB: 5': 'volumeGiB: 0' })],
    ['an unknown target', change({ 'target: local': 'target: azure' })],
    ['a name with capitals', change({ 'name: small': 'name: Small' })],
    ['text for a number', change({ 'tolerate: 1': 'tolerate: one' })],
    ['no zone', change({ 'zones: [a, b, c]': 'zones: []' })],
    ['a retired node that is none', add('retired: [broker-1]\n')],
    ['an unknown listener', add('network: { ports: { kafka.plain: 1 } }\n')],
    ['a port that is none', add('network: { ports: { kafka.tls: 70000 } }\n')],
    ['an address that is none', add('network: { addresses: { worker-1: 127.0.0.256 } }\n')],
    ['an address of a node that is none', add('network: { addresses: { broker-1: 127.0.0.5 } }\n')],
    ['a block that is none', add('network: { subnet: 127.0.0.0 }\n')],
    ['a setting that the model owns', kafka('broker.id: 1')],
    ['one that begins like those', kafka('ssl.protocol: TLS')],
    ['one of ZooKeeper’s', add('zookeeper: { settings: { dataDir: /x } }\n')],
    ['an unknown setting', kafka('log.retention.hour: 1')],
    ['a password', kafka('delegation.token.master.key: x')],
    ['text for a whole number', kafka('log.retention.hours: soon')],
    ['a number below the range', kafka('num.partitions: 0')],
    ['a number beyond its type', kafka('socket.send.buffer.bytes: 3000000000')],
    ['a choice that is none', kafka('compression.type: rar')],
    ['a switch that is none', kafka('auto.create.topics.enable: maybe')],
    ['a service that is yet to come', add('api: {}\n')],
    ['a flag that is none', add('profile: { kafka: { jvmFlags: [-Da=b] } }\n')],
    ['an unknown field in the profile', add('profile: { kafka: { heap: 5 } }\n')],
  ])('%s', (_what, text) => {
    expect(faultsOf(text)).not.toEqual([]);
    expect(validate(parse(text))).toBe(false);
  });
});

describe('the schema takes, as the tool does,', () => {
  test.each([
    ['the small environment', smallEnvironment],
    ['a number in quotes', kafka('log.retention.hours: "72"')],
    ['a long in quotes', kafka('log.flush.interval.messages: "9223372036854775807"')],
    ['a switch', kafka('auto.create.topics.enable: true')],
    ['numbers of its own', change({ 'workers:\n  count: 3': 'workers:\n  ids: [1, 2, 6]' })],
    ['moved ports and addresses', add('network: { ports: { kafka.tls: 9443 }, addresses: { worker-1: 127.9.9.9 } }\n')],
  ])('%s', (_what, text) => {
    expect(faultsOf(text)).toEqual([]);
    validate(parse(text));
    expect(validate.errors ?? []).toEqual([]);
  });
});

test('a setting is completed with its type, its range and its default', () => {
  const schema = JSON.parse(JSON.stringify(environmentJsonSchema()));
  expect(schema.properties.kafka.properties.settings.properties['log.retention.hours']).toMatchObject({
    description: 'Kafka 3.9: log.retention.hours, int, default 168',
  });
  expect(schema.properties.zookeeper.properties.settings.properties['autopurge.snapRetainCount']).toMatchObject({
    minimum: 3,
  });
  expect(Object.keys(schema.properties.kafka.properties.settings.properties).length).toBeGreaterThan(150);
});
