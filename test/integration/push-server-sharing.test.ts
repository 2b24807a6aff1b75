/** Several push servers in this process that share one registry: who delivers what, while they join, leave and lose their store. */
import { describe, expect, it } from 'vitest';
import type { PushServer } from '../../programs/push-server/push-server.ts';
import { useBench } from '../programs/push-server/bench-fixture.ts';
import { activation, callGrpc } from '../programs/push-server/grpc-fixture.ts';
import { until } from '../programs/push-server/push-fixture.ts';

const bench = useBench();

describe('several servers', () => {
  const heldBy = (...some: PushServer[]) => some.map((server) => server.held().length);

  it('share the subscriptions evenly, and again when one joins or leaves', async () => {
    for (let index = 0; index < 10; index += 1) await bench.api.subscribe(`S${index}`, 'T', bench.linear(`/s${index}`));
    const one = await bench.start();
    await until(
      () => heldBy(one),
      ([held]) => held === 10,
    );
    const two = await bench.start();
    await until(
      () => heldBy(one, two),
      (held) => held.every((count) => count === 5),
    );
    const three = await bench.start();
    await until(
      () => heldBy(one, two, three).sort(),
      (held) => held.join() === '3,3,4',
    );
    expect(new Set([one, two, three].flatMap((server) => server.held())).size).toBe(10);
    bench.servers = bench.servers.filter((server) => server !== two);
    await two.stop();
    await until(
      () => heldBy(one, three),
      (held) => held.every((count) => count === 5),
    );
  });

  it('deliver each message once while they share, join and leave, and in its order', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `S${index}`);
    for (const name of names)
      await bench.api.subscribe(name, 'T', bench.linear(`/${name}`, { retryPolicy: { type: 'linear', period: 1 } }));
    const texts = Array.from({ length: 30 }, (_, index) => `m${index}`);
    await bench.start();
    for (const text of texts.slice(0, 10)) await bench.api.publish('T', [text]);
    const second = await bench.start();
    for (const text of texts.slice(10, 20)) await bench.api.publish('T', [text]);
    await bench.start();
    await until(
      () => second.held().length,
      (count) => count > 0,
    );
    bench.servers = bench.servers.filter((server) => server !== second);
    await second.stop();
    for (const text of texts.slice(20)) await bench.api.publish('T', [text]);
    for (const name of names) {
      await until(
        () => bench.api.offset(name),
        (offset) => offset === texts.length,
        20_000,
      );
      expect(bench.endpoint.texts(`/${name}`)).toEqual(texts);
      expect(bench.endpoint.together.get(`/${name}`)).toBe(1);
    }
  });

  it('answer for any subscription, whoever delivers it', async () => {
    bench.endpoint.react = () => ({ status: 500, body: 'no' });
    for (const name of ['S1', 'S2', 'S3', 'S4']) await bench.api.subscribe(name, 'T', bench.linear(`/${name}`));
    const [one, two] = [await bench.start(), await bench.start()];
    await until(
      () => heldBy(one, two),
      (held) => held.every((count) => count === 2),
    );
    await bench.api.publish('T', ['one']);
    for (const server of [one, two]) {
      for (const name of ['S1', 'S2', 'S3', 'S4']) {
        await until(
          () => bench.statusOf(server, name),
          (status) => status.endsWith('Could not send message, no'),
        );
      }
    }
    const of = one.held()[0] ?? '';
    expect(
      (await callGrpc(bench.certificates, two.port, 'ActivateSubscription', activation(of.split('/')[4] ?? '')))
        .details,
    ).toBe(`Subscription ${of} is already activated`);
    await bench.api.unlist(of.split('/')[4] ?? '');
    expect((await callGrpc(bench.certificates, two.port, 'DeactivateSubscription', { full_name: of })).value).toEqual({
      message: `Subscription ${of} deactivated`,
    });
    await until(
      () => one.held().includes(of),
      (holds) => !holds,
    );
  });

  it('take over with a new configuration at once, though the old one was being delivered', async () => {
    bench.endpoint.react = ({ path }) => (path === '/old' ? { status: 500, afterMs: 100 } : { status: 200 });
    await bench.api.topic('U');
    await bench.api.subscribe('S', 'U', bench.linear('/old'));
    const [one] = [await bench.start(), await bench.start()];
    await bench.api.publish('U', ['one']);
    await until(
      () => bench.endpoint.posted.length,
      (count) => count > 0,
    );
    const deactivated = await callGrpc(bench.certificates, one.port, 'DeactivateSubscription', {
      full_name: '/projects/P/subscriptions/S',
    });
    expect(deactivated.code).toBe(0);
    await bench.api.api.store.subscriptions.change(
      { name: 'S' },
      { set: { push_endpoint: bench.endpoint.url('/new') } },
    );
    const again = activation('S', { push_endpoint: bench.endpoint.url('/new') });
    expect((await callGrpc(bench.certificates, one.port, 'ActivateSubscription', again)).value).toEqual({
      message: 'Subscription /projects/P/subscriptions/S activated',
    });
    await until(
      () => bench.endpoint.texts('/new'),
      (texts) => texts.length === 1,
    );
    const old = bench.endpoint.texts('/old').length;
    await until(
      () => bench.api.offset('S'),
      (offset) => offset === 1,
    );
    expect(bench.endpoint.texts('/old')).toHaveLength(old);
  });

  it('deliver nothing under a lease that they could not renew, and go on when they can', async () => {
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    const { beat } = bench.registry;
    const server = await bench.start();
    await until(
      () => server.held().length,
      (count) => count === 1,
    );
    bench.registry.beat = async () => {
      throw new Error('the store is away');
    };
    await until(
      () => server.isReady(),
      (ready) => !ready,
    );
    const pulls = bench.api.counts.get('POST :pull');
    await bench.api.publish('T', ['one']);
    await until(
      () => bench.warnings.length,
      (count) => count > 0,
    );
    expect(await bench.statusOf(server, 'S')).toBe('The push service is currently unable to handle any requests');
    expect(bench.api.counts.get('POST :pull')).toBe(pulls);
    expect(bench.endpoint.posted).toEqual([]);
    bench.registry.beat = beat;
    await until(
      () => bench.endpoint.texts('/s'),
      (texts) => texts.length === 1,
    );
  });
});
