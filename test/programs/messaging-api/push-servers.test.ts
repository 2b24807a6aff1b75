/** The API as the push servers' client: the calls, texts and certificates of the reference's section 5, and what a server that fails does to it. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { messagingApiConfigShape } from '../../../contracts/messaging-api-config.ts';
import { createEndpointFetch } from '../../../programs/messaging-api/push/endpoint.ts';
import { type ConnectedPushServers, connectPushServers } from '../../../programs/messaging-api/push/push-servers.ts';
import { type Api, refusal, startWithSubscription } from './api-fixture.ts';
import { type FakePushServer, makeCertificates, mutualTls, startPushServer } from './push-fixture.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function server(...given: Parameters<typeof startPushServer>): Promise<FakePushServer> {
  const started = await startPushServer(...given);
  ends.push(() => started.stop());
  return started;
}

function connected(pushServers: readonly string[], more: object = {}): ConnectedPushServers {
  const push = connectPushServers(
    messagingApiConfigShape.parse({ push_enabled: true, ensemble: { pushServers }, ...more }),
  );
  ends.push(() => push.close());
  return push;
}

const name = '/projects/P/subscriptions/S';
const active = `Subscription ${name} is currently active`;

/** An API with a push worker. */
async function withPush(
  push: ConnectedPushServers,
  fetchText?: (url: string) => Promise<{ status: number; body: string }>,
): Promise<Api> {
  const config = { push_enabled: true, push_worker_token: 'worker-token' };
  const api = await startWithSubscription(config, { push, ...(fetchText === undefined ? {} : { fetchText }) });
  await api.user('push_worker_0', [], ['push_worker']);
  await api.store.users.change({ name: 'push_worker_0' }, { set: { token: 'worker-token' } });
  return api;
}

const modify = 'projects/P/subscriptions/S:modifyPushConfig';
const mattermost = {
  type: 'mattermost',
  mattermostUrl: 'https://chat.example.org/hooks/x',
  mattermostUsername: 'bot',
  mattermostChannel: 'alarms',
  base64Decode: true,
};

test('a mattermost subscription is active at once, with every field of its configuration (2, 5)', async () => {
  const one = await server();
  const api = await withPush(connected([one.endpoint]));
  await api.make('POST', modify, { pushConfig: mattermost });
  expect(one.activated).toEqual([
    {
      full_name: name,
      full_topic: '/projects/P/topics/T',
      push_config: {
        push_endpoint: '',
        retry_policy: { type: 'linear', period: 3000 },
        max_messages: 1,
        authorization_header: '',
        type: 'MATTERMOST',
        mattermost_url: 'https://chat.example.org/hooks/x',
        mattermost_username: 'bot',
        mattermost_channel: 'alarms',
        base_64_decode: true,
      },
    },
  ]);
  expect(await api.make('GET', 'projects/P/subscriptions/S')).toMatchObject({ pushStatus: active });
  const removed = await api.make('DELETE', 'projects/P/subscriptions/S');
  expect(removed).toEqual({ message: `Subscription ${name} deactivated` });
  expect(one.deactivated).toEqual([name]);
});

test('an endpoint is active once it is verified, with the header of its own; a change takes it off, the worker too (2, 5)', async () => {
  const one = await server();
  let body = '';
  const api = await withPush(connected([one.endpoint]), async () => ({ status: 200, body }));
  const pushConfig = {
    type: 'http_endpoint',
    pushEndpoint: 'https://example.org/in',
    maxMessages: 5,
    retryPolicy: { type: 'slowstart' },
  };
  await api.make('POST', modify, { pushConfig });
  expect(one.activated).toEqual([]);
  const stored = await api.store.subscriptions.first({ name: 'S' });
  body = stored?.verification_hash ?? '';
  await api.make('POST', 'projects/P/subscriptions/S:verifyPushEndpoint');
  expect(one.activated.map(({ push_config }) => push_config)).toMatchObject([
    {
      type: 'HTTP_ENDPOINT',
      push_endpoint: 'https://example.org/in',
      max_messages: 5,
      authorization_header: stored?.authorization_header,
      retry_policy: { type: 'slowstart', period: 0 },
    },
  ]);
  const again = await api.ask('POST', 'projects/P/subscriptions/S:verifyPushEndpoint');
  expect(again.body).toEqual(refusal(409, 'CONFLICT', 'Push endpoint is already verified'));
  await api.make('POST', modify, { pushConfig: {} });
  expect(one.deactivated).toEqual([name]);
  expect(await api.make('GET', 'projects/P/subscriptions/S:acl')).toEqual({ authorized_users: [] });
  expect((await api.ask('POST', 'projects/P/subscriptions/S:verifyPushEndpoint')).body).toEqual(
    refusal(409, 'CONFLICT', 'Subscription is not in http push mode'),
  );
});

test('the servers are tried in turn, and the one that answered is asked first from then on', async () => {
  const [one, two] = [await server(), await server()];
  const push = connected([one.endpoint, two.endpoint]);
  expect(await push.deactivate('a')).toBe('Subscription a deactivated');
  one.stop();
  expect(await push.deactivate('b')).toBe('Subscription b deactivated');
  expect([one.deactivated, two.deactivated]).toEqual([['a'], ['b']]);
  two.stop();
  expect(await push.deactivate('c')).toBe('Push server is currently unavailable');
});

test('a server that is not ready yet passes on to the next; where none is, its words are shown (5)', async () => {
  const [one, two] = [await server(), await server()];
  const words = 'The push service is currently unable to handle any requests';
  one.failure = { code: status.INTERNAL, details: words };
  const push = connected([one.endpoint, two.endpoint]);
  expect(await push.status(name)).toBe(active);
  two.failure = one.failure;
  expect(await push.status(name)).toBe(`Error: ${words}`);
});

test('a refusal is an answer: nobody else is asked (5)', async () => {
  const [one, two] = [await server(), await server()];
  one.failure = { code: status.NOT_FOUND, details: `Subscription ${name} is not active` };
  expect(await connected([one.endpoint, two.endpoint]).deactivate(name)).toBe(
    `Error: Subscription ${name} is not active`,
  );
  expect(two.deactivated).toEqual([]);
});

test('a server that comes back is found again', async () => {
  const one = await server();
  const push = connected([one.endpoint]);
  expect(await push.status(name)).toBe(active);
  one.stop();
  await until(async () => (await push.status(name)) === 'Push server is currently unavailable');
  await server(undefined, Number(one.endpoint.split(':')[1]));
  await until(async () => (await push.status(name)) === active);
});

test('the status shows the health of each server, and is not kept waiting by one that hangs (2, 5)', async () => {
  const [one, two, three] = [await server(), await server(), await server()];
  two.failure = 'hang';
  three.failure = { code: status.INTERNAL, details: 'not ready' };
  const gone = 'localhost:1';
  const api = await withPush(connected([one.endpoint, two.endpoint, three.endpoint, gone]));
  expect((await api.ask('GET', 'status', { key: '' })).body).toEqual({
    status: 'ok',
    push_servers: [
      { endpoint: one.endpoint, status: 'SERVING' },
      { endpoint: two.endpoint, status: 'Push server is currently unavailable' },
      { endpoint: three.endpoint, status: 'Error: not ready' },
      { endpoint: gone, status: 'Push server is currently unavailable' },
    ],
  });
});

test('upstream’s two keys name the one server that upstream knows; with push off nobody is asked', async () => {
  const one = await server();
  const given = { push_server_host: 'localhost', push_server_port: Number(one.endpoint.split(':')[1]) };
  expect(await connected([], given).status(name)).toBe(active);
  const off = connected([one.endpoint], { push_enabled: false });
  expect([await off.status(name), await off.health()]).toEqual(['Push server is currently unavailable', []]);
});

test('over TLS the API shows its own certificate, and believes only its authorities (5)', async () => {
  const certificates = await makeCertificates();
  const one = await server(mutualTls(certificates));
  const tls = { push_tls_enabled: true, ...certificates.files };
  expect(await connected([one.endpoint], tls).status(name)).toBe(active);
  expect(one.callers).toEqual(['master-1']);
  const strangers = await makeCertificates('stranger');
  const other = {
    push_tls_enabled: true,
    ...certificates.files,
    ...{ certificate_authorities_dir: strangers.files.certificate_authorities_dir },
  };
  expect(await connected([one.endpoint], other).status(name)).toBe('Push server is currently unavailable');
  expect(await connected([one.endpoint], { ...other, verify_push_server: false }).status(name)).toBe(active);
  const impostor = {
    push_tls_enabled: true,
    ...strangers.files,
    certificate_authorities_dir: certificates.files.certificate_authorities_dir,
  };
  expect(await connected([one.endpoint], impostor).status(name)).toBe('Push server is currently unavailable');
});

test('a renewed certificate is shown from the next call on', async () => {
  const certificates = await makeCertificates();
  const one = await server(mutualTls(certificates));
  const push = connected([one.endpoint], { push_tls_enabled: true, ...certificates.files });
  await push.status(name);
  // Another one of the same authority: the server's own will do.
  writeFileSync(certificates.files.certificate, certificates.server.certificatePem);
  writeFileSync(certificates.files.certificate_key, certificates.server.keyPem);
  push.renew();
  expect(await push.status(name)).toBe(active);
  expect(one.callers).toEqual(['master-1', 'push-1']);
});

test('an endpoint is asked over https with the authorities of the environment, within bounds (5)', async () => {
  const { server: own, files } = await makeCertificates();
  const answers: Record<string, (say: (status: number, body: string, location?: string) => void) => void> = {
    '/ams_verification_hash': (say) => say(200, 'the-hash'),
    '/moved': (say) => say(302, '', '/ams_verification_hash'),
    '/loop': (say) => say(302, '', '/loop'),
    '/http': (say) => say(302, '', 'http://127.0.0.1/x'),
    '/long': (say) => say(200, 'x'.repeat(5_000_000)),
  };
  const endpoint = createServer({ key: own.keyPem, cert: own.certificatePem }, (request, reply) => {
    answers[request.url ?? '']?.((code, body, location) => {
      reply.writeHead(code, location === undefined ? {} : { location });
      reply.end(body);
    });
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  ends.push(() => endpoint.close());
  const base = `https://localhost:${(endpoint.address() as AddressInfo).port}`;
  const ask = createEndpointFetch(`${files.certificate_authorities_dir}/ca.pem`);
  expect(await ask(`${base}/ams_verification_hash`)).toEqual({ status: 200, body: 'the-hash' });
  expect(await ask(`${base}/moved`)).toEqual({ status: 200, body: 'the-hash' });
  expect((await ask(`${base}/long`)).body).toHaveLength(4_096);
  await expect(ask(`${base}/loop`)).rejects.toThrow('redirects more than 5 times');
  await expect(ask(`${base}/http`)).rejects.toThrow('without https');
  await expect(createEndpointFetch('')(`${base}/moved`)).rejects.toThrow(/certificate/);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 12_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
