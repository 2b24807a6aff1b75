/** Pulls that wait (reference, section 3, `returnImmediately`): what ends them, what they cost, and what becomes of a client that is gone. */
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import {
  type Api,
  publishTexts,
  pullMessages,
  type Received,
  serviceToken,
  startApi,
  startWithSubscription,
} from './api-fixture.ts';
import { startWithMapped } from './mapped-fixture.ts';

const path = '/v1/projects/P/subscriptions/S:pull';

async function longPull(api: Api, body: object): Promise<readonly string[]> {
  const answer = await api.make('POST', 'projects/P/subscriptions/S:pull', body);
  return (answer as { receivedMessages: readonly Received[] }).receivedMessages.map(({ message }) => message.messageId);
}

/** Polls, with a bound. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 0; !(await condition()); looks += 1) {
    if (looks > 1_000) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Until the node asks for the ends of logs, which it does for pulls that wait. */
function waiting({ backend }: Api): Promise<void> {
  const before = backend.looks;
  return until(() => backend.looks > before);
}

test('with returnImmediately "false" a pull that finds fewer messages waits for the others', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a');
  const pulled = longPull(api, { maxMessages: '3', returnImmediately: 'false' });
  await waiting(api);
  await publishTexts(api, 'b', 'c');
  expect(await pulled).toEqual(['0', '1', '2']);
});

test('what another node publishes ends the wait too', async () => {
  const api = await startWithSubscription();
  const other = await startApi({}, { store: api.store, backend: api.backend });
  await publishTexts(api, 'a');
  const pulled = longPull(api, { maxMessages: '2', returnImmediately: 'false' });
  await publishTexts(other, 'b');
  expect(await pulled).toEqual(['0', '1']);
});

test('with waitSeconds, ours alone, a pull at the end of the log waits for the first message', async () => {
  const api = await startWithMapped(3);
  const pulled = longPull(api, { maxMessages: '10', waitSeconds: '60' });
  await waiting(api);
  await api.fill([0, 0, 1]);
  expect(await pulled).toEqual(['2-0']);
});

test('a pull that waits answers with what it has when its node leaves', async () => {
  const leaving = new AbortController();
  const api = await startWithSubscription({}, { closing: leaving.signal });
  await publishTexts(api, 'a');
  const pulled = longPull(api, { maxMessages: '3', returnImmediately: 'false' });
  await waiting(api);
  leaving.abort();
  expect(await pulled).toEqual(['0']);
  expect(await longPull(api, { waitSeconds: '60', maxMessages: '9', returnImmediately: 'false' })).toEqual(['0']);
});

test('a pull that waits stops nobody else: others pull, acknowledge, publish, and the topic is deleted', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a');
  const pulled = longPull(api, { maxMessages: '2', returnImmediately: 'false' });
  await waiting(api);
  expect(await pullMessages(api)).toHaveLength(1);
  const ackIds = ['projects/P/subscriptions/S:0'];
  await api.make('POST', 'projects/P/subscriptions/S:acknowledge', { ackIds });
  // The one that waits begins behind it now.
  await publishTexts(api, 'b', 'c');
  expect(await pulled).toEqual(['1', '2']);
  await api.make('DELETE', 'projects/P/topics/T');
});

test('five hundred pulls that wait cost one question at a time, and one publish wakes them all', async () => {
  const api = await startWithSubscription();
  const pulls = Array.from({ length: 500 }, () => longPull(api, { maxMessages: '9', waitSeconds: '60' }));
  let settled = 0;
  for (const pull of pulls) void pull.then(() => (settled += 1));
  const mark = { looks: 0, questions: 0 };
  // Every one has asked where the log ends, once, and then waits: from there on only looks are questions.
  await until(() => api.backend.questions >= 500);
  await until(() => {
    const calm = api.backend.questions - mark.questions === api.backend.looks - mark.looks;
    Object.assign(mark, { looks: api.backend.looks, questions: api.backend.questions });
    return calm;
  });
  const since = performance.now();
  await until(() => api.backend.looks >= mark.looks + 3);
  const looks = api.backend.looks - mark.looks;
  expect(api.backend.questions - mark.questions).toBe(looks);
  // Ten a second, however many wait; a slow machine looks less often.
  expect(looks).toBeLessThanOrEqual((performance.now() - since) / 100 + 2);
  expect([settled, api.backend.placesLookedAt]).toEqual([0, 1]);
  await publishTexts(api, 'a');
  for (const ids of await Promise.all(pulls)) expect(ids).toEqual(['0']);
});

function connections({ app }: Api): Promise<number> {
  return new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

test('a client that is gone opens no window (FAULT put right, 3)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a');
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = api.app.server.address() as AddressInfo;
  const client = request({ port, path, method: 'POST', headers: { 'x-api-key': serviceToken } });
  client.on('error', () => {});
  client.end(JSON.stringify({ maxMessages: '2', returnImmediately: 'false' }));
  await waiting(api);
  client.destroy();
  await until(async () => (await connections(api)) === 0);
  await publishTexts(api, 'b'); // what it waited for
  for (let turns = 0; turns < 20; turns += 1) await api.make('GET', 'projects/P/subscriptions/S:offsets');
  await api.app.close();
  const stored = await api.store.subscriptions.first({ name: 'S' });
  expect(stored).toMatchObject({ next_offset: 0, pending_ack: '', msg_num: 0 });
});

test('with exclusive windows ten pullers together get every message once, in order', async () => {
  const api = await startWithSubscription({ ensemble: { exclusiveWindows: true } });
  const texts = Array.from({ length: 60 }, (_each, index) => String(index));
  await publishTexts(api, ...texts);
  const delivered: string[] = [];
  const puller = async () => {
    for (let idle = 0; delivered.length < texts.length && idle < 2_000; idle += 1) {
      const received = await pullMessages(api, 3);
      delivered.push(...received.map(({ message }) => Buffer.from(message.data, 'base64').toString()));
      if (received.length === 0) continue;
      const ackIds = received.map(({ ackId }) => ackId);
      await api.make('POST', 'projects/P/subscriptions/S:acknowledge', { ackIds });
    }
  };
  await Promise.all(Array.from({ length: 10 }, puller));
  expect(delivered).toEqual(texts);
});
