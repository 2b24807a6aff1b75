/** config.json of the messaging API in upstream's keys, what the database is seeded with, and the certificate. */
import type { ServiceFile } from '../../model.ts';
import { needsPushPool } from '../haproxy/pools.ts';
import { leaveMs } from '../haproxy/timing.ts';
import { bootstrapNodes } from '../kafka/bootstrap.ts';
import { chroot } from '../kafka/files.ts';
import { LateString, renderJson } from '../late-json.ts';
import { databases, storeHost } from '../mongodb/connection.ts';
import { addressesOf, groupRunning } from '../peers.ts';
import { endpointAuthoritiesFile, endpointAuthoritiesPath } from '../push-server/endpoint-authorities.ts';
import type { PushServerSettings } from '../push-server/settings.ts';
import { configuration, configurationPath, type Site } from '../service.ts';
import { tlsFiles, tlsPaths } from '../tls-files.ts';
import { pushWorker, serviceToken, userToken } from '../tokens.ts';
import { seedJson } from './seed.ts';
import type { MessagingApiSettings } from './settings.ts';

export function files(site: Site<MessagingApiSettings>): readonly ServiceFile[] {
  const push = pushSettings(site);
  return [
    { place: configuration, path: 'config.json', mode: 0o600, text: renderJson(config(site)) },
    { place: configuration, path: 'seed.json', mode: 0o600, forJobs: true, text: renderJson(seedJson(site)) },
    ...tlsFiles(site),
    ...(push === undefined ? [] : [endpointAuthoritiesFile(push)]),
  ];
}

function config(site: Site<MessagingApiSettings>): object {
  const { addressing, cluster, node, settings } = site;
  const tls = tlsPaths(site, 'messaging-api');
  const balancer = groupRunning(cluster, 'haproxy');
  // Upstream's push servers share nothing, so that the balancer has one of them work at a time.
  const pushServers =
    balancer !== undefined && needsPushPool(site)
      ? addressesOf(site, 'haproxy', 'push')
      : addressesOf(site, 'push-server', 'grpc');
  const [push] = pushServers;
  const separator = push?.lastIndexOf(':') ?? 0;
  const known = {
    bind_ip: addressing.bind(node),
    port: addressing.port(node, 'messaging-api', 'https'),
    zookeeper_hosts: addressesOf(site, 'zookeeper', 'client'),
    kafka_znode: chroot,
    store_host: new LateString(...storeHost(site, 'messaging-api')),
    store_db: databases.messaging,
    certificate: tls.certificate,
    certificate_key: tls.key,
    certificate_authorities_dir: tls.authorities,
    auth_option: 'both',
    per_resource_auth: true,
    service_token: new LateString({ secret: serviceToken }),
    proxy_hostname: balancer?.names[0] ?? '',
    log_level: 'INFO',
    log_facilities: [],
    push_enabled: push !== undefined,
    push_tls_enabled: true,
    push_server_host: push?.slice(0, separator) ?? '',
    push_server_port: push === undefined ? 0 : Number(push.slice(separator + 1)),
    verify_push_server: true,
    push_worker_token: new LateString({ secret: userToken(pushWorker) }),
  };
  const { exclusiveWindows, requestsPerSecond } = settings;
  const ours = {
    bootstrapServers: bootstrapNodes(cluster).map(
      (broker) => `${addressing.host(broker)}:${addressing.port(broker, 'kafka', 'plaintext')}`,
    ),
    exclusiveWindows,
    limits: { requestsPerSecond },
    pushServers,
    // Until every balancer has seen that it leaves; with none, clients come one by one and there is nobody to wait for.
    leaveMs: balancer === undefined ? 0 : leaveMs,
    ...(pushSettings(site) === undefined
      ? {}
      : { endpointAuthorities: configurationPath(site, 'messaging-api', endpointAuthoritiesPath) }),
  };
  // Upstream's reader passes over what it does not know, so that one file serves both.
  return { ...known, ensemble: ours };
}

function pushSettings({ cluster }: Site<unknown>): PushServerSettings | undefined {
  return groupRunning(cluster, 'push-server')?.settings['push-server'] as PushServerSettings | undefined;
}
