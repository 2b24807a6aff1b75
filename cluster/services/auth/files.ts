/** config.json of the authentication service in upstream's keys, and its certificate. */
import type { ServiceFile } from '../../model.ts';
import { leaveMs } from '../haproxy/timing.ts';
import { LateString, renderJson } from '../late-json.ts';
import { databases, storeHost } from '../mongodb/connection.ts';
import { groupRunning } from '../peers.ts';
import { configuration, type Site } from '../service.ts';
import { tlsFiles, tlsPaths } from '../tls-files.ts';
import { authToken } from '../tokens.ts';
import type { AuthSettings } from './settings.ts';

export function files(site: Site<AuthSettings>): readonly ServiceFile[] {
  return [
    { place: configuration, path: 'config.json', mode: 0o600, text: renderJson(config(site)) },
    ...tlsFiles(site),
  ];
}

function config(site: Site<AuthSettings>): object {
  const { addressing, cluster, node } = site;
  const tls = tlsPaths(site, 'auth');
  return {
    service_port: addressing.port(node, 'auth', 'https'),
    mongo_host: new LateString(...storeHost(site, 'auth')),
    mongo_db: databases.authentication,
    certificate_authorities: tls.authorities,
    certificate: tls.certificate,
    certificate_key: tls.key,
    service_token: new LateString({ secret: authToken }),
    supported_auth_types: ['x509'],
    supported_auth_methods: ['api-key', 'headers'],
    supported_service_types: ['ams', 'web-api', 'custom'],
    service_types_paths: { ams: '/v1/users:byUUID/{{identifier}}' },
    service_types_retrieval_fields: { ams: 'token' },
    verify_ssl: true,
    trust_unknown_cas: false,
    // Expiry is looked at; our authority names no revocation list, so that one is asked for only where a certificate names it.
    verify_certificate: true,
    ensemble: {
      bindAddress: addressing.bind(node),
      certificateAuthority: tls.authority,
      revocation: 'whenNamed',
      // Until every balancer has seen that it leaves; with none, there is nobody to wait for.
      leaveMs: groupRunning(cluster, 'haproxy') === undefined ? 0 : leaveMs,
    },
  };
}
