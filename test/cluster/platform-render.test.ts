/** What the platform's programs are told: every rendered configuration is what its program reads, and leads where the model says. */
import { describe, expect, test } from 'vitest';
import { parseEnvironment } from '../../cluster/load.ts';
import type { Cluster } from '../../cluster/model.ts';
import { resolveCluster } from '../../cluster/resolve.ts';
import { authConfigShape } from '../../contracts/auth-config.ts';
import { messagingApiConfigShape } from '../../contracts/messaging-api-config.ts';
import { pushServerConfigShape } from '../../contracts/push-server-config.ts';
import { replicaSetConfigShape } from '../../contracts/replica-set-config.ts';
import { seedConfigShape } from '../../contracts/seed-config.ts';
import { DocumentError } from '../../documents/fault.ts';
import { change } from './environment-fixture.ts';
import { renderAll, textOf } from './rendering.ts';

const platform = `metadata: { count: 3, machine: { memoryMiB: 2048, cpus: 1 }, volumeGiB: 10 }
api:
  count: 2
  machine: { memoryMiB: 2048, cpus: 2 }
  projects:
    monitoring:
      topics:
        pms: { kafka: monitoring.pms, publishers: [collector] }
      subscriptions:
        archive: { topic: pms, consumers: [archiver] }
  users:
    collector: { email: c@example.org, projects: { monitoring: [publisher] } }
    archiver: { email: a@example.org, projects: { monitoring: [consumer] } }
push: { count: 2, machine: { memoryMiB: 1024, cpus: 1 } }
balancer: { count: 2, machine: { memoryMiB: 1024, cpus: 1 }, names: [messaging.example.org] }
`;
const withPlatform = (lines = platform) => change({ 'topics: topics.yaml\n': `topics: topics.yaml\n${lines}` });
const clusterOf = (missing: readonly string[] = [], text = withPlatform()): Cluster =>
  resolveCluster(parseEnvironment({ file: 'e.yaml', text }), missing);

/** With each late value in the place of its secret: the id, padded to what a token is long. */
function json(cluster: Cluster, node: string, path: string): unknown {
  const file = renderAll(cluster).find((each) => each.node === node && each.path.endsWith(`/${path}`));
  if (file === undefined) throw new Error(`${node} has no ${path}`);
  const text = file.text.map((part) => (typeof part === 'string' ? part : 'secret' in part ? `<${part.secret}>` : ''));
  return JSON.parse(text.join(''));
}

describe('with a replica set', () => {
  const cluster = clusterOf();

  test('the messaging API is told upstream’s keys and ours, in the shape that it parses', () => {
    const config = messagingApiConfigShape.parse(json(cluster, 'api-1', 'messaging-api/conf/config.json'));
    expect(config).toMatchObject({
      bind_ip: '127.0.0.51',
      port: 8080,
      zookeeper_hosts: ['127.0.0.11:2181', '127.0.0.12:2181', '127.0.0.13:2181'],
      kafka_znode: '/kafka',
      service_token: '<tokens/service>',
      push_worker_token: '<tokens/users/push_worker_0>',
      push_enabled: true,
      push_server_host: '127.0.0.71',
      push_server_port: 9000,
      proxy_hostname: 'messaging.example.org',
    });
    expect(config.ensemble.bootstrapServers).toEqual(['127.0.0.101:9092', '127.0.0.102:9092', '127.0.0.103:9092']);
  });

  test('the store is reached as a user of least rights, over TLS, with every member and majority writes', () => {
    const { store_host } = messagingApiConfigShape.parse(json(cluster, 'api-2', 'messaging-api/conf/config.json'));
    const url = new URL(`mongodb://${store_host.replace(/,.*?\//, '/').replace('<mongodb/application>', 'p')}`);
    expect(store_host).toContain('@127.0.0.41:27017,127.0.0.42:27017,127.0.0.43:27017/');
    expect(url.username).toBe('ensemble');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ replicaSet: 'small', tls: 'true', w: 'majority' });
  });

  test('the seed declares the projects and users of the file, the platform’s own users, and the operator’s login', () => {
    const seed = seedConfigShape.parse(json(cluster, 'api-1', 'messaging-api/conf/seed.json'));
    expect(seed.users.map(({ name, service_roles }) => [name, service_roles])).toEqual([
      ['admin', ['service_admin']],
      ['auth', ['argo_api_authn']],
      ['collector', []],
      ['archiver', []],
    ]);
    expect(seed.projects).toMatchObject([
      {
        name: 'monitoring',
        topics: [{ name: 'pms', kafka_topic: 'monitoring.pms', publishers: ['collector'] }],
        subscriptions: [{ name: 'archive', topic: 'pms', consumers: ['archiver'], ackDeadlineSeconds: 10 }],
      },
    ]);
    expect(seed.auth?.service_types[0]?.hosts).toContain('messaging.example.org');
    expect(seed.auth?.service_types[0]?.bindings[0]).toMatchObject({ auth_identifier: 'CN=operator', user: 'admin' });
  });

  test('each push server, each authentication service and each member reads its own file', () => {
    const push = pushServerConfigShape.parse(json(cluster, 'push-2', 'push-server/conf/config.json'));
    expect(push).toMatchObject({ bind_ip: '127.0.0.72', ams_host: '127.0.0.91', ams_port: 443 });
    expect(push.acl).toEqual(['api-1.small.internal', 'api-2.small.internal']);
    const auth = authConfigShape.parse(json(cluster, 'api-1', 'auth/conf/config.json'));
    expect(auth).toMatchObject({ service_port: 8081, mongo_db: 'argo_authn', service_token: '<tokens/auth>' });
    const members = replicaSetConfigShape.parse(json(cluster, 'metadata-3', 'mongodb/conf/replica-set.json'));
    expect(members).toMatchObject({ set: 'small', self: '127.0.0.43:27017' });
    expect(members.members).toHaveLength(3);
  });

  test('private authorities of push endpoints reach those that deliver and those that verify, and take no key', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    const named = (text: string) =>
      platform.replace('push: {', `push: { endpointAuthorities: ${JSON.stringify(text)},`);
    const trusting = clusterOf([], withPlatform(named(pem)));
    for (const [node, service, shape] of [
      ['push-1', 'push-server', pushServerConfigShape],
      ['api-2', 'messaging-api', messagingApiConfigShape],
    ] as const) {
      const { endpointAuthorities } = shape.parse(json(trusting, node, `${service}/conf/config.json`)).ensemble;
      const file = renderAll(trusting).find((each) => each.node === node && each.path === endpointAuthorities);
      expect(file?.text).toEqual([pem]);
      const empty = renderAll(cluster).find((each) => each.node === node && each.path === endpointAuthorities);
      expect(empty?.text, 'it is there beforehand, so that a first authority needs no restart').toEqual(['']);
    }
    const key = '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n';
    expect(() => clusterOf([], withPlatform(named(`${pem}${key}`)))).toThrow(DocumentError);
  });

  test('no secret stands in any file before it is filled in', () => {
    for (const file of renderAll(cluster)) expect(textOf(file)).not.toMatch(/[0-9a-f]{64}/);
  });

  test('files with a token in them are for their owner alone', () => {
    const open = renderAll(cluster).filter(
      ({ text, mode }) =>
        text.some((part) => typeof part !== 'string' && 'secret' in part && !part.secret.endsWith('.pem')) &&
        (mode & 0o077) !== 0,
    );
    expect(open.map(({ path }) => path)).toEqual([]);
  });
});

describe('on a machine that lacks', () => {
  test('a mongod, a stand-in serves alone in its place, and everything that reads the store is told its address', () => {
    const cluster = clusterOf(['mongodb']);
    const metadata = cluster.groups.find(({ role }) => role === 'metadata');
    expect(metadata?.services).toEqual(['mongodb-stand-in']);
    expect(metadata?.nodes.map(({ id }) => id)).toEqual(['metadata-1']);
    expect(cluster.standIns).toEqual({ mongodb: 'mongodb-stand-in' });
    const { store_host } = messagingApiConfigShape.parse(json(cluster, 'api-1', 'messaging-api/conf/config.json'));
    expect(store_host).toBe('127.0.0.41:27017');
  });

  test('HAProxy, the balancer is left out, and push servers and logins go to the API itself', () => {
    const cluster = clusterOf(['haproxy']);
    expect(cluster.lacking).toEqual(['haproxy']);
    expect(cluster.groups.map(({ role }) => role)).not.toContain('balancer');
    const push = pushServerConfigShape.parse(json(cluster, 'push-1', 'push-server/conf/config.json'));
    expect(push).toMatchObject({ ams_host: '127.0.0.51', ams_port: 8080 });
  });

  test('something that the environment does not ask for, nothing changes', () => {
    const text = change({});
    const cluster = resolveCluster(parseEnvironment({ file: 'e.yaml', text }), ['mongodb', 'haproxy']);
    expect([cluster.standIns, cluster.lacking]).toEqual([{}, []]);
  });
});
