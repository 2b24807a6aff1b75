/** The synthesized stacks of the shipped environments against the rules of policy.ts, and each rule against a violation that is planted for it. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { namedAddressing } from '../../cluster/addressing.ts';
import { loadEnvironment } from '../../cluster/load.ts';
import type { Cluster } from '../../cluster/model.ts';
import { parseNodeList } from '../../contracts/node-list.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { nodeObjects } from '../../provision/node-objects.ts';
import {
  encryption,
  metadataService,
  publicIngress,
  type Resource,
  type Rule,
  resourcesOf,
  secretsInside,
  wildcardRights,
} from './policy.ts';
import { type SynthesizedStack, synthesized, testSoftware } from './synthesized.ts';

const doors = [443, 8443];

interface Synthesis {
  readonly stacks: readonly SynthesizedStack[];
  readonly resources: readonly Resource[];
  readonly hashes: ReadonlySet<string>;
}

async function synthesize(name: string): Promise<Synthesis> {
  const folder = join(installationRoot(), 'environments');
  const { cluster } = await loadEnvironment(name, folder);
  const stacks = Object.values(synthesized(cluster));
  return { stacks, resources: resourcesOf(stacks), hashes: hashesOf(cluster) };
}

/** Of archives, of files, and the digests of services that lists name. */
function hashesOf(cluster: Cluster): ReadonlySet<string> {
  const addressing = namedAddressing(cluster);
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const ofNodes = cluster.groups.flatMap((group) =>
    group.nodes.flatMap((node) => {
      const { files, list } = nodeObjects(cluster, group, node, addressing, testSoftware);
      const { services, asides } = parseNodeList(list.text);
      return [...files.map(({ text }) => sha256(text)), ...[...services, ...asides].map(({ digest }) => digest)];
    }),
  );
  const software = [...Object.values(testSoftware.archives), testSoftware.agent];
  return new Set([...ofNodes, ...software.map((facts) => facts?.sha256 ?? '')]);
}

describe.each(['staging', 'production'])('what %s is on AWS', (name) => {
  let made: Synthesis;
  beforeAll(async () => {
    made = await synthesize(name);
  });

  it('has every resource of three stacks to look at', () => {
    expect(made.stacks).toHaveLength(3);
    expect(made.resources.length).toBeGreaterThan(400);
    expect(JSON.stringify(made.resources).includes('$'.concat('{each.value.'))).toBe(false);
  });

  it('lets nobody in from outside but clients at the entrance', () => {
    expect(publicIngress(doors)(made.resources)).toEqual([]);
  });

  it('encrypts volumes, buckets, secrets and logs with the environment’s key', () => {
    expect(encryption(made.resources)).toEqual([]);
  });

  it('answers the second version of the metadata service alone', () => {
    expect(metadataService(made.resources)).toEqual([]);
  });

  it('gives no right with a star in it beyond the exceptions', () => {
    expect(wildcardRights()(made.resources)).toEqual([]);
  });

  it('has no secret in it', () => {
    expect(secretsInside(made.stacks, made.hashes)(made.resources)).toEqual([]);
  });
});

describe('a planted violation is caught:', () => {
  let made: Synthesis;
  beforeAll(async () => {
    made = await synthesize('staging');
  });

  /** The faults that a rule finds more when the first resource of a type is changed so. */
  function more(rule: Rule, type: string, change: Readonly<Record<string, unknown>>, name?: string): number {
    const index = made.resources.findIndex((each) => each.type === type && (name === undefined || each.name === name));
    const planted = made.resources.map((each, at) =>
      at === index ? { ...each, body: { ...each.body, ...change } } : each,
    );
    if (index < 0) throw new Error(`no ${type} to plant in`);
    return rule(planted).length - rule(made.resources).length;
  }

  const open = { referenced_security_group_id: undefined, cidr_ipv4: '0.0.0.0/0' };
  const statement = (change: object) =>
    JSON.stringify({
      Statement: [{ Sid: 'Own', Effect: 'Allow', Action: ['s3:GetObject'], Resource: 'arn:aws:s3:::own/*', ...change }],
    });

  it.each([
    ['a node that everybody reaches', 'aws_vpc_security_group_ingress_rule', open, 'peer'],
    ['a node that everybody reaches over IPv6', 'aws_vpc_security_group_ingress_rule', { cidr_ipv6: '::/0' }, 'peer'],
    ['SSH at the entrance', 'aws_vpc_security_group_ingress_rule', { from_port: 22, to_port: 22 }, 'clients'],
    ['a range of ports at the entrance', 'aws_vpc_security_group_ingress_rule', { to_port: 9_000 }, 'clients'],
    [
      'clients in another group than the entrance',
      'aws_vpc_security_group_ingress_rule',
      { security_group_id: 'sg-1' },
      'clients',
    ],
    ['rules within a group', 'aws_security_group', { ingress: [{ cidr_blocks: ['0.0.0.0/0'] }] }, 'role'],
    ['the default group opened', 'aws_default_security_group', { ingress: [{ self: true }] }, undefined],
    ['a subnet that gives public addresses', 'aws_subnet', { map_public_ip_on_launch: true }, 'private'],
    ['a machine with a public address', 'aws_instance', { associate_public_ip_address: true }, 'node'],
  ] as const)('%s', (_what, type, change, name) => expect(more(publicIngress(doors), type, change, name)).toBe(1));

  it.each([
    ['a volume in the clear', 'aws_ebs_volume', { encrypted: false }],
    ['a volume with AWS’s key', 'aws_ebs_volume', { kms_key_id: undefined }],
    ['a system disk in the clear', 'aws_instance', { root_block_device: { encrypted: false, kms_key_id: 'k' } }],
    ['a disk beside it', 'aws_instance', { ebs_block_device: [{ device_name: '/dev/sdz' }] }],
    ['a bucket with AWS’s key', 'aws_s3_bucket_server_side_encryption_configuration', { rule: [] }],
    ['a bucket that may be public', 'aws_s3_bucket_public_access_block', { block_public_policy: false }],
    ['a bucket without versions', 'aws_s3_bucket_versioning', { versioning_configuration: { status: 'Suspended' } }],
    ['a bucket without TLS', 'aws_s3_bucket_policy', { policy: statement({}) }],
    ['a secret with AWS’s key', 'aws_secretsmanager_secret', { kms_key_id: undefined }],
    ['logs in the clear', 'aws_cloudwatch_log_group', { kms_key_id: undefined }],
    ['alarms in the clear', 'aws_sns_topic', { kms_master_key_id: undefined }],
    ['a key for ever', 'aws_kms_key', { enable_key_rotation: false }],
  ] as const)('%s', (_what, type, change) => expect(more(encryption, type, change)).toBe(1));

  it.each([
    ['tokens that are optional', { metadata_options: { http_tokens: 'optional', http_put_response_hop_limit: 1 } }],
    ['no word about it', { metadata_options: undefined }],
    ['answers to containers', { metadata_options: { http_tokens: 'required', http_put_response_hop_limit: 2 } }],
  ])('%s', (_what, change) => expect(more(metadataService, 'aws_instance', change)).toBe(1));

  it.each([
    ['every action of a service', { Action: 's3:*' }],
    ['half of a service', { Action: ['s3:GetObject', 's3:Put*'] }],
    ['every resource', { Resource: '*' }],
    ['every bucket', { Resource: ['arn:aws:s3:::*'] }],
    ['every account', { Resource: 'arn:aws:secretsmanager:eu-west-1:*:secret:own' }],
    ['everything but', { NotAction: 'iam:PassRole' }],
    ['everybody', { Principal: { AWS: '*' } }],
  ])('%s', (_what, change) =>
    expect(more(wildcardRights(), 'aws_iam_role_policy', { policy: statement(change) }, 'flow_log')).toBe(1),
  );

  it('a role that anybody may take on', () => {
    const change = { assume_role_policy: statement({ Principal: '*', Resource: undefined, Action: 'sts:AssumeRole' }) };
    expect(more(wildcardRights(), 'aws_iam_role', change)).toBe(1);
  });

  it('a policy of AWS’s own, such as an administrator’s', () => {
    const change = { policy_arn: 'arn:aws:iam::aws:policy/AdministratorAccess' };
    expect(more(wildcardRights(), 'aws_iam_role_policy_attachment', change)).toBe(1);
  });

  it('an exception that nothing needs', () => {
    const idle = { resource: 'aws_iam_role_policy.role', sid: 'OwnLogs', because: 'of old' };
    expect(wildcardRights([idle])(made.resources)).toContain(
      'the exception for aws_iam_role_policy.role, OwnLogs is not needed',
    );
  });

  it.each([
    ['a private key', '-----BEGIN PRIVATE KEY-----\nMIGH'],
    ['a token', createHash('sha256').update('a token').digest('hex')],
    ['a key file', 'a'.repeat(1_008)],
    ['an access key', 'AKIAABCDEFGHIJKLMNOP'],
  ])('%s in a text', (_what, secret) => {
    const [first, ...rest] = made.stacks;
    if (first === undefined) throw new Error('no stack');
    const planted = [{ ...first, text: first.text.replace('Clients', JSON.stringify(secret).slice(1, -1)) }, ...rest];
    expect(secretsInside(planted, made.hashes)(made.resources)).toHaveLength(1);
  });

  it('a secret’s value in a resource', () => {
    const value = { ...(made.resources[0] as Resource), type: 'aws_secretsmanager_secret_version' };
    expect(secretsInside(made.stacks, made.hashes)([value])).toHaveLength(1);
  });
});
