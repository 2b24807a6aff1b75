/** What the database begins with: the environment's users, projects, topics and subscriptions, and how a certificate finds its user. */

import { LateString } from '../late-json.ts';
import { databases, storeHost } from '../mongodb/connection.ts';
import { groupRunning, nodesRunning } from '../peers.ts';
import type { Site } from '../service.ts';
import { adminUser, authUser, pushWorker, userToken } from '../tokens.ts';
import type { MessagingApiSettings } from './settings.ts';

/** seed.json, in the shape of contracts/seed-config.ts. */
export function seedJson(site: Site<MessagingApiSettings>): object {
  const { cluster, settings } = site;
  const token = (user: string) => new LateString({ secret: userToken(user) });
  const domain = cluster.domain;
  const people = Object.entries(settings.users).map(([name, { email, serviceRoles, projects }]) => ({
    name,
    email,
    token: token(name),
    service_roles: serviceRoles,
    projects: Object.entries(projects).map(([project, roles]) => ({ project, roles })),
  }));
  return {
    store_host: new LateString(...storeHost(site, 'messaging-api')),
    store_db: databases.messaging,
    users: [
      {
        name: adminUser,
        email: `${adminUser}@${domain}`,
        token: token(adminUser),
        service_roles: ['service_admin'],
        projects: [],
      },
      {
        name: authUser,
        email: `${authUser}@${domain}`,
        token: token(authUser),
        service_roles: ['argo_api_authn'],
        projects: [],
      },
      ...people,
    ],
    push_worker: { name: pushWorker, token: token(pushWorker) },
    projects: Object.entries(settings.projects).map(([name, { description, topics, subscriptions }]) => ({
      name,
      description,
      topics: Object.entries(topics).map(([topic, { kafka, publishers }]) => ({
        name: topic,
        ...(kafka === undefined ? {} : { kafka_topic: kafka }),
        publishers,
      })),
      subscriptions: Object.entries(subscriptions).map(([subscription, fields]) => ({ name: subscription, ...fields })),
    })),
    auth: { store_db: databases.authentication, service_types: [certificateLogin(site)] },
  };
}

/** The operator's certificate is the admin's key: whoever holds the environment's secrets needs no second one. */
function certificateLogin(site: Site<MessagingApiSettings>): object {
  const { addressing, cluster } = site;
  const front = groupRunning(cluster, 'haproxy');
  const [service, listener] = front === undefined ? ['messaging-api', 'https'] : ['haproxy', 'api'];
  const nodes = nodesRunning(cluster, service);
  const [first] = nodes;
  // A client names the host that it reaches the platform under: a name where there is one, an address on this machine.
  const entrances = [
    ...nodes.map((node) => ({ host: addressing.host(node), port: addressing.port(node, service, listener) })),
    ...(first === undefined
      ? []
      : (front?.names ?? []).map((host) => ({ host, port: addressing.port(first, service, listener) }))),
  ];
  return {
    name: 'ams',
    type: 'ams',
    hosts: entrances.map(({ host }) => host),
    auth_method: 'headers',
    methods: entrances.map((entrance) => ({
      ...entrance,
      headers: { 'x-api-key': new LateString({ secret: userToken(authUser) }) },
    })),
    bindings: entrances.map(({ host }, index) => ({
      name: `operator-${index + 1}`,
      host,
      auth_identifier: 'CN=operator',
      user: adminUser,
    })),
  };
}
