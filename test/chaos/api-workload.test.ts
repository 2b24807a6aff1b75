/** The workload on the messaging API against the API itself in this process, behind a front that can fail as a balancer does: ok, unknown, and what nobody saw. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPushEndpoint, startApiWorkload } from '../../chaos/api-workload.ts';
import { checkDelivery } from '../../chaos/checkers/delivery.ts';
import type { UntimedEvent } from '../../chaos/history.ts';
import { readText, readValue } from '../../chaos/lanes.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { drained } from '../../operations/chaos/drain.ts';
import { serviceToken } from '../programs/messaging-api/api-fixture.ts';
import { Certificates, type PushApi, startPushApi, until } from '../programs/push-server/push-fixture.ts';
import { observe, start } from './written-history.ts';

const workload: Scenario['workload'] = {
  acks: 'all',
  retries: 8,
  ratePerSecond: 200,
  keys: 3,
  consumers: 0,
  through: 'balancer',
  push: true,
};
/** Discard's: nobody listens there. */
const closed = 'https://127.0.0.1:9';

describe('the workload through the messaging API', () => {
  let certificates: Certificates;
  let api: PushApi;

  beforeAll(async () => {
    certificates = new Certificates();
    api = await startPushApi(certificates);
    await api.topic('T');
    await api.api.make('PUT', 'projects/P/subscriptions/S', { topic: 'projects/P/topics/T' });
  });
  afterAll(async () => {
    await api.stop();
    certificates.remove();
  });

  const recorderOf = (events: UntimedEvent[]) => ({
    now: () => events.length,
    record: (event: UntimedEvent) => events.push(event),
    flush: async () => {},
    close: async () => {},
  });
  const started = async (events: UntimedEvent[], entrances: readonly string[], pushes: boolean) => {
    const endpoint = pushes ? await openPushEndpoint() : undefined;
    const running = await startApiWorkload({
      entrances,
      authority: (await certificates.authority()).pem,
      token: serviceToken,
      via: 'balancer',
      project: 'P',
      topic: 'T',
      subscription: 'S',
      workload,
      recorder: recorderOf(events),
      endpoint,
    });
    return { running, endpoint };
  };
  const outcomes = (events: readonly UntimedEvent[]) =>
    new Set(events.flatMap((event) => (event.type === 'sent' ? [event.outcome] : [])));

  it('publishes, pulls and acknowledges by whichever entrance takes a connection, and says which answers say nothing', async () => {
    const events: UntimedEvent[] = [];
    const { running } = await started(events, [closed, `https://127.0.0.1:${api.port}`], false);
    await until(
      () => running.acknowledged(0),
      (count) => count > 20,
    );
    expect(outcomes(events)).toEqual(new Set(['ok']));
    api.down = true;
    await until(
      () => outcomes(events).has('unknown'),
      (seen) => seen,
    );
    api.down = false;
    const before = running.acknowledged(0);
    await until(
      () => running.acknowledged(0),
      (count) => count > before,
    );
    await running.stopProducing(5_000);
    await until(
      () => running.isDelivered(),
      (isSo) => isSo,
    );
    await running.close();
    const run = observe(start(), ...events, { type: 'drained', ok: true });
    expect(run.writes.filter(({ outcome }) => outcome === 'ok').every(({ partition }) => partition === 0)).toBe(true);
    expect(checkDelivery(run)).toMatchObject({ outcome: 'none', total: 0 });
    // Planted: every delivery of one acknowledged message is taken out of the history (an acknowledgement that got lost means a second delivery).
    const write = run.writes.find(({ outcome }) => outcome === 'ok');
    const lost = `${write?.key}:${write?.first}`;
    const without = events.map((event) =>
      event.type === 'pulled' ? { ...event, messages: event.messages.filter(({ value }) => value !== lost) } : event,
    );
    expect(checkDelivery(observe(start(), ...without, { type: 'drained', ok: true })).outcome).toBe('found');
  });

  it('is read to its end although one message never comes, once nothing comes any more: so that its loss is found', async () => {
    const events: UntimedEvent[] = [];
    let lost: string | undefined;
    api.alter = (answer) => {
      const place = /"data":\s*"([^"]+)"/;
      lost ??= place.exec(answer)?.[1];
      return lost === undefined ? answer : answer.replaceAll(lost, 'A'.repeat(lost.length));
    };
    const { running } = await started(events, [`https://127.0.0.1:${api.port}`], false);
    await until(
      () => running.acknowledged(0),
      (count) => count > 20,
    );
    await running.stopProducing(5_000);
    const ends = [{ partition: 0, start: 0, end: running.readTo(0) }];
    const how = { partitions: 1, quietMs: 500, signal: AbortSignal.timeout(20_000) };
    expect(await drained(running, ends, { ...how, healthy: false, timeoutMs: 800 }), 'of no whole platform').toBe(
      false,
    );
    const ok = await drained(running, ends, { ...how, healthy: true, timeoutMs: 10_000 });
    expect([ok, running.isDelivered()]).toEqual([true, false]);
    await running.close();
    api.alter = undefined;
    const value = readText(Buffer.from(lost ?? '', 'base64').toString('latin1'));
    expect(checkDelivery(observe(start(), ...events, { type: 'drained', ok }))).toMatchObject({
      outcome: 'found',
      total: 1,
      anomalies: [{ value, says: `${value} was acknowledged to its publisher and never delivered` }],
    });
  });

  it('counts a request that no entrance took as failed, and is not delivered before what is pushed has come', async () => {
    const events: UntimedEvent[] = [];
    const { running } = await started(events, [closed], false);
    await until(
      () => outcomes(events).size,
      (size) => size > 0,
    );
    await running.close();
    expect(outcomes(events)).toEqual(new Set(['fail']));

    const pushed: UntimedEvent[] = [];
    const { running: second, endpoint } = await started(pushed, [`https://127.0.0.1:${api.port}`], true);
    await until(
      () => second.acknowledged(0),
      (count) => count > 5,
    );
    await second.stopProducing(5_000);
    expect(second.isDelivered()).toBe(false);
    const values = pushed.flatMap((event) =>
      event.type === 'send'
        ? Array.from({ length: event.count }, (_each, at) => `${event.key}:${event.first + at}`)
        : [],
    );
    for (const value of values) await post(endpoint?.url ?? '', JSON.stringify({ text: `${value} ....` }));
    await until(
      () => second.isDelivered(),
      (isSo) => isSo,
    );
    expect(pushed.filter(({ type }) => type === 'pushed')).toHaveLength(values.length);
    await second.close();
  });

  it('knows its values again in the log, as the API writes them and as Kafka’s clients do', () => {
    const record = { messageId: '', data: Buffer.from('k3:17 ....').toString('base64'), publishTime: 'now' };
    expect(readValue(Buffer.from(JSON.stringify(record, null, 3)))).toBe('k3:17');
    expect(readValue(Buffer.from('k3:17 ....'))).toBe('k3:17');
    for (const other of ['', 'k3', '{', '{"data":17}', '{"data":"Zmlyc3Q="}', '{a:17'])
      expect(readValue(Buffer.from(other)), other).toBeUndefined();
  });
});

function post(url: string, body: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST' }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
