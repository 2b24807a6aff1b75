/**
 * What runs on a laptop is what ships: one environment rendered for every target differs in addresses, ports, paths and sizes, and in no other line.
 * Sizes are those that the issue names: heap, start-up flags of the JVM, partitions of internal topics, the first rebalance's delay.
 */
import { describe, expect, test } from 'vitest';
import { type Addressing, localAddressing, namedAddressing } from '../../cluster/addressing.ts';
import type { Cluster } from '../../cluster/model.ts';
import { change, clusterOf, inAws } from './environment-fixture.ts';
import { filesByService } from './rendering.ts';

const profile = `profile:
  zookeeper: { heapMiB: 96, jvmFlags: [-XX:+UseSerialGC, -XX:TieredStopAtLevel=1] }
  kafka: { heapMiB: 320, jvmFlags: [-XX:+UseSerialGC], internalTopicPartitions: 3, initialRebalanceDelayMs: 0 }
`;
const settings =
  'kafka: { settings: { log.retention.hours: 72 } }\nzookeeper: { settings: { maxClientCnxns: 100 } }\nretired: [worker-4]\n';
const machine = '{ memoryMiB: 2048, cpus: 2 }';
/** Every system, on nodes of its own. */
const platform = change({
  'topics: topics.yaml\n': `metadata: { count: 3, machine: ${machine}, volumeGiB: 2 }
api:
  count: 2
  machine: ${machine}
  projects: { monitoring: { topics: { pms: { kafka: monitoring.pms, publishers: [collector] } } } }
  users: { collector: { email: c@example.org, projects: { monitoring: [publisher] } } }
push: { count: 2, machine: ${machine} }
balancer: { count: 2, machine: ${machine} }
${settings}topics: topics.yaml
`,
});
/** The same zones everywhere: brokers name them as racks. */
const on = (target: string, more = '') =>
  clusterOf(
    change(
      { 'target: local\n': `target: ${target}\n${more}`, '[a, b, c]': '[eu-west-1a, eu-west-1b, eu-west-1c]' },
      platform,
    ),
  );

type Way = readonly [target: string, cluster: Cluster, addressing: (cluster: Cluster) => Addressing];

const reference: Way = [
  'aws',
  clusterOf(inAws(platform.replaceAll(machine, 't3.small').replace('t3.small', machine))),
  namedAddressing,
];
const ways: readonly Way[] = [
  [
    'local, an address each',
    on('local', profile),
    (cluster) => localAddressing(cluster, { kind: 'loopback' }, '/home of/someone'),
  ],
  [
    'local, shifted ports',
    on('local', profile),
    (cluster) => localAddressing(cluster, { kind: 'shifted-ports', address: '127.0.0.1' }, '/s'),
  ],
  ['gcp', on('gcp', 'region: europe-west1\n'), namedAddressing],
  ['kubernetes', on('kubernetes', 'region: any\n'), namedAddressing],
];

const render = ([, cluster, addressing]: Way) => filesByService(cluster, addressing(cluster));

/** Settings that may be absent, or of another size. */
const sizes =
  /^(offsets\.topic\.num\.partitions|transaction\.state\.log\.num\.partitions|group\.initial\.rebalance\.delay\.ms)=\d+$/;

/** A file's lines with addresses, ports, paths and sizes taken out; each setting together with its reason. */
function essence(text: string): readonly string[] {
  const plain = text
    // Paths within addresses of databases.
    .replace(/(?:%2F[\w.+-]+)+/g, (path) => decodeURIComponent(path))
    .replace(/^"(.*)"$/gm, '$1')
    // A space as a URL, a query, HAProxy and a file's name write it.
    .replace(/\/home(?:%20|\+|\\x20| )of\/someone(?=\/nodes\/)/g, '/s')
    .replace(/\/s\/nodes\/[\w-]+\/([\w-]+)\/conf|\/etc\/ensemble\/([\w-]+)/g, '<conf $1$2>')
    .replace(/\/s\/nodes\/[\w-]+\/([\w-]+)\/([\w-]+)|\/var\/lib\/ensemble\/([\w-]+)\/([\w-]+)\/data/g, '<$2$4 of $1$3>')
    // Names that certificates are checked against are the same everywhere, wherever a peer is reached.
    .replace(/(?<=verifyhost |check-sni )([\w-]+)\.small\.internal/g, '<name $1>')
    .replace(/127(\.\d+){3}|0\.0\.0\.0(?=[:"\n])|[\w-]+\.small\.internal/g, '<host>')
    .replace(/(?<=<host>(:<port>)?):\d+/g, ':<port>')
    .replace(/(?<=<host>:<port>):\d+/g, ':<port>')
    .replace(/^(clientPort=|\s*port: |\s*"(?:\w+_)?port": )\d+/gm, '$1<port>')
    // Names are asked for again while it runs, addresses are not.
    .replace(/^resolvers names\n(?: .*\n)+\n/m, '')
    .replace(/ resolvers names resolve-prefer ipv4(?= )/g, '')
    // HAProxy tells the digest of its own text.
    .replace(/"[0-9a-f]{32} %pid/g, '"<digest> %pid')
    .replace(/^-Xm([sx])\d+m$/gm, '-Xm$1<size>');
  const lines = plain.split('\n');
  return lines.flatMap((line, index) => {
    const reason = line.startsWith('#') && lines[index + 1]?.startsWith('#') === false;
    if (line === '' || reason) return [];
    const why = lines[index - 1] ?? '';
    if (sizes.test(line) || (line.startsWith('-XX:') && why.startsWith('# start-up flag'))) return [];
    return [`${why.startsWith('#') ? why : ''} ${line}`];
  });
}

/** What differs between the files of two targets beyond what may. */
function differences(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): readonly string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((name) => {
    const [left, right] = [essence(one[name] ?? ''), essence(other[name] ?? '')];
    const rest = (lines: readonly string[], others: readonly string[]) =>
      lines.filter((line) => !others.includes(line));
    const order = left.join() === right.join() ? [] : ['in another order'];
    return [...rest(left, right), ...rest(right, left), ...order].map((line) => `${name}:${line}`);
  });
}

describe('one environment', () => {
  test.each(ways)('for %s has the lines of the one for aws, but for addresses, ports, paths and sizes', (...way) => {
    expect(differences(render(reference), render(way))).toEqual([]);
  });

  test('is rendered in full for each: every system of the platform, with the same files', () => {
    const names = Object.keys(render(reference));
    expect([...new Set(names.map((name) => name.split('/')[1]))].sort()).toEqual(
      ['auth', 'haproxy', 'kafka', 'messaging-api', 'mongodb', 'push-server', 'zookeeper'].sort(),
    );
    for (const way of ways) expect(Object.keys(render(way)).sort()).toEqual([...names].sort());
  });
});

describe('the comparison catches', () => {
  const file = 'worker-2/kafka/server.properties';
  test.each([
    ['another value', file, 'num.partitions=3', 'num.partitions=4'],
    ['another reason', file, '# the platform’s default for a topic', '# because'],
    ['a line that is gone', file, 'unclean.leader.election.enable=false\n', ''],
    ['another number', file, 'broker.id=2', 'broker.id=1'],
    ['another protocol on a listener', file, 'TLS://0.0.0.0', 'PLAINTEXT2://0.0.0.0'],
    ['fewer masters', file, 'master-1.small.internal:2181,', ''],
    ['another volume', file, '/data-1/', '/data-2/'],
    [
      'another option of the JVM',
      'master-1/zookeeper/jvm.options',
      '-XX:+ExitOnOutOfMemoryError',
      '-XX:+CrashOnOutOfMemoryError',
    ],
    ['another log level', 'worker-1/kafka/log4j.properties', '=INFO', '=DEBUG'],
    ['another peer', 'master-1/zookeeper/zoo.cfg', 'server.3', 'server.4'],
    ['another server behind the balancer', 'balancer-1/haproxy/haproxy.cfg', 'verifyhost api-2', 'verifyhost api-1'],
    ['unverified back ends', 'balancer-2/haproxy/haproxy.cfg', 'verify required', 'verify none'],
    ['another replica set', 'metadata-1/mongodb/mongod.conf', 'replSetName: small', 'replSetName: other'],
    ['weaker writes to the store', 'api-2/messaging-api/config.json', 'w=majority', 'w=1'],
    ['a user who is not seeded', 'api-1/messaging-api/seed.json', 'collector', 'nobody'],
    ['another certificate', 'worker-1/kafka/keystore.pem', 'worker-1.keystore', 'worker-2.keystore'],
  ])('%s', (_what, name, from, to) => {
    const files = render(reference);
    const text = files[name] ?? '';
    expect(text).toContain(from);
    expect(differences({ ...files, [name]: text.replace(from, to) }, render(ways[0] ?? reference))).not.toEqual([]);
  });
});
