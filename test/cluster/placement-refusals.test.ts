/** Refusals of the environment file on who leaves, zones, addresses and ports; those on the rest are in environment.test.ts. */
import { describe, expect, test } from 'vitest';
import { change, faultsOf } from './environment-fixture.ts';

const workers = 'workers:\n  count: 3';
const topics = 'topics: topics.yaml\n';
const local = 'target: local\n';
const add = (lines: string) => change({ [topics]: `${topics}${lines}` });

const refusals: Readonly<Record<string, readonly (readonly [what: string, text: string, fault: string])[]>> = {
  'retired nodes': [
    [
      'active too',
      add('retired: [worker-3]\n'),
      '14:11: retired[0]: expected a node that is no longer active, found worker-3, which is active too; lower workers.count below 3, or list the nodes that stay under workers.ids',
    ],
    [
      'named twice',
      add('retired: [worker-4, worker-4]\n'),
      '14:21: retired[1]: expected each node once, found worker-4 twice; remove one of the two',
    ],
    [
      'that are no nodes',
      add('retired: [broker-4]\n'),
      '14:11: retired[0]: expected a node’s id, such as worker-4, found the text "broker-4"; change it',
    ],
  ],
  zones: [
    [
      'fewer than to spread over',
      change({ 'zones: [a, b, c]': 'zones: [a, b]\nspread: 3' }),
      '4:1: spread: expected no fewer zones than to spread over, found 2 zones to spread over 3; add zones, or write spread: 2',
    ],
    [
      'named twice',
      change({ 'zones: [a, b, c]': 'zones: [a, b, a]' }),
      '3:1: zones: expected each zone once, found a twice; remove one of the two',
    ],
    [
      'none',
      change({ 'zones: [a, b, c]': 'zones: []' }),
      '3:1: zones: expected a list with a length of at least 1, found a list of 0; change it',
    ],
    [
      'unevenly filled',
      change({ [workers]: 'workers:\n  ids: [1, 4, 7]' }),
      '10:3: workers.ids: expected numbers that spread evenly over the zones (a node’s zone follows from its number), found 3 in a, 0 in b, 0 in c; choose other numbers',
    ],
  ],
  network: [
    [
      'one address for two nodes',
      add('network:\n  addresses:\n    worker-1: 127.0.0.50\n    worker-2: 127.0.0.50\n'),
      '17:5: network.addresses.worker-2: expected an address of its own for each node, found 127.0.0.50 for worker-1 and worker-2; give one of them another',
    ],
    [
      'a pinned address that another node is given',
      add('network:\n  addresses:\n    master-1: 127.0.0.101\n'),
      '16:5: network.addresses.master-1: expected an address of its own for each node, found 127.0.0.101 for master-1 and worker-1; give one of them another',
    ],
    [
      'one port for two listeners',
      add('network:\n  ports:\n    kafka.tls: 9092\n'),
      '16:5: network.ports.kafka.tls: expected a port of its own for each listener of a node, found 9092 for kafka.plaintext and kafka.tls; give one of them another',
    ],
    [
      'an unknown listener',
      add('network:\n  ports:\n    kafka.plain: 9095\n'),
      '16:5: network.ports.kafka.plain: expected one of zookeeper.client, zookeeper.quorum, zookeeper.election, mongodb.server, kafka.plaintext, kafka.tls, messaging-api.https, auth.https, push-server.grpc, push-server.metrics, haproxy.api, haproxy.auth, haproxy.push, haproxy.stats, found the unknown field "kafka.plain"; remove it',
    ],
    [
      'a port that is none',
      add('network:\n  ports:\n    kafka.tls: 70000\n'),
      '16:5: network.ports.kafka.tls: expected a number of at most 65535, found 70000; change it',
    ],
    [
      'a block that is too small',
      add('network:\n  subnet: 127.0.20.0/26\n'),
      '15:3: network.subnet: expected a block with room for every node, found 127.0.20.0/26, which ends before worker-1, worker-2, worker-3; widen it (a /16 holds 65,000), or pin addresses under network.addresses',
    ],
    [
      'a block that others can reach',
      add('network:\n  subnet: 10.0.0.0/16\n'),
      '15:3: network.subnet: expected a block within 127.0.0.0/8 for target local, found 10.0.0.0/16; write 127.0.20.0/24, say',
    ],
    [
      'an address that others can reach',
      add('network:\n  addresses:\n    worker-1: 192.168.1.5\n'),
      '16:5: network.addresses.worker-1: expected an address within 127.0.0.0/8 for target local, found 192.168.1.5; write 127.0.20.11, say',
    ],
    [
      'an address within a block in place of its first',
      add('network:\n  subnet: 127.0.20.7/24\n'),
      '15:3: network.subnet: expected the first address of a block, found 127.0.20.7/24; its block begins 7 addresses before',
    ],
    [
      'no block at all',
      add('network:\n  subnet: 127.0.20.0\n'),
      '15:3: network.subnet: expected a block of addresses, such as 127.0.20.0/24, found the text "127.0.20.0"; change it',
    ],
    [
      'a node that is none',
      add('network:\n  addresses:\n    worker-9: 127.0.0.50\n'),
      '16:5: network.addresses.worker-9: expected a node of this environment, found "worker-9"; remove it, or add the node',
    ],
    [
      'one address for two nodes of a cloud',
      change({
        [local]: 'target: gcp\nregion: x\n',
        [topics]: `${topics}network: { addresses: { worker-1: 10.0.0.5, worker-2: 10.0.0.5 } }\n`,
      }),
      '15:45: network.addresses.worker-2: expected an address of its own for each node, found 10.0.0.5 for worker-1 and worker-2; give one of them another',
    ],
  ],
};

describe.each(Object.entries(refusals))('%s are refused', (_part, cases) => {
  test.each(cases)('%s', (_what, text, fault) => {
    expect(faultsOf(text)).toEqual([`e.yaml:${fault}`]);
  });
});
