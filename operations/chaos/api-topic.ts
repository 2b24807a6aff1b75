/**
 * A run's own project on the messaging API: a topic, a subscription to pull from, and one that is pushed where the scenario asks for it. The name of Kafka's
 * topic begins with an id that the API shows to nobody: it is found by its end.
 */
import { type ApiClient, type ApiClientOptions, apiClient } from '../../chaos/api-client.ts';
import type { PushEndpoint } from '../../chaos/api-workload.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { adminUser, userToken } from '../../cluster/services/tokens.ts';
import { authorityCertificateId } from '../../secrets/authority.ts';
import type { Deployment } from '../deployment.ts';
import { neverBroughtUp } from '../errors.ts';
import { nodesRunning } from '../health.ts';
import { apiRefused } from './errors.ts';

export const subscription = 'pulled';
const pushedSubscription = 'pushed';
export const ackDeadlineSeconds = 30;
/** Each cycle of a push server; the least that is worth its pulls. */
const pushPeriodMs = 200;
const pushAtOnce = 100;

export interface Reach extends Pick<Deployment, 'environment' | 'addressing'> {
  readonly secrets: Pick<Deployment['secrets'], 'read'>;
}

/** Of the environment's balancers, or of the API's own nodes. @throws EnsembleError OPERATIONS_NEVER_BROUGHT_UP for an environment without an API */
export async function apiAccess(deployment: Reach, via: 'balancer' | 'api'): Promise<ApiClientOptions> {
  const { addressing, environment, secrets } = deployment;
  const read = async (id: string) => (await secrets.read(id))?.toString('utf8');
  const [token, authority] = [await read(userToken(adminUser)), await read(authorityCertificateId)];
  if (token === undefined || authority === undefined) throw neverBroughtUp(environment.cluster.environment);
  const [service, listener] = via === 'balancer' ? ['haproxy', 'api'] : ['messaging-api', 'https'];
  const entrances = nodesRunning(environment.cluster.groups, service).map(
    (node) => `https://${addressing.host(node)}:${addressing.port(node, service, listener)}`,
  );
  return { entrances, token, authority };
}

/** The project and its topic have one name. @throws EnsembleError OPERATIONS_CHAOS_API_REFUSED, and what the network says */
export async function makeApiTopic(
  access: ApiClientOptions,
  name: string,
  endpoint: PushEndpoint | undefined,
): Promise<void> {
  const client = apiClient(access);
  const topic = `projects/${name}/topics/${name}`;
  try {
    await expected(client, 'POST', `/projects/${name}`, { description: 'made by a chaos run, which removes it' });
    await expected(client, 'PUT', `/${topic}`, {});
    await expected(client, 'PUT', `/projects/${name}/subscriptions/${subscription}`, { topic, ackDeadlineSeconds });
    if (endpoint !== undefined)
      await expected(client, 'PUT', `/projects/${name}/subscriptions/${pushedSubscription}`, {
        topic,
        ackDeadlineSeconds,
        pushConfig: {
          type: 'mattermost',
          mattermostUrl: endpoint.url,
          maxMessages: pushAtOnce,
          base64Decode: true,
          retryPolicy: { type: 'linear', period: pushPeriodMs },
        },
      });
    // Kafka's topic is made by the first publish; this message is none that is looked for later.
    await expected(client, 'POST', `/${topic}:publish`, {
      messages: [{ data: Buffer.from('first').toString('base64') }],
    });
  } finally {
    client.close();
  }
}

/** Idempotent; Kafka's topics with it. @throws what the network or the API says */
export async function removeApiTopic(access: ApiClientOptions, name: string): Promise<void> {
  const client = apiClient(access);
  try {
    const { status } = await client.ask('DELETE', `/projects/${name}`);
    if (status !== 200 && status !== 404) throw apiRefused('DELETE', `/projects/${name}`, status);
  } finally {
    client.close();
  }
}

/** Kafka's topics that belong to it. */
export async function kafkaTopicsOf(
  connection: KafkaConnection,
  name: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { topics } = await connection.metadata(undefined, signal === undefined ? {} : { signal });
  return topics.map(({ topic }) => topic).filter((topic) => topic.endsWith(`.${name}`));
}

async function expected(client: ApiClient, method: 'POST' | 'PUT', path: string, body: object): Promise<void> {
  const { status } = await client.ask(method, path, body);
  if (status !== 200) throw apiRefused(method, path, status);
}
