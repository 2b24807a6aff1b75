/**
 * mongod.conf, the set's key file, the certificate, and what the replica-set program is to make of the members.
 * Sources: MongoDB manual, "Configuration File Options", "Production Notes", "Deploy New Replica Set With Keyfile Access Control". Reasons beside each line.
 */
import type { ServiceFile } from '../../model.ts';
import { LateString, renderJson } from '../late-json.ts';
import { nodesRunning } from '../peers.ts';
import { configuration, configurationPath, type Site } from '../service.ts';
import { tlsFiles, tlsPaths } from '../tls-files.ts';
import { applicationPassword, applicationUser, databases } from './connection.ts';
import { adminPassword, keyFile } from './process.ts';
import type { MongodbSettings } from './settings.ts';

export function files(site: Site<MongodbSettings>): readonly ServiceFile[] {
  return [
    { place: configuration, path: 'mongod.conf', text: [mongodConf(site)] },
    // A member refuses a key file that others may read.
    { place: configuration, path: 'key-file', mode: 0o400, text: [{ secret: keyFile }] },
    // Chain and key in one file, which is what certificateKeyFile takes.
    {
      place: configuration,
      path: 'tls/keystore.pem',
      mode: 0o600,
      text: [{ secret: `tls/${site.node.id}.keystore.pem` }],
    },
    ...tlsFiles(site),
    { place: configuration, path: 'replica-set.json', mode: 0o600, text: renderJson(replicaSet(site)) },
  ];
}

/** A path or name as YAML takes it whatever stands in it. */
const quoted = (text: string) => JSON.stringify(text);

function mongodConf(site: Site<MongodbSettings>): string {
  const { addressing, cluster, node, settings } = site;
  const path = (file: string) => quoted(configurationPath(site, 'mongodb', file));
  const volume = addressing.path(node, 'mongodb', { kind: 'volume', volume: node.volumes[0]?.name ?? 'data-1' });
  return `# MongoDB on ${node.id}
# Rendered by ensemble from the environment file; a change made here is lost at the next rendering.

storage:
  # a folder within the node’s own volume: were the volume not mounted, the folder would be missing and the start would stop
  dbPath: ${quoted(volume)}
  wiredTiger:
    engineConfig:
      # written out: inside a container’s limit the default takes half of the machine
      cacheSizeGB: ${(settings.cacheMiB / 1024).toFixed(2)}
net:
  # listens where the node is reached; the first user is made through that address too, where it is one of this machine’s own
  bindIp: ${quoted(addressing.bind(node))}
  port: ${addressing.port(node, 'mongodb', 'server')}
  tls:
    # no plain connection, not even between members
    mode: requireTLS
    certificateKeyFile: ${path('tls/keystore.pem')}
    CAFile: ${path('tls/ca.pem')}
    # programs prove themselves by name and password; members by the key file
    allowConnectionsWithoutCertificates: true
security:
  keyFile: ${path('key-file')}
  authorization: enabled
replication:
  replSetName: ${cluster.environment}
`;
}

function replicaSet(site: Site<MongodbSettings>): object {
  const { addressing, cluster, node } = site;
  const tls = tlsPaths(site, 'mongodb');
  const host = (member: typeof node) => `${addressing.host(member)}:${addressing.port(member, 'mongodb', 'server')}`;
  return {
    set: cluster.environment,
    members: nodesRunning(cluster, 'mongodb').map((member) => ({ host: host(member), ordinal: member.ordinal })),
    self: host(node),
    tls: {
      certificateAuthority: tls.authority,
      certificateKey: configurationPath(site, 'mongodb', 'tls/keystore.pem'),
    },
    admin: { name: 'admin', password: new LateString({ secret: adminPassword }) },
    users: [
      {
        name: applicationUser,
        password: new LateString({ secret: applicationPassword }),
        roles: Object.values(databases).map((db) => ({ role: 'readWrite', db })),
      },
    ],
  };
}
