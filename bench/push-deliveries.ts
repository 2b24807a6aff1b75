/**
 * Push deliveries: what one costs a push server (pull, POST, acknowledge), against the same endpoint POSTed to by a bare loop with as many connections. The messaging
 * API (over memory), the push server, the endpoint and the loop share one process, so this is the sum of all their work on one core.
 */
import { HttpClient } from '../programs/push-server/http-client.ts';
import { startPushServer } from '../programs/push-server/push-server.ts';
import { Certificates, Endpoint, pushConfig, startPushApi, until } from '../test/programs/push-server/push-fixture.ts';
import { compare, type Figure, Samples } from './figure.ts';

const subscriptions = 32;
const rounds = 3;
const patienceMs = 120_000;

export const pushDeliveries: Figure = {
  name: 'push-deliveries',
  async measure(progress) {
    const samples = new Samples('µs');
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, maxMessages, messages] of [
        ['single messages', 1, 10],
        ['bundles of 100', 100, 200],
      ] as const) {
        progress(`round ${round + 1}, ${name}`);
        const { deliveredMs, bareMs } = await once(maxMessages, messages);
        const count = subscriptions * messages;
        samples.add(`push server, ${name}, a message`, (deliveredMs * 1_000) / count);
        samples.add(`bare POSTs, ${name}, a message`, (bareMs * 1_000) / count);
      }
    }
    return {
      figure: 'push-deliveries',
      about: `${subscriptions} subscriptions to one topic, 10 messages each one by one, or 200 in bundles of 100; microseconds of the whole for a message.`,
      samples: samples.all(),
      comparisons: ['single messages', 'bundles of 100'].map((name) =>
        compare(
          `push server / bare POSTs, ${name}`,
          samples.get(`push server, ${name}, a message`),
          samples.get(`bare POSTs, ${name}, a message`),
        ),
      ),
      notes: [
        'The floor POSTs the bodies that the push server sent, with one connection for each subscription, and does nothing else. A delivery is three requests (pull, POST, acknowledge).',
        'A policy of 1 ms: real ones (3,000 ms by default) give each subscription one cycle a period.',
      ],
    };
  },
};

async function once(maxMessages: number, messages: number): Promise<{ deliveredMs: number; bareMs: number }> {
  const certificates = new Certificates();
  const { pem } = await certificates.authority();
  const [endpoint, api] = [await Endpoint.start(certificates), await startPushApi(certificates)];
  await api.topic('T');
  const push = { maxMessages, retryPolicy: { type: 'linear', period: 1 } };
  for (let index = 0; index < subscriptions; index += 1)
    await api.subscribe(`S${index}`, 'T', { ...push, pushEndpoint: endpoint.url(`/${index}`) });
  await api.publish(
    'T',
    Array.from({ length: messages }, (_, index) => `m${index}`),
  );
  const startedMs = performance.now();
  const server = await startPushServer(await pushConfig(certificates, api.port), { warn: () => {} });
  await until(
    () => server.delivered(),
    (count) => count >= subscriptions * messages,
    patienceMs,
  );
  const deliveredMs = performance.now() - startedMs;
  await server.stop();
  const bodies = endpoint.posted.map(({ path, body }) => ({ path, body }));
  const client = new HttpClient({ authorities: pem, verify: true });
  const bareFromMs = performance.now();
  await Promise.all(
    Array.from({ length: subscriptions }, async (_, index) => {
      for (const { body } of bodies.filter(({ path }) => path === `/${index}`)) {
        const headers = { 'content-type': 'application/json' };
        const wantsBody = () => false;
        const url = endpoint.url(`/${index}`);
        await client.send(url, { method: 'POST', headers, body, timeoutMs: patienceMs, mostBytes: 1_000, wantsBody });
      }
    }),
  );
  const bareMs = performance.now() - bareFromMs;
  client.close();
  await Promise.all([api.stop(), endpoint.stop()]);
  certificates.remove();
  return { deliveredMs, bareMs };
}
