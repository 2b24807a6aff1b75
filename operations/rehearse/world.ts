/** The machines of a rehearsal: what a local AWS says it has launched for an environment, as a world that boots here. */
import { join } from 'node:path';
import { readLaunches } from '../../clients/aws/launches.ts';
import { defaultCloudSubnet } from '../../cluster/address-plan.ts';
import type { Group, Node } from '../../cluster/model.ts';
import { instanceTags, tags } from '../../contracts/aws-names.ts';
import type { StoreSecrets } from '../../drivers/hosts/cloud/store-secrets.ts';
import type { HostSpec, HostsWorld } from '../../drivers/hosts/host-spec.ts';
import type { HostsLayout } from '../../drivers/hosts/layout.ts';
import { ensureAuthority } from '../../secrets/authority.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import { fileStore } from '../../secrets/file-store.ts';
import type { AwsEnvironment } from '../aws/aws-environment.ts';
import { withStore } from '../aws/ensure-secrets.ts';
import type { DeploymentOptions } from '../deployment.ts';
import { standInStore } from '../hosts/metadata-store.ts';
import { privateNames } from '../hosts/private-names.ts';
import { endpointNotLocal, nothingLaunched } from './errors.ts';

/** As AWS names itself to machines. */
const domain = 'amazonaws.com';

export interface LocalEndpoint {
  readonly host: string;
  readonly port: number;
}

/** A rehearsal is never of a cloud that costs money. @throws EnsembleError OPERATIONS_REHEARSE_ENDPOINT_NOT_LOCAL */
export function localEndpoint({ AWS_ENDPOINT_URL = '' }: NodeJS.ProcessEnv = process.env): LocalEndpoint {
  const url = URL.canParse(AWS_ENDPOINT_URL) ? new URL(AWS_ENDPOINT_URL) : undefined;
  const isHere = url !== undefined && /^(127\.\d+\.\d+\.\d+|localhost)$/.test(url.hostname) && url.protocol === 'http:';
  if (!isHere) throw endpointNotLocal(AWS_ENDPOINT_URL);
  return { host: url.hostname, port: Number(url.port === '' ? 80 : url.port) };
}

export interface RehearsedWorld {
  readonly world: HostsWorld;
  readonly keyPem: string;
  /** Undefined where nothing stands in for the metadata store. */
  readonly store: StoreSecrets | undefined;
}

/**
 * @param chosen nodes whose machines are to boot; the names of all others are known all the same
 * @param layout where the local cloud's own certificates are kept, and what stands in for the metadata store
 * @throws EnsembleError OPERATIONS_REHEARSE_NOTHING_LAUNCHED, CLIENT_AWS_...
 */
export async function rehearsedWorld(
  aws: AwsEnvironment,
  chosen: readonly { readonly group: Group; readonly node: Node }[],
  image: string,
  layout: HostsLayout,
  fetching: Pick<DeploymentOptions, 'onProgress' | 'signal'>,
): Promise<RehearsedWorld> {
  const { environment, addressing, place } = aws;
  const { cluster } = environment;
  const launches = await readLaunches({ region: place.region }, { [tags.environment]: place.environment });
  const byNode = new Map(launches.map((launch) => [launch.tags[instanceTags.node], launch]));
  const missing = chosen.filter(({ node }) => !byNode.has(node.id)).map(({ node }) => node.id);
  if (missing.length > 0) throw nothingLaunched(place.environment, missing);
  const hosts = chosen.flatMap(({ node }): readonly HostSpec[] => {
    const launch = byNode.get(node.id);
    if (launch === undefined) return [];
    const { instance, address, zone, userData, volumes } = launch;
    const name = addressing.host(node);
    const shown = { instance, address, zone, region: place.region, userData, volumes, tags: launch.tags };
    return [{ node: node.id, name, memoryMiB: node.memoryMiB, ...shown }];
  });
  const store = fileStore(join(layout.folder, 'local-cloud'));
  const authority = await ensureAuthority(store, 'a local cloud');
  const certificate = await ensureCertificate(store, authority, {
    id: 'cloud',
    commonName: 'cloud',
    hosts: [`*.${place.region}.${domain}`, `*.s3.${place.region}.${domain}`],
  });
  const booted = chosen.map(({ node }) => node);
  const standIn = await withStore(aws, (secrets) =>
    standInStore({ ...fetching, cluster, addressing, booted, layout, secrets }),
  );
  const world: HostsWorld = {
    version: 1,
    environment: place.environment,
    block: cluster.network.subnet ?? defaultCloudSubnet,
    image,
    layers: [],
    names: privateNames(cluster, addressing),
    cloud: {
      domain,
      endpoint: localEndpoint(),
      authorityPem: authority.certificatePem,
      certificatePem: certificate.certificatePem,
    },
    hosts,
    ...(standIn === undefined ? {} : { store: standIn.store }),
  };
  return { world, keyPem: certificate.keyPem, store: standIn?.secrets };
}
