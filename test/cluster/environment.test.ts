/** Each refusal as a person sees it: `file:line:column: path: expected …, found …; next step`. Line numbers are those of environment-fixture.ts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { environmentSchema } from '../../cluster/environment.ts';
import { loadEnvironment } from '../../cluster/load.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { change, faultsOf, smallEnvironment } from './environment-fixture.ts';

const masters = 'masters:\n  count: 3';
const workers = 'workers:\n  count: 3';
const topics = 'topics: topics.yaml\n';
const local = 'target: local\n';
const add = (lines: string) => change({ [topics]: `${topics}${lines}` });

test('the environment that these tests change is valid', () => {
  expect(faultsOf(smallEnvironment)).toEqual([]);
});

test.each(['local', 'staging', 'production'])('the shipped environment %s is valid', async (name) => {
  const environment = await loadEnvironment(name, `${installationRoot()}/environments`);
  expect(environment.cluster.environment).toBe(name);
});

const refusals: Readonly<Record<string, readonly (readonly [what: string, text: string, fault: string])[]>> = {
  masters: [
    [
      'an even number',
      change({ [masters]: 'masters:\n  count: 4' }),
      '6:3: masters.count: expected an odd number of masters (4 tolerate 1 failure, no more than 3 do), found 4; write 3 or 5',
    ],
    [
      'none',
      change({ [masters]: 'masters:\n  count: 0' }),
      '6:3: masters.count: expected at least one master, found 0; three tolerate one failure',
    ],
    [
      'too many',
      change({ [masters]: 'masters:\n  count: 11' }),
      '6:3: masters.count: expected at most 9 masters (each write waits for a majority of them), found 11; write 3 or 5',
    ],
    [
      'brokers on them',
      change({ [masters]: `${masters}\n  runs: [zookeeper, kafka]` }),
      '7:21: masters.runs[1]: expected zookeeper alone (masters run ZooKeeper alone: a broker beside it would compete for the disk that the quorum waits on at each write), found the service kafka; leave runs out, or write [zookeeper]',
    ],
    [
      'no ZooKeeper',
      change({ [masters]: `${masters}\n  runs: []` }),
      '7:3: masters.runs: expected zookeeper among the services of masters, found []; leave runs out',
    ],
    [
      'a service that is none',
      change({ [masters]: `${masters}\n  runs: [zookeeper, nats]` }),
      '7:21: masters.runs[1]: expected one of zookeeper, kafka, mongodb, messaging-api, auth, push-server, haproxy, found the service "nats"; leave runs out, or write [zookeeper]',
    ],
    [
      'neither count nor ids',
      change({ 'masters:\n  count: 3\n': 'masters:\n' }),
      '5:1: masters.count: expected how many masters there are, found nothing; add count, or ids',
    ],
    [
      'a number beyond ZooKeeper’s',
      change({ [masters]: 'masters:\n  ids: [1, 2, 255]', [topics]: `${topics}network: { subnet: 127.0.0.0/16 }\n` }),
      '6:15: masters.ids[2]: expected a number up to 254 (ZooKeeper’s myid), found 255; choose a smaller number',
    ],
    [
      'count against ids',
      change({ [masters]: 'masters:\n  count: 3\n  ids: [1]' }),
      '7:3: masters.ids: expected 3 numbers, as count says, found 1; make the two agree, or leave count out',
    ],
  ],
  workers: [
    [
      'more replicas than workers',
      change({ 'tolerate: 1': 'tolerate: 3' }),
      '4:1: tolerate: expected no more replicas than workers, found 4 replicas (tolerate 3 + 1) on 3 workers; write tolerate: 2 at most, or add workers',
    ],
    [
      'a replication factor beyond them',
      add('kafka:\n  settings:\n    default.replication.factor: 4\n'),
      '16:5: kafka.settings.default.replication.factor: expected no more replicas than workers (3), found 4; write 3 at most, or add workers',
    ],
    [
      'more in sync than replicas',
      add('kafka:\n  settings:\n    min.insync.replicas: 3\n'),
      '16:5: kafka.settings.min.insync.replicas: expected no more than the replicas that there are (default.replication.factor), found 3 in sync of 2 replicas; write 2 at most, or raise default.replication.factor',
    ],
    [
      'transactions that could never be written',
      add('kafka:\n  settings:\n    transaction.state.log.replication.factor: 1\n'),
      '16:5: kafka.settings.transaction.state.log.replication.factor: expected no fewer replicas than must be in sync (transaction.state.log.min.isr: 2), found 1; write 2 at least, or set transaction.state.log.min.isr too',
    ],
    [
      'none',
      change({ [workers]: 'workers:\n  count: 0' }),
      '10:3: workers.count: expected at least one worker, found 0; three, with tolerate: 1, are the platform’s default',
    ],
    [
      'ZooKeeper on them',
      change({ [workers]: `${workers}\n  runs: [kafka, zookeeper]` }),
      '11:17: workers.runs[1]: expected kafka alone (workers run Kafka alone: a quorum that shares a machine with a broker fails together with it), found the service zookeeper; leave runs out, or write [kafka]',
    ],
    [
      'a small volume',
      change({ 'volumeGiB: 5': 'volumeGiB: 0' }),
      '12:3: workers.volumeGiB: expected a volume of at least 1 GiB (Kafka and ZooKeeper reserve whole log segments), found 0; give it 1 or more',
    ],
    [
      'a volume beyond any disk',
      change({ 'volumeGiB: 5': 'volumeGiB: 20000' }),
      '12:3: workers.volumeGiB: expected a volume of at most 16,384 GiB, the largest gp3 volume there is, found 20000; use several volumes',
    ],
    [
      'an unknown machine type',
      change({ '{ memoryMiB: 4096, cpus: 2 }': 't3.smal' }),
      '11:3: workers.machine: expected a machine type that is known here (t3.small, t3.medium, m6i.large, m6i.xlarge ...), found "t3.smal"; did you mean t3.small? Or write its size: { memoryMiB, cpus }',
    ],
    [
      'a machine’s size with a slip in it',
      change({ '{ memoryMiB: 4096, cpus: 2 }': '{ memoryMiB: 4096, cpu: 2, cpus: 2 }' }),
      '11:31: workers.machine.cpu: expected one of memoryMiB, cpus, found the unknown field "cpu"; did you mean "cpus"?',
    ],
    [
      'a size beyond all measure',
      change({ [workers]: 'workers:\n  count: 4000000000' }),
      '10:3: workers.count: expected at most 10000 nodes in a group, found 4000000000; write fewer',
    ],
    [
      'a number twice',
      change({ [workers]: 'workers:\n  ids: [1, 2, 2, 3]' }),
      '10:3: workers.ids: expected each number once, found 2 twice; remove one of the two',
    ],
  ],
  settings: [
    [
      'that the model owns',
      add('kafka:\n  settings:\n    broker.id: 4\n'),
      '16:5: kafka.settings.broker.id: expected that broker.id be left to the model, which owns it (it is the node’s own number, and a broker that starts under another one loses its replicas), found 4; remove it',
    ],
    [
      'that begin as those that the model owns',
      add('kafka:\n  settings:\n    ssl.endpoint.identification.algorithm: https\n'),
      '16:5: kafka.settings.ssl.endpoint.identification.algorithm: expected that ssl.endpoint.identification.algorithm be left to the model, which owns it (listeners, their certificates and addresses come from the model), found the text "https"; remove it',
    ],
    [
      'of ZooKeeper’s that the model owns',
      add('zookeeper:\n  settings:\n    server.1: x:1:2\n'),
      '16:5: zookeeper.settings.server.1: expected that server.1 be left to the model, which owns it (it follows from the list of masters), found the text "x:1:2"; remove it',
    ],
    [
      'with a slip in the name',
      add('kafka:\n  settings:\n    log.retention.hour: 4\n'),
      '16:5: kafka.settings.log.retention.hour: expected a setting that Kafka 3.9 knows, found 4; did you mean "log.retention.hours"?',
    ],
    [
      'that nobody knows',
      add('zookeeper:\n  settings:\n    something.else.altogether: 4\n'),
      '16:5: zookeeper.settings.something.else.altogether: expected a setting that ZooKeeper 3.8 knows, found 4; look the name up in its manual',
    ],
    [
      'of another type',
      add('kafka:\n  settings:\n    log.retention.hours: soon\n'),
      '16:5: kafka.settings.log.retention.hours: expected a whole number of 32 bits for log.retention.hours, found the text "soon"; write a whole number of 32 bits instead of the text "soon"',
    ],
    [
      'beyond their range',
      add('zookeeper:\n  settings:\n    autopurge.snapRetainCount: 2\n'),
      '16:5: zookeeper.settings.autopurge.snapRetainCount: expected a whole number of 32 bits from 3 for autopurge.snapRetainCount, found 2; write a whole number of 32 bits from 3 instead of 2',
    ],
    [
      'beyond what their type holds',
      add('kafka:\n  settings:\n    socket.send.buffer.bytes: 3000000000\n'),
      '16:5: kafka.settings.socket.send.buffer.bytes: expected a whole number of 32 bits for socket.send.buffer.bytes, found 3000000000; write a whole number of 32 bits instead of 3000000000',
    ],
    [
      'beyond what YAML reads exactly',
      add('kafka:\n  settings:\n    log.flush.interval.messages: 9223372036854775807\n'),
      '16:5: kafka.settings.log.flush.interval.messages: expected a whole number from 1 for log.flush.interval.messages, exactly, found 9223372036854776000; put the number in quotes',
    ],
    [
      'among choices',
      add('kafka:\n  settings:\n    compression.type: rar\n'),
      '16:5: kafka.settings.compression.type: expected uncompressed, zstd, lz4, snappy, gzip or producer for compression.type, found the text "rar"; write uncompressed, zstd, lz4, snappy, gzip or producer instead of the text "rar"',
    ],
    [
      'that are passwords',
      add('kafka:\n  settings:\n    delegation.token.master.key: x\n'),
      '16:5: kafka.settings.delegation.token.master.key: expected no secret in this file, which is kept under version control, found the text "x"; remove delegation.token.master.key',
    ],
    [
      'in a form that no setting has',
      add('kafka:\n  settings:\n    log.retention.hours: [1]\n'),
      '16:5: kafka.settings.log.retention.hours: expected text, a number or true or false, found a list of 1; change it',
    ],
  ],
  targets: [
    [
      'a profile in a cloud',
      change({ [local]: 'target: gcp\nregion: x\n', [topics]: `${topics}profile: { kafka: { heapMiB: 512 } }\n` }),
      '15:1: profile: expected no profile, found a profile for target gcp; remove it: what a laptop may leave out, a deployment may not',
    ],
    [
      'a region on this machine',
      change({ [local]: `${local}region: eu-west-1\n` }),
      '3:1: region: expected no region for target local, found the region eu-west-1; remove it, or name a cloud as the target',
    ],
    [
      'no region in a cloud',
      change({ [local]: 'target: gcp\n' }),
      '1:1: region: expected the region of gcp to build in, found nothing; add it, such as region: eu-west-1',
    ],
    [
      'one that is none',
      change({ [local]: 'target: azure\n' }),
      '2:1: target: expected local, aws, gcp or kubernetes, found the text "azure"; change it',
    ],
  ],
  fields: [
    [
      'a name with capitals',
      change({ 'name: small': 'name: Small' }),
      '1:1: name: expected a name of lower-case letters, digits and single hyphens, found the text "Small"; change it',
    ],
    [
      'a name that is a folder of our own',
      change({ 'name: small': 'name: archives' }),
      '1:1: name: expected a name of its own, found archives, which is a folder of Ensemble’s own beside the state; choose another',
    ],
    ['one that is missing', change({ [topics]: '' }), '1:1: topics: expected text, found nothing; add it'],
    [
      'a slip of the hand',
      add('retierd: []\n'),
      `14:1: retierd: expected one of ${Object.keys(environmentSchema.shape).join(', ')}, found the unknown field "retierd"; did you mean "retired"?`,
    ],
    [
      'one whose service is yet to come',
      add('routing: {}\n'),
      '14:1: routing: expected no routing yet: this version has no service behind it, found a mapping; remove it',
    ],
    ['another back end', add('broker: nats\n'), '14:1: broker: expected kafka, found the text "nats"; change it'],
    [
      'a flag that is no flag',
      add('profile: { kafka: { jvmFlags: [-Dkey=value] } }\n'),
      '14:32: profile.kafka.jvmFlags[0]: expected a flag in the form -XX:Name=value, found the text "-Dkey=value"; change it',
    ],
  ],
};

describe.each(Object.entries(refusals))('%s are refused', (_part, cases) => {
  test.each(cases)('%s', (_what, text, fault) => {
    expect(faultsOf(text)).toEqual([`e.yaml:${fault}`]);
  });
});

test('all faults of a file are said together, in its order, a bad field hiding none beside it', () => {
  const text = change({
    'name: small': 'name: Small',
    [masters]: 'masters:\n  count: 4',
    'volumeGiB: 2': 'volumeGiB: 0',
    [workers]: 'workers:\n  count: 3\n  volumse: 2',
    [topics]: `${topics}retired: [worker-2]\nkafka:\n  settings:\n    min.insync.replicas: 5\n    broker.id: 1\n`,
  });
  expect(faultsOf(text).map((line) => line.split(': expected')[0])).toEqual([
    'e.yaml:1:1: name',
    'e.yaml:6:3: masters.count',
    'e.yaml:8:3: masters.volumeGiB',
    'e.yaml:11:3: workers.volumse',
    'e.yaml:15:11: retired[0]',
    'e.yaml:18:5: kafka.settings.min.insync.replicas',
    'e.yaml:19:5: kafka.settings.broker.id',
  ]);
});

test('a bad size is said once, and nothing is concluded from it', () => {
  const text = change({
    [workers]: 'workers:\n  count: three',
    [topics]: `${topics}network: { addresses: { worker-1: 127.0.0.9 } }\n`,
  });
  expect(faultsOf(text)).toEqual(['e.yaml:10:3: workers.count: expected a number, found the text "three"; change it']);
});

test('a number in quotes keeps every digit', () => {
  expect(faultsOf(add('kafka:\n  settings:\n    log.flush.interval.messages: "9223372036854775807"\n'))).toEqual([]);
  expect(faultsOf(add('kafka:\n  settings:\n    log.flush.interval.messages: "9223372036854775808"\n'))).toHaveLength(
    1,
  );
  expect(faultsOf(add('kafka:\n  settings:\n    log.retention.hours: "0x10"\n'))).toHaveLength(1);
});

test('any values in place of the fields give faults or an environment, never an exception', () => {
  const fields = Object.keys(environmentSchema.shape);
  const group = fc.dictionary(
    fc.constantFrom('count', 'ids', 'machine', 'volumeGiB', 'volumes', 'runs'),
    fc.jsonValue(),
  );
  const anything = fc.dictionary(
    fc.constantFrom(...fields),
    fc.oneof(fc.jsonValue(), group, fc.integer({ min: -2, max: 300 })),
  );
  fc.assert(
    fc.property(anything, (value) => {
      for (const fault of faultsOf(JSON.stringify(value)))
        expect(fault).toMatch(/^e\.yaml:1:\d+: .*expected .+, found .+; .+/s);
    }),
    { numRuns: 500 },
  );
});
