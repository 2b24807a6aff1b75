/** Projects, topics, subscriptions, schemas and users of every role for requests to hit, made anew where they were deleted. */
import { routes } from '../../programs/messaging-api/app.ts';
import { createRouter } from '../../programs/messaging-api/router.ts';
import { type Api, startApi } from '../programs/messaging-api/api-fixture.ts';

export interface World {
  readonly api: Api;
  /** By the user's name. */
  readonly keys: Record<string, string>;
  /** uuids and tokens of users, and uuids of registrations. */
  readonly ids: readonly string[];
  mend(): Promise<void>;
  /** The path of the document that a request met. */
  templateOf(method: string, url: string): string;
}

const kafkaTopic = 'monitoring.pms';

export async function createWorld(): Promise<World> {
  const config = { push_enabled: true, push_worker_token: 'worker-token' };
  const hash = { status: 200, body: '' };
  const api = await startApi(config, { fetchText: async () => hash });
  api.backend.grow(kafkaTopic, 3);
  const keys: Record<string, string> = { nobody: 'unknown' };
  const ids: string[] = ['no'];
  const find = createRouter(routes);
  const make = async (method: 'POST' | 'PUT', path: string, body?: object) => {
    const reply = await api.ask(method, path, body === undefined ? {} : { body });
    return reply.status === 200 ? (reply.body as Record<string, unknown>) : undefined;
  };
  const world: World = {
    api,
    keys,
    ids,
    templateOf: (method, url) => {
      const path = decodeURIComponent(url.split('?')[0] ?? '');
      const match = find(method, path);
      return match === undefined ? path : `/v1${match.route.path}`;
    },
    async mend() {
      for (const project of ['P', 'Q']) {
        await make('POST', `projects/${project}`, {});
        await make('PUT', `projects/${project}/topics/T`);
      }
      await make('PUT', 'projects/P/topics/M');
      await api.store.topics.change({ name: 'M' }, { set: { kafka_topic: kafkaTopic } });
      await make('PUT', 'projects/P/subscriptions/S', { topic: 'projects/P/topics/T' });
      await make('PUT', 'projects/P/subscriptions/O', { topic: 'projects/P/topics/M' });
      const pushConfig = { type: 'http_endpoint', pushEndpoint: 'https://example.org' };
      await make('PUT', 'projects/P/subscriptions/H', { topic: 'projects/P/topics/T', pushConfig });
      hash.body = (await api.store.subscriptions.first({ name: 'H' }))?.verification_hash ?? '';
      await make('POST', 'projects/P/schemas/X', { type: 'json', schema: { type: 'object' } });
      await make('POST', 'projects/P/schemas/A', { type: 'avro', schema: 'string' });
      for (const [name, role] of Object.entries({
        admin: 'project_admin',
        publisher: 'publisher',
        consumer: 'consumer',
      })) {
        const made = await make('POST', `users/${name}`, { email: 'x@y', projects: [{ project: 'P', roles: [role] }] });
        if (made !== undefined) ids.push(String(made.uuid), String(made.token));
        keys[name] = (await api.store.users.first({ name }))?.token ?? 'gone';
      }
      await make('POST', 'users/push_worker_0', { email: '', service_roles: ['push_worker'] });
      await api.store.users.change({ name: 'push_worker_0' }, { set: { token: 'worker-token' } });
      keys.push_worker = 'worker-token';
      for (const path of ['topics/T', 'topics/M', 'subscriptions/S', 'subscriptions/O'])
        await make('POST', `projects/P/${path}:modifyAcl`, { authorized_users: ['publisher', 'consumer'] });
      const registration = await make('POST', 'registrations', { name: `r${ids.length}` });
      if (registration !== undefined) ids.push(String(registration.uuid));
      for (const topic of ['T', 'M'])
        await make('POST', `projects/P/topics/${topic}:publish`, { messages: [{ data: 'e30=' }] });
    },
  };
  await world.mend();
  return world;
}
