/**
 * The cloud around a bare machine: a bucket and a secret in moto, and a labelled shim for what moto does not tell a machine about itself (its tags, its role's
 * keys). Archives are real tars with next to nothing in them, but for `fill`, which is the program that ships.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { z } from 'zod';
import { ensureProgram } from '../../artifacts/program-bundle.ts';
import { archiveKey, bucketName, nodeReportKey, nodeSecretName } from '../../contracts/aws-names.ts';
import { nodeReportShape } from '../../contracts/node-report.ts';
import { motoAccount, startMoto } from '../../drivers/local-aws/moto-server.ts';
import { startShim } from '../../drivers/local-aws/shim.ts';
import type { NodeObjects } from '../../provision/node-objects.ts';
import type { NodeSoftware } from '../../provision/software.ts';

const region = 'eu-west-1';

export interface MachineCloud {
  readonly software: NodeSoftware;
  /** The text of /etc/ensemble/node.conf, which leads a machine here. */
  readonly settings: string;
  /** Puts a node's list and files into the bucket, and says that the machine is that node. `volumes` as the tag has them. */
  deploy(node: string, objects: NodeObjects, volumes: string): Promise<void>;
  put(key: string, body: string | Buffer): Promise<void>;
  get(key: string): Promise<string>;
  /** The bytes of an archive by its name, as they should be. */
  archive(name: string): { readonly key: string; readonly bytes: Buffer };
  setSecrets(node: string, values: Readonly<Record<string, string>> | undefined): Promise<void>;
  report(node: string): Promise<z.output<typeof nodeReportShape>>;
  /** While false, the bucket answers nothing. */
  reachable: boolean;
  /** So many questions for a tag are answered as on a machine that has none yet. */
  tagsAbsent: number;
  stop(): Promise<void>;
}

/** @param waitSeconds how long a machine waits for what is not there. */
export async function startCloud(environment: string, waitSeconds: number): Promise<MachineCloud> {
  // The SDK would speak of the Node that runs the tests.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const moto = await startMoto();
  const bucket = bucketName({ environment, account: motoAccount, region });
  const connection = {
    region,
    endpoint: moto.endpoint,
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
  };
  const s3 = new S3Client({ ...connection, forcePathStyle: true });
  const secretsManager = new SecretsManagerClient(connection);
  await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: region } }));
  const archives = await makeArchives();
  const tags = new Map<string, string>();

  const metadata = (path: string): string | undefined => {
    const known: Readonly<Record<string, string | undefined>> = {
      'meta-data/placement/availability-zone': `${region}a`,
      'meta-data/placement/region': region,
      'meta-data/services/domain': 'amazonaws.com',
      'meta-data/iam/security-credentials/': 'made-up-role',
      'meta-data/iam/security-credentials/made-up-role': JSON.stringify({
        Code: 'Success',
        AccessKeyId: 'testing',
        SecretAccessKey: 'testing',
        Token: 'testing',
        Expiration: '2100-01-01T00:00:00Z',
      }),
    };
    if (!path.startsWith('meta-data/tags/instance/')) return known[path];
    if (cloud.tagsAbsent > 0) {
      cloud.tagsAbsent -= 1;
      return undefined;
    }
    return tags.get(path.slice(24));
  };
  const facts = Object.fromEntries([...archives].map(([name, bytes]) => [name, { sha256: sha256(bytes) }]));
  const cloud = {
    reachable: true,
    tagsAbsent: 0,
    software: { archives: facts, agent: { sha256: sha256(archives.get('agent') ?? Buffer.of()) } },
  };
  const shim = await startShim(moto.endpoint, ({ method, path, headers }) => {
    if (!path.startsWith('/latest/')) return Promise.resolve(cloud.reachable ? undefined : { status: 503 });
    const text = { type: 'text/plain' };
    if (method === 'PUT' && path === '/latest/api/token')
      return Promise.resolve({ ...text, status: 200, body: 'token' });
    // IMDSv2 alone, as instances are told to have it.
    if (headers['x-aws-ec2-metadata-token'] !== 'token') return Promise.resolve({ ...text, status: 401 });
    const found = metadata(path.slice('/latest/'.length));
    return Promise.resolve(found === undefined ? { ...text, status: 404 } : { ...text, status: 200, body: found });
  });
  const put = async (Key: string, Body: string | Buffer) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
  };
  const get = async (Key: string) =>
    (await (await s3.send(new GetObjectCommand({ Bucket: bucket, Key }))).Body?.transformToString()) ?? '';
  for (const [name, bytes] of archives) await put(archiveKey(sha256(bytes), name), bytes);

  return Object.assign(cloud, {
    settings: `E_IMDS=${shim.endpoint} E_ENDPOINT=${shim.endpoint} E_WAIT=${waitSeconds}\nexport AWS_ENDPOINT_URL=${shim.endpoint}\n`,
    put,
    get,
    async deploy(node: string, { list, files }: NodeObjects, volumes: string) {
      for (const file of files) await put(file.key, file.text);
      await put(list.key, list.text);
      tags.set('ensemble-node', node).set('ensemble-bucket', bucket).set('ensemble-volumes', volumes);
    },
    archive(name: string) {
      const bytes = archives.get(name) ?? Buffer.of();
      return { key: archiveKey(sha256(bytes), name), bytes };
    },
    async setSecrets(node: string, values: Readonly<Record<string, string>> | undefined) {
      const Name = nodeSecretName(environment, node);
      if (values === undefined)
        await secretsManager.send(new DeleteSecretCommand({ SecretId: Name, ForceDeleteWithoutRecovery: true }));
      else await secretsManager.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(values) }));
    },
    report: async (node: string) => nodeReportShape.parse(JSON.parse(await get(nodeReportKey(node)))),
    async stop() {
      s3.destroy();
      secretsManager.destroy();
      await shim.stop();
      await moto.stop();
    },
  });
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function makeArchives(): Promise<ReadonlyMap<string, Buffer>> {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-archives-'));
  try {
    const made = new Map<string, Buffer>();
    const tar = (name: string, flags = '-cf') => {
      execFileSync('tar', [flags, join(folder, `${name}.tar`), '-C', join(folder, name), '.']);
      made.set(name, readFileSync(join(folder, `${name}.tar`)));
    };
    const file = (path: string, text: string, mode = 0o644) => {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text, { mode });
    };
    file('java/bin/java', '#!/bin/sh\n', 0o755);
    file('kafka/libs/kafka.jar', 'a jar');
    // Node as npm publishes it; here a link to the one that runs the tests.
    file('node/package/bin/node', `#!/bin/sh\nexec ${process.execPath} "$@"\n`, 0o755);
    const { file: bundle } = await ensureProgram('fill');
    mkdirSync(join(folder, 'fill'));
    copyFileSync(bundle, join(folder, 'fill', 'fill.mjs'));
    // A Debian package in the place of XFS's tools: XFS is no file system for a disk of 64 MB.
    file('deb/DEBIAN/control', control('xfsprogs'));
    file(
      'deb/usr/sbin/mkfs.xfs',
      '#!/bin/sh\n# Not the real one: a test’s stand-in.\nfor disk in "$@"; do :; done\nexec mkfs.ext4 -q -F "$disk"\n',
      0o755,
    );
    file('deb/lib/systemd/system/made-up-of-a-package.service', '[Service]\nExecStart=/bin/true\n');
    mkdirSync(join(folder, 'xfsprogs'));
    execFileSync('dpkg-deb', ['--build', join(folder, 'deb'), join(folder, 'xfsprogs', 'xfsprogs.deb')]);
    file('agent-deb/DEBIAN/control', control('made-up-agent'));
    file('agent-deb/usr/bin/made-up-agent', '#!/bin/sh\n', 0o755);
    execFileSync('dpkg-deb', ['--build', join(folder, 'agent-deb'), join(folder, 'agent.deb')]);
    made.set('agent', readFileSync(join(folder, 'agent.deb')));
    tar('node', '-czf');
    for (const name of ['java', 'kafka', 'fill', 'xfsprogs']) tar(name);
    return made;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function control(name: string): string {
  return `Package: ${name}\nVersion: 9999\nArchitecture: all\nMaintainer: a test <test@example.org>\nDescription: made up for a test\n`;
}
