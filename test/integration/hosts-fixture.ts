/**
 * An environment's machines for a test: moto with its bucket, its nodes' objects and its secrets, as the stacks would have put them there, and the world that
 * drivers/hosts makes of it. Real archives, built once into the cache; nothing of what nodes fetch is changed for the test.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type ArchiveFile, buildArchives } from '../../artifacts/archive-files.ts';
import { cacheRootOf } from '../../artifacts/cache.ts';
import { cloudAddress } from '../../cluster/address-plan.ts';
import { namedAddressing } from '../../cluster/addressing.ts';
import type { Cluster, Group, Node } from '../../cluster/model.ts';
import { archiveKey, bucketName, instanceTags, nodeReportKey, nodeSecretName } from '../../contracts/aws-names.ts';
import { nodeReportShape } from '../../contracts/node-report.ts';
import { ensureImage } from '../../drivers/hosts/host-image.ts';
import type { HostSpec, HostsWorld } from '../../drivers/hosts/host-spec.ts';
import type { UpOptions } from '../../drivers/hosts/hosts.ts';
import type { HostsLayout } from '../../drivers/hosts/layout.ts';
import { type MotoServer, motoAccount, startMoto } from '../../drivers/local-aws/moto-server.ts';
import { readerSecret, secretsByReader } from '../../operations/aws/node-secrets.ts';
import { ensureCertificates, ensureSecrets } from '../../operations/certificates.ts';
import { standInStore } from '../../operations/hosts/metadata-store.ts';
import { privateNames } from '../../operations/hosts/private-names.ts';
import { type NodeObjects, nodeObjects } from '../../provision/node-objects.ts';
import type { NodeSoftware } from '../../provision/software.ts';
import { userData } from '../../provision/user-data.ts';
import { ensureAuthority } from '../../secrets/authority.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import type { SecretStore } from '../../secrets/store.ts';
import { memoryStore } from '../secrets/memory-store.ts';
import { buildableRuntimes } from './node-archives-fixture.ts';

export interface HostsCloud {
  readonly moto: MotoServer;
  readonly world: HostsWorld;
  /** What `up` takes beside the world. */
  readonly shown: Pick<UpOptions, 'keyPem' | 'store'>;
  readonly software: NodeSoftware;
  /** With every secret of the environment, the operator's too. */
  readonly secrets: SecretStore;
  objectsOf(cluster: Cluster, node: string): NodeObjects;
  /** What the stacks put into the bucket for these nodes. */
  deploy(cluster: Cluster, nodes: readonly string[]): Promise<void>;
  put(key: string, body: string | Buffer): Promise<void>;
  get(key: string): Promise<Buffer>;
  report(node: string): Promise<ReturnType<typeof nodeReportShape.parse>>;
  stop(): Promise<void>;
}

const region = 'eu-west-1';

/**
 * @param roles whose nodes get machines; where the API's are among them, something stands in for its store
 * @param layout of the machines; @param projectFolder where archives are put
 */
export async function startHostsCloud(
  cluster: Cluster,
  roles: readonly string[],
  layout: HostsLayout,
  projectFolder: string,
): Promise<HostsCloud> {
  const { folder: image } = await ensureImage({ cacheRoot: cacheRootOf(undefined, process.env) });
  const archives = await buildArchives({ projectFolder, runtimes: await buildableRuntimes() });
  const moto = await startMoto();
  const place = { environment: cluster.environment, account: motoAccount, region };
  const bucket = bucketName(place);
  const connection = {
    region,
    endpoint: moto.endpoint,
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
  };
  const s3 = new S3Client({ ...connection, forcePathStyle: true });
  const secretsManager = new SecretsManagerClient(connection);
  await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: region } }));
  for (const archive of archives) await upload(s3, bucket, projectFolder, archive);
  const software: NodeSoftware = { archives: Object.fromEntries(archives.map((each) => [each.name, each])) };
  const addressing = namedAddressing(cluster);
  const store = memoryStore();
  const needs = { environment: { cluster }, addressing, secrets: store };
  await ensureCertificates(needs);
  await ensureSecrets(needs);

  const placed = cluster.groups.flatMap((group) => group.nodes.map((node) => ({ group, node })));
  const chosen = placed.filter(({ group }) => roles.includes(group.role));
  for (const { node } of chosen) {
    const ids = secretsByReader(cluster, addressing).get(node.id) ?? [];
    const values = new Map<string, string>();
    for (const id of ids) values.set(id, (await store.read(id))?.toString('utf8') ?? '');
    const Name = nodeSecretName(cluster.environment, node.id);
    await secretsManager.send(new CreateSecretCommand({ Name, SecretString: readerSecret(ids, values) }));
  }
  const put = async (Key: string, Body: string | Buffer) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
  };
  const get = async (Key: string) => {
    const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
    return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
  };
  const objectsOf = (of: Cluster, id: string) => {
    const found = of.groups.flatMap((group) => group.nodes.map((node) => ({ group, node })));
    const { group, node } = found.find(({ node: each }) => each.id === id) ?? {};
    if (group === undefined || node === undefined) throw new Error(`no node ${id}`);
    return nodeObjects(of, group, node, namedAddressing(of), software);
  };

  const cloudStore = memoryStore();
  const authority = await ensureAuthority(cloudStore, 'a local cloud');
  const shown = await ensureCertificate(cloudStore, authority, {
    id: 'cloud',
    commonName: 'cloud',
    hosts: [`*.${region}.amazonaws.com`, `*.s3.${region}.amazonaws.com`],
  });
  const booted = chosen.map(({ node }) => node);
  const standIn = roles.includes('api')
    ? await standInStore({ cluster, addressing, booted, layout, secrets: store })
    : undefined;
  const { hostname, port } = new URL(moto.endpoint);
  const world: HostsWorld = {
    version: 1,
    environment: cluster.environment,
    block: cluster.network.subnet ?? '10.20.0.0/16',
    image,
    layers: [],
    names: privateNames(cluster, addressing),
    cloud: {
      domain: 'amazonaws.com',
      endpoint: { host: hostname, port: Number(port) },
      authorityPem: authority.certificatePem,
      certificatePem: shown.certificatePem,
    },
    hosts: chosen.map(({ node, group }) => hostOf(cluster, group, node, bucket)),
    ...(standIn === undefined ? {} : { store: standIn.store }),
  };
  const cloud: HostsCloud = {
    moto,
    world,
    shown: { keyPem: shown.keyPem, store: standIn?.secrets },
    software,
    secrets: store,
    objectsOf,
    put,
    get,
    async deploy(of, nodes) {
      for (const id of nodes) {
        const { list, files } = objectsOf(of, id);
        for (const file of files) await put(file.key, file.text);
        await put(list.key, list.text);
      }
    },
    report: async (node) => nodeReportShape.parse(JSON.parse((await get(nodeReportKey(node))).toString('utf8'))),
    async stop() {
      s3.destroy();
      secretsManager.destroy();
      await moto.stop();
    },
  };
  await cloud.deploy(
    cluster,
    chosen.map(({ node }) => node.id),
  );
  return cloud;
}

function hostOf(cluster: Cluster, group: Group, node: Node, bucket: string): HostSpec {
  const volumes = node.volumes.map((volume) => ({
    name: volume.name,
    id: `vol-${node.id}${volume.name}`.slice(0, 20),
  }));
  return {
    node: node.id,
    name: namedAddressing(cluster).host(node),
    instance: `i-${group.role}${node.ordinal}`,
    address: cloudAddress(cluster, node),
    zone: node.zone,
    region,
    memoryMiB: node.memoryMiB,
    userData: userData(),
    tags: {
      [instanceTags.node]: node.id,
      [instanceTags.bucket]: bucket,
      ...(volumes.length === 0
        ? {}
        : { [instanceTags.volumes]: volumes.map(({ name, id }) => `${name}=${id}`).join(',') }),
    },
    volumes: volumes.map(({ id }, index) => ({ id, sizeGiB: node.volumes[index]?.sizeGiB ?? 1 })),
  };
}

async function upload(s3: S3Client, bucket: string, projectFolder: string, archive: ArchiveFile): Promise<void> {
  const path = join(projectFolder, archive.file);
  const { size } = await stat(path);
  const Key = archiveKey(archive.sha256, archive.name);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: createReadStream(path), ContentLength: size }));
}
