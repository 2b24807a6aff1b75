/** Rendered files: every setting under its reason, read back as Java reads it, secrets never in them, and where nodes are reached. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { localAddressing, namedAddressing } from '../../cluster/addressing.ts';
import type { Cluster } from '../../cluster/model.ts';
import { allNodes } from '../../cluster/resolve.ts';
import { renderJvmOptions, renderProperties } from '../../cluster/services/properties.ts';
import { serviceTable } from '../../cluster/services/table.ts';
import { change, clusterOf, inAws, smallEnvironment } from './environment-fixture.ts';
import { readArguments, readProperties } from './java-files.ts';
import { filesOf, loopback, renderAll, textOf } from './rendering.ts';

const add = (lines: string) => clusterOf(change({ 'topics: topics.yaml\n': `topics: topics.yaml\n${lines}` }));
const small = clusterOf(smallEnvironment);

/** Lines with a setting that do not stand right under a reason. */
function withoutReason(text: string): readonly string[] {
  const lines = text.split('\n');
  return lines.filter(
    (line, index) => line !== '' && !line.startsWith('#') && !/^# \S.{5,}/.test(lines[index - 1] ?? ''),
  );
}

test('every setting and option stands right under its reason', () => {
  const files = renderAll(
    add(
      'kafka: { settings: { log.retention.hours: 72 } }\nprofile: { kafka: { internalTopicPartitions: 3, initialRebalanceDelayMs: 0 } }\n',
    ),
  );
  const checked = files.filter(({ name }) => /^(server\.properties|zoo\.cfg|jvm\.options)$/.test(name));
  expect(checked.length).toBe(12);
  for (const file of checked) expect(withoutReason(textOf(file))).toEqual([]);
});

test('the check for reasons catches a setting without one', () => {
  expect(withoutReason('# a reason for one\na=1\nb=2\n\nc=3')).toEqual(['b=2', 'c=3']);
});

test('no setting is written twice', () => {
  for (const file of renderAll(
    add('kafka: { settings: { num.partitions: 5 } }\nzookeeper: { settings: { tickTime: 3000 } }\n'),
  )) {
    const names = [...textOf(file).matchAll(/^([\w.]+)=/gm)].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
  }
});

test('a person’s setting takes the place of the default, at its place, and says whose it is', () => {
  const files = filesOf(
    add(
      'kafka: { settings: { num.partitions: 5, log.retention.hours: 72 } }\nzookeeper: { settings: { tickTime: 3000, maxCnxns: 7 } }\n',
    ),
  );
  const said = '# set in the environment file\n';
  expect(files['worker-1/server.properties']).toContain(`${said}num.partitions=5\n`);
  expect(files['worker-1/server.properties']).toContain(`${said}log.retention.hours=72\n`);
  expect(files['worker-1/server.properties']).not.toContain('num.partitions=3');
  expect(files['master-1/zoo.cfg']).toContain(`${said}tickTime=3000\n`);
  expect(files['master-1/zoo.cfg']).toContain(`${said}maxCnxns=7\n`);
});

test('a retired node is rendered among the others, and is named as leaving', () => {
  const files = filesOf(add('retired: [master-4, worker-4]\n'));
  expect(files['worker-4/server.properties']).toContain('broker.id=4\n');
  expect(files['master-1/zoo.cfg']).toContain(
    '# master-4, which is leaving: its number is its own for life\nserver.4=',
  );
  expect(readProperties(files['worker-1/server.properties'] ?? '')['zookeeper.connect']).toBe(
    '127.0.0.11:2181,127.0.0.12:2181,127.0.0.13:2181,127.0.0.14:2181/kafka',
  );
});

describe('paths that are read otherwise than written', () => {
  const folder = fc.string({ unit: fc.constantFrom(...'aZ0 \\:=#!\'"%?é€\u{1F600}\t\n') }).map((name) => `/${name}x`);

  test('a setting’s value comes back from Java’s rules as it was', () => {
    fc.assert(
      fc.property(fc.oneof(folder, fc.string(), fc.string({ unit: 'binary' })), (value) => {
        const text = renderProperties('a title', [
          { name: 'a', value: 1, reason: 'first' },
          { name: 'dir', value, reason: 'a folder' },
          { name: 'z', value: true, reason: 'last' },
        ]);
        expect(readProperties(text)).toEqual({ a: '1', dir: value, z: 'true' });
      }),
      { numRuns: 1000 },
    );
  });

  test('an option comes back from the rules of an argument file as it was', () => {
    fc.assert(
      fc.property(fc.array(folder, { minLength: 1, maxLength: 3 }), (folders) => {
        const options = folders.map((path) => `-Dkey=${path}`);
        expect(
          readArguments(
            renderJvmOptions(
              'a title',
              options.map((option) => ({ option, reason: 'one' })),
            ),
          ),
        ).toEqual(options);
      }),
      { numRuns: 1000 },
    );
  });

  test('a whole node in such a folder finds its volumes, its certificates and its logging', () => {
    const state = '/my home\\é#1%20/state';
    const files = filesOf(small, loopback(small, state));
    const kafka = readProperties(files['worker-1/server.properties'] ?? '');
    expect(kafka['log.dirs']).toBe(`${state}/nodes/worker-1/kafka/data-1`);
    expect(kafka['ssl.keystore.location']).toBe(`${state}/nodes/worker-1/kafka/conf/tls/keystore.pem`);
    expect(readProperties(files['master-1/zoo.cfg'] ?? '').dataDir).toBe(`${state}/nodes/master-1/zookeeper/data-1`);
    const logging = readArguments(files['worker-1/jvm.options'] ?? '').find((option) =>
      option.startsWith('-Dlog4j.configuration='),
    );
    const url = new URL((logging ?? '').slice('-Dlog4j.configuration='.length));
    expect(url.hash).toBe('');
    expect(decodeURIComponent(url.pathname)).toBe(`${state}/nodes/worker-1/kafka/conf/log4j.properties`);
  });
});

test('no rendered file holds a secret: keys and certificates are late, and a private key is for its owner alone', () => {
  const tls = renderAll(small).filter(({ path }) => path.includes('/tls/'));
  expect(tls.map(({ node, name, mode, text }) => ({ node, name, mode, text })).slice(0, 2)).toEqual([
    { node: 'worker-1', name: 'keystore.pem', mode: 0o600, text: [{ secret: 'tls/worker-1.keystore.pem' }] },
    { node: 'worker-1', name: 'ca.pem', mode: 0o644, text: [{ secret: 'tls/ca.pem' }] },
  ]);
  for (const { text, mode } of renderAll(small)) {
    const literal = text.filter((part) => typeof part === 'string').join('');
    expect(literal).not.toMatch(/-----BEGIN|PRIVATE KEY|password=/i);
    if (text.some((part) => typeof part !== 'string' && 'secret' in part && /key/.test(part.secret)))
      expect(mode).toBe(0o600);
  }
});

describe('where a node is reached', () => {
  const sockets = (cluster: Cluster, addressing = loopback(cluster)) =>
    cluster.groups.flatMap((group) =>
      group.nodes.flatMap((node) =>
        group.services.flatMap((service) =>
          (serviceTable.get(service)?.listeners ?? []).map(
            ({ name }) => `${addressing.host(node)}:${addressing.port(node, service, name)}`,
          ),
        ),
      ),
    );

  test('on loopback each node has an address of its own with the standard ports', () => {
    expect(sockets(small)).toEqual([
      ...[1, 2, 3].flatMap((n) => [2181, 2888, 3888].map((port) => `127.0.0.1${n}:${port}`)),
      ...[1, 2, 3].flatMap((n) => [9092, 9093].map((port) => `127.0.0.10${n}:${port}`)),
    ]);
  });

  test('pinned addresses and moved ports are used', () => {
    const moved = add(
      'network: { subnet: 127.1.0.0/16, addresses: { worker-2: 127.9.9.9 }, ports: { kafka.tls: 9443 } }\n',
    );
    expect(sockets(moved).slice(9)).toEqual([
      '127.1.0.101:9092',
      '127.1.0.101:9443',
      '127.9.9.9:9092',
      '127.9.9.9:9443',
      '127.1.0.103:9092',
      '127.1.0.103:9443',
    ]);
  });

  test('with shifted ports the first of each role has the standard ones, and a node keeps its own as others come', () => {
    const shifted = (cluster: Cluster) =>
      sockets(cluster, localAddressing(cluster, { kind: 'shifted-ports', address: '127.0.0.1' }, '/s'));
    expect(shifted(small).slice(0, 4)).toEqual([
      '127.0.0.1:2181',
      '127.0.0.1:2888',
      '127.0.0.1:3888',
      '127.0.0.1:2191',
    ]);
    expect(shifted(small).slice(9, 13)).toEqual([
      '127.0.0.1:9092',
      '127.0.0.1:9093',
      '127.0.0.1:9102',
      '127.0.0.1:9103',
    ]);
    expect(shifted(add('retired: [master-5, worker-4]\n'))).toEqual(expect.arrayContaining(shifted(small)));
  });

  test('shifted ports never meet, whatever the size and wherever listeners were moved', () => {
    const ports = fc.dictionary(
      fc.constantFrom('zookeeper.client', 'zookeeper.quorum', 'zookeeper.election', 'kafka.plaintext', 'kafka.tls'),
      fc.integer({ min: 900, max: 930 }).map((port) => port * 10 + 2),
    );
    fc.assert(
      fc.property(fc.constantFrom(1, 3, 5), fc.integer({ min: 2, max: 40 }), ports, (masters, workers, moved) => {
        const distinct = [2181, 2888, 3888].map(
          (port, index) => moved[['zookeeper.client', 'zookeeper.quorum', 'zookeeper.election'][index] ?? ''] ?? port,
        );
        fc.pre(new Set(distinct).size === 3 && (moved['kafka.plaintext'] ?? 9092) !== (moved['kafka.tls'] ?? 9093));
        const cluster = clusterOf(
          change({
            'masters:\n  count: 3': `masters:\n  count: ${masters}`,
            'workers:\n  count: 3': `workers:\n  count: ${workers}`,
            'zones: [a, b, c]': 'zones: [a]',
            'topics: topics.yaml\n': `topics: topics.yaml\nnetwork: { ports: ${JSON.stringify(moved)} }\n`,
          }),
        );
        const collides =
          Object.values(moved).length > 0 &&
          new Set([...distinct, moved['kafka.plaintext'] ?? 9092, moved['kafka.tls'] ?? 9093]).size < 5;
        const act = () =>
          sockets(cluster, localAddressing(cluster, { kind: 'shifted-ports', address: '127.0.0.1' }, '/s'));
        if (collides) expect(act).toThrow(/no ports that keep/);
        else expect(new Set(act()).size).toBe(allNodes(cluster).length * 2 + masters);
      }),
      { numRuns: 200 },
    );
  });

  test('on one address, more nodes than there are ports is an error that says so', () => {
    const many = clusterOf(
      change({
        'workers:\n  count: 3': 'workers:\n  count: 9000',
        'topics: topics.yaml\n': 'topics: topics.yaml\nnetwork: { subnet: 127.0.0.0/8 }\n',
      }),
    );
    const act = () => localAddressing(many, { kind: 'shifted-ports', address: '127.0.0.1' }, '/s');
    expect(act).toThrow(expect.objectContaining({ code: 'CLUSTER_PORTS_EXHAUSTED' }));
  });

  test('in a cloud a node has its name in the environment’s domain and listens on every address', () => {
    const cloud = clusterOf(inAws());
    const [node] = allNodes(cloud);
    if (node === undefined) throw new Error('no node');
    const named = namedAddressing(cloud);
    expect(named.host(node)).toBe('master-1.small.internal');
    expect(named.bind(node)).toBe('0.0.0.0');
    expect(named.path(node, 'zookeeper', { kind: 'volume', volume: 'data-1' })).toBe(
      '/var/lib/ensemble/zookeeper/data-1/data',
    );
    expect(cloud.network.subnet).toBe('10.20.0.0/16');
  });
});
