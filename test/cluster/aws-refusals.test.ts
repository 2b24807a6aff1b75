/** What is refused of an environment for AWS before Terraform sees it, each with its place, its reason and the next step. */
import { describe, expect, test } from 'vitest';
import { cloudAddress, zoneBlocks } from '../../cluster/address-plan.ts';
import { awsRegions, awsZones, zonesOffering } from '../../cluster/aws-facts.ts';
import { machines } from '../../cluster/machines.ts';
import { allNodes } from '../../cluster/resolve.ts';
import { change, clusterOf, faultsOf, inAws } from './environment-fixture.ts';

const cloud = inAws();
const topics = 'topics: topics.yaml\n';
const zones = '[eu-west-1a, eu-west-1b, eu-west-1c]';
const add = (lines: string) => change({ [topics]: `${topics}${lines}` }, cloud);
const masters = 'machine: t3.small';

const refusals: Readonly<Record<string, readonly (readonly [string, string, string])[]>> = {
  places: [
    [
      'a region that is none',
      change({ 'region: eu-west-1': 'region: eu-west-11' }, cloud),
      '3:1: region: expected a region of AWS whose zones and machine types are known here, found "eu-west-11"; did you mean eu-west-1?',
    ],
    [
      'a zone of another region',
      change({ [zones]: '[eu-west-1a, eu-west-1b, eu-west-2c]' }, cloud),
      '5:33: zones[2]: expected a zone of eu-west-1 (eu-west-1a, eu-west-1b, eu-west-1c), found "eu-west-2c"; did you mean eu-west-1c?',
    ],
    [
      'no account',
      change({ 'aws: { account: "123456789012" }\n': '' }, cloud),
      '1:1: aws: expected what AWS must know, the account above all, found nothing; add aws: { account: "123456789012" }',
    ],
    [
      'an account that is a number, of which the first zeros would be lost',
      change({ '"123456789012"': '12345678901' }, cloud),
      '4:8: aws.account: expected the account’s 12 digits in quotes, such as "123456789012", found 12345678901; change it',
    ],
    [
      'a block aws on this machine',
      change({ [topics]: `${topics}aws: { account: "123456789012" }\n` }),
      '14:1: aws: expected no block aws for target local, found one; remove it',
    ],
  ],
  machines: [
    [
      'a type that is none',
      change({ [masters]: 'machine: t3.smal' }, cloud),
      '9:3: masters.machine: expected a machine type of AWS that is known here (t3.small, t3.medium, m6i.large, m6i.xlarge ...), found "t3.smal"; did you mean t3.small?',
    ],
    [
      'a type of another processor',
      change({ [masters]: 'machine: t4g.small' }, cloud),
      '9:3: masters.machine: expected a machine type that nodes run on (t4g.small has another processor than the archives are made for, which is x86-64), found "t4g.small"; choose another one, such as t3.small',
    ],
    [
      'a type older than Nitro',
      change({ [masters]: 'machine: t2.small' }, cloud),
      '9:3: masters.machine: expected a machine type that nodes run on (t2.small has volumes without the serial numbers by which nodes find them: it is older than Nitro), found "t2.small"; choose another one, such as t3.small',
    ],
    [
      'a size in the place of a type',
      change({ [masters]: 'machine: { memoryMiB: 2048, cpus: 2 }' }, cloud),
      '9:3: masters.machine: expected the name of a machine type of AWS (t3.small, t3.medium, m6i.large, m6i.xlarge ...), found a size; name the type that has it',
    ],
    [
      'a type that a zone of the group does not offer',
      change({ [masters]: 'machine: m8i.large' }, cloud),
      '9:3: masters.machine: expected a machine type that eu-west-1c has, found m8i.large, which is offered in eu-west-1a, eu-west-1b alone; choose another type, such as m5.large, or other zones',
    ],
  ],
  volumes: [
    [
      'more than a machine can be told of',
      change({ '  volumeGiB: 5\n': '  volumeGiB: 5\n  volumes: 9\n' }, cloud),
      '15:3: workers.volumes: expected at most 8 volumes (a machine learns of them from one tag, which AWS ends at 256 characters), found 9; write fewer and larger ones',
    ],
    [
      'more operations than so small a volume has',
      change({ 'volumeGiB: 5\n': 'volumeGiB: 5\n  volumeIops: 4000\n' }, cloud),
      '15:3: workers.volumeIops: expected at most 3000 operations a second for 5 GiB (gp3 has 500 for each GiB), found 4000; lower it, or give the volume more GiB',
    ],
    [
      'more throughput than the operations carry',
      change({ 'volumeGiB: 5\n': 'volumeGiB: 5\n  volumeThroughputMiB: 800\n' }, cloud),
      '15:3: workers.volumeThroughputMiB: expected at most 750 MiB a second at 3000 operations, found 800; lower it, or write volumeIops: 3200',
    ],
  ],
  addresses: [
    [
      'a block that is narrower than the least',
      add('network: { subnet: 10.20.0.0/24 }\n'),
      '16:12: network.subnet: expected a private block of addresses (of 10/8, 172.16/12 or 192.168/16), a /16 to a /20, found 10.20.0.0/24; write 10.20.0.0/16, say',
    ],
    [
      'a block of public addresses',
      add('network: { subnet: 52.20.0.0/16 }\n'),
      '16:12: network.subnet: expected a private block of addresses (of 10/8, 172.16/12 or 192.168/16), a /16 to a /20, found 52.20.0.0/16; write 10.20.0.0/16, say',
    ],
    [
      'more nodes than a narrow block has addresses for',
      change(
        {
          'count: 3\n  machine: t3.medium': 'count: 400\n  machine: t3.medium',
          [topics]: `${topics}network: { subnet: 10.20.0.0/20 }\n`,
        },
        cloud,
      ),
      '16:12: network.subnet: expected a block with room for every node, found 10.20.0.0/20, which ends before worker-395, worker-396, worker-397 and 3 more; widen it (each zone has an eighth of the block: 8,192 addresses of a /16, the widest there is), or take fewer, larger nodes',
    ],
    [
      'more nodes than the widest block has addresses for',
      change({ 'count: 3\n  machine: t3.medium': 'count: 9000\n  machine: t3.medium' }, cloud),
      '1:1: network.subnet: expected a block with room for every node, found 10.20.0.0/16, which ends before worker-8075, worker-8076, worker-8077 and 923 more; widen it (each zone has an eighth of the block: 8,192 addresses of a /16, the widest there is), or take fewer, larger nodes',
    ],
    [
      'an address of another zone’s block',
      add('network: { addresses: { worker-1: 10.20.32.200 } }\n'),
      '16:25: network.addresses.worker-1: expected an address of its zone’s private block, 10.20.0.0/19, but for the first four and the last (AWS keeps them), found 10.20.32.200; choose one of them, or remove the line',
    ],
    [
      'an address that another node has',
      add('network: { addresses: { worker-1: 10.20.0.27 } }\n'),
      '16:25: network.addresses.worker-1: expected an address of its own for each node, found 10.20.0.27 for master-1 and worker-1; give one of them another',
    ],
  ],
};

describe.each(Object.entries(refusals))('%s are refused', (_part, cases) => {
  test.each(cases)('%s', (_what, text, fault) => {
    expect(faultsOf(text)).toEqual([`e.yaml:${fault}`]);
  });
});

test('an environment for AWS as it should be has no fault', () => {
  expect(faultsOf(cloud)).toEqual([]);
});

describe('addresses', () => {
  test('zones have blocks that neither overlap nor leave the network’s, whatever their number', () => {
    const blocks = zoneBlocks('10.20.0.0/20', ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    const ranges = blocks
      .flatMap((zone) => [zone.private, zone.public])
      .map((block) => {
        const [address = '', bits] = block.split('/');
        const start = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
        return [start, start + 2 ** (32 - Number(bits))] as const;
      })
      .sort(([one], [other]) => one - other);
    for (const [index, [start]] of ranges.entries())
      expect(start).toBeGreaterThanOrEqual(ranges[index - 1]?.[1] ?? start);
    expect(ranges[0]?.[0]).toBe(10 * 2 ** 24 + 20 * 2 ** 16);
    expect(ranges.at(-1)?.[1]).toBeLessThanOrEqual(10 * 2 ** 24 + 20 * 2 ** 16 + 4096);
  });

  test('a node keeps its address when others come, go, or a zone is added', () => {
    const addresses = (text: string) =>
      new Map(allNodes(clusterOf(text)).map((node) => [node.id, cloudAddress(clusterOf(text), node)]));
    const before = addresses(cloud);
    expect(before.get('worker-2')).toBe('10.20.32.118');
    const more = addresses(change({ 'count: 3\n  machine: t3.medium': 'count: 30\n  machine: t3.medium' }, cloud));
    const fewer = addresses(
      change(
        {
          'count: 3\n  machine: t3.medium': 'ids: [2, 4, 6]\n  machine: t3.medium',
          [topics]: `${topics}retired: [worker-1]\n`,
        },
        cloud,
      ),
    );
    for (const [id, address] of before) {
      expect(more.get(id)).toBe(address);
      if (fewer.has(id)) expect(fewer.get(id)).toBe(address);
    }
    expect(new Set(more.values()).size).toBe(more.size);
  });
});

describe('what is known of AWS', () => {
  test('every region has zones of its own name, at most as many as a network is cut for', () => {
    expect(awsRegions.length).toBeGreaterThan(25);
    for (const region of awsRegions) {
      const known = awsZones(region);
      expect(known.length).toBeGreaterThan(1);
      expect(known.length).toBeLessThanOrEqual(7);
      for (const zone of known) expect(zone.startsWith(region)).toBe(true);
    }
  });

  test('machine types have the sizes that AWS publishes', () => {
    expect(machines.get('t3.small')).toEqual({ name: 't3.small', memoryMiB: 2_048, cpus: 2 });
    expect(machines.get('m6i.xlarge')).toEqual({ name: 'm6i.xlarge', memoryMiB: 16_384, cpus: 4 });
    expect(machines.get('r6i.large')).toEqual({ name: 'r6i.large', memoryMiB: 16_384, cpus: 2 });
  });

  test('a family’s name stands for all of its sizes', () => {
    expect(zonesOffering('eu-west-1', 'm6i.xlarge')).toEqual(['eu-west-1a', 'eu-west-1b', 'eu-west-1c']);
    expect(zonesOffering('eu-west-1', 'none.large')).toEqual([]);
  });
});
