/** config.json of a push server in upstream's keys, and its certificate. */
import type { ServiceFile } from '../../model.ts';
import { LateString, renderJson } from '../late-json.ts';
import { databases, storeHost } from '../mongodb/connection.ts';
import { groupHost, groupRunning, nodeName, nodesRunning } from '../peers.ts';
import { configuration, configurationPath, type Site } from '../service.ts';
import { tlsFiles, tlsPaths } from '../tls-files.ts';
import { pushWorker, userToken } from '../tokens.ts';
import { endpointAuthoritiesFile, endpointAuthoritiesPath } from './endpoint-authorities.ts';
import type { PushServerSettings } from './settings.ts';

export function files(site: Site<PushServerSettings>): readonly ServiceFile[] {
  return [
    // Who may call is read again with the certificates: an API node that joins is let in without a restart.
    { place: configuration, path: 'config.json', mode: 0o600, reloaded: ['acl'], text: renderJson(config(site)) },
    ...tlsFiles(site),
    endpointAuthoritiesFile(site.settings),
  ];
}

function config(site: Site<PushServerSettings>): object {
  const { addressing, cluster, node } = site;
  const tls = tlsPaths(site, 'push-server');
  // Through the balancers where there are some, and any of them: an API node or a balancer that leaves takes no push server with it.
  const [service, listener] =
    groupRunning(cluster, 'haproxy') === undefined ? ['messaging-api', 'https'] : ['haproxy', 'api'];
  const entrance = groupRunning(cluster, service);
  const [first] = entrance?.nodes ?? [];
  return {
    bind_ip: addressing.bind(node),
    bind_port: addressing.port(node, 'push-server', 'grpc'),
    certificate: tls.certificate,
    certificate_key: tls.key,
    certificate_authorities_dir: tls.authorities,
    ams_token: new LateString({ secret: userToken(pushWorker) }),
    ams_host: entrance === undefined ? '' : (groupHost(site, entrance) ?? ''),
    ams_port: first === undefined ? 0 : addressing.port(first, service, listener),
    verify_ssl: true,
    tls_enabled: true,
    trust_unknown_cas: false,
    log_level: 'info',
    skip_subs_load: false,
    // An API node shows its server certificate; its common name is the node's.
    acl: nodesRunning(cluster, 'messaging-api').map((member) => nodeName(cluster, member)),
    syslog_enabled: false,
    ensemble: {
      storeHost: new LateString(...storeHost(site, 'push-server')),
      storeDb: databases.messaging,
      certificateAuthority: tls.authority,
      endpointAuthorities: configurationPath(site, 'push-server', endpointAuthoritiesPath),
      operations: { bind: addressing.bind(node), port: addressing.port(node, 'push-server', 'metrics') },
    },
  };
}
