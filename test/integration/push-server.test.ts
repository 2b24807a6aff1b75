/** A push server in this process against a messaging API over memory: deliveries, and endpoints that misbehave (section 5 of the protocol's reference). */
import { describe, expect, it } from 'vitest';
import { useBench } from '../programs/push-server/bench-fixture.ts';
import { Endpoint, until } from '../programs/push-server/push-fixture.ts';

const bench = useBench();

describe('deliveries', () => {
  it('delivers what is published, in its order, and acknowledges it (section 5)', async () => {
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    const server = await bench.start();
    await bench.api.publish('T', ['one', 'two', 'three']);
    await until(
      () => bench.endpoint.texts('/s'),
      (texts) => texts.length >= 3,
    );
    expect(bench.endpoint.texts('/s')).toEqual(['one', 'two', 'three']);
    await until(
      () => bench.api.offset('S'),
      (offset) => offset === 3,
    );
    expect(await bench.statusOf(server, 'S')).toBe('Subscription /projects/P/subscriptions/S is currently active');
    expect(bench.endpoint.posted[0]?.headers).toMatchObject({ 'content-type': 'application/json' });
    const { authorizationHeader } = (
      (await bench.api.api.make('GET', 'projects/P/subscriptions/S')) as {
        pushConfig: { authorizationHeader: { value: string } };
      }
    ).pushConfig;
    expect(bench.endpoint.posted[0]?.headers.authorization).toBe(authorizationHeader.value);
    expect(bench.endpoint.posted[0]?.body).toContain(
      `"subscription":"subscription /projects/P/subscriptions/S from 127.0.0.1:${bench.api.port}"`,
    );
  });

  it('sends bundles of at most maxMessages', async () => {
    await bench.api.subscribe('S', 'T', bench.linear('/s', { maxMessages: 2 }));
    await bench.api.publish('T', ['1', '2', '3']);
    await bench.start();
    await until(
      () => bench.endpoint.texts('/s'),
      (texts) => texts.length >= 3,
    );
    expect(bench.endpoint.posted.map(({ body }) => JSON.parse(body).messages.length)).toEqual([2, 1]);
  });

  it('repeats a message until the endpoint takes it, skips none, and shows the error meanwhile (section 5)', async () => {
    bench.endpoint.react = (_posted, count) => (count <= 3 ? { status: 500, body: 'not today' } : { status: 201 });
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    const server = await bench.start();
    await bench.api.publish('T', ['one', 'two']);
    const shown = await until(
      () => bench.statusOf(server, 'S'),
      (status) => status.includes('Could not'),
    );
    expect(shown).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d - Could not send message, not today$/);
    await until(
      () => bench.endpoint.texts('/s'),
      (texts) => texts.length >= 5,
    );
    expect(bench.endpoint.texts('/s')).toEqual(['one', 'one', 'one', 'one', 'two']);
    await until(
      () => bench.statusOf(server, 'S'),
      (status) => status.endsWith('is currently active'),
    );
  });

  it('lets one endpoint hang without holding up another, and gives up what hangs when it stops holding', async () => {
    bench.endpoint.react = ({ path }) => (path === '/hangs' ? { status: undefined } : { status: 200 });
    await bench.api.subscribe('H', 'T', bench.linear('/hangs'));
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    const server = await bench.start();
    await bench.api.publish('T', ['one', 'two', 'three']);
    await until(
      () => bench.endpoint.texts('/s'),
      (texts) => texts.length === 3,
    );
    expect(bench.endpoint.texts('/hangs')).toEqual(['one']);
    expect(bench.endpoint.together.get('/hangs')).toBe(1);
    await until(
      () => server.delivered(),
      (count) => count === 3,
    );
    bench.endpoint.react = () => ({ status: 200 });
    bench.endpoint.dropConnections();
    await until(
      () => bench.endpoint.texts('/hangs'),
      (texts) => texts.length >= 4,
    );
    expect(bench.endpoint.texts('/hangs').slice(1)).toEqual(['one', 'two', 'three']);
  });

  it('never has two requests at once for a subscription whose endpoint answers slowly', async () => {
    bench.endpoint.react = () => ({ status: 204, afterMs: 150 });
    await bench.api.subscribe('S', 'T', bench.linear('/s', { retryPolicy: { type: 'linear', period: 1 } }));
    await bench.start();
    await bench.api.publish('T', ['1', '2', '3', '4']);
    await until(
      () => bench.api.offset('S'),
      (offset) => offset === 4,
    );
    expect(bench.endpoint.texts('/s')).toEqual(['1', '2', '3', '4']);
    expect(bench.endpoint.together.get('/s')).toBe(1);
  });

  it('finds an endpoint again that was away', async () => {
    await bench.api.subscribe('S', 'T', { ...bench.linear('/s'), pushEndpoint: 'https://127.0.0.1:1/s' });
    const server = await bench.start({ ensemble: { refreshMs: 1_000 } });
    await bench.api.publish('T', ['one']);
    await until(
      () => bench.statusOf(server, 'S'),
      (status) => status.includes('Could not send message, connect ECONNREFUSED'),
    );
    await bench.api.api.store.subscriptions.change({ name: 'S' }, { set: { push_endpoint: bench.endpoint.url('/s') } });
    await until(
      () => bench.endpoint.texts('/s'),
      (texts) => texts.length === 1,
    );
    await until(
      () => bench.statusOf(server, 'S'),
      (status) => status.endsWith('is currently active'),
    );
  });

  it('repeats the whole request where the endpoint redirects, and keeps the authorization on its own host', async () => {
    const other = await Endpoint.start(bench.certificates);
    bench.endpoint.react = ({ path }) =>
      path === '/s'
        ? { status: 302, headers: { location: '/moved' } }
        : { status: 307, headers: { location: other.url('/there') } };
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    await bench.start();
    await bench.api.publish('T', ['one']);
    await until(
      () => other.texts('/there'),
      (texts) => texts.length === 1,
    );
    expect(bench.endpoint.posted.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /s', 'POST /moved']);
    expect(bench.endpoint.posted[1]?.headers.authorization).toBeDefined();
    expect(other.posted[0]?.headers.authorization).toBeUndefined();
    await until(
      () => bench.api.offset('S'),
      (offset) => offset === 1,
    );
    await other.stop();
  });

  it('does not follow a redirect out of https, nor for ever', async () => {
    bench.endpoint.react = ({ path }) => ({
      status: 307,
      headers: { location: path === '/s' ? 'http://127.0.0.1:1/' : '/round' },
    });
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    await bench.api.subscribe('R', 'T', bench.linear('/round'));
    const server = await bench.start();
    await bench.api.publish('T', ['one']);
    await until(
      () => bench.statusOf(server, 'S'),
      (status) => status.includes('redirected from https: to http:'),
    );
    await until(
      () => bench.statusOf(server, 'R'),
      (status) => status.includes('stopped after 10 redirects'),
    );
    expect(await bench.api.offset('S')).toBe(0);
  });

  it('posts every message of a mattermost pull, and acknowledges those that were taken', async () => {
    const url = bench.endpoint.url('/hooks/x');
    bench.endpoint.react = ({ body }) => (body.includes('two') ? { status: 201 } : { status: 200 });
    const push = { type: 'mattermost', mattermostUrl: url, mattermostChannel: 'c', maxMessages: 3, base64Decode: true };
    await bench.api.subscribe('M', 'T', { ...push, retryPolicy: { type: 'linear', period: 20 } });
    await bench.start();
    await bench.api.publish('T', ['one', 'two', 'three']);
    await until(
      () => bench.api.offset('M'),
      (offset) => offset === 1,
    );
    bench.endpoint.react = () => ({ status: 200 });
    await until(
      () => bench.api.offset('M'),
      (offset) => offset === 3,
    );
    expect(bench.endpoint.posted[0]?.body).toBe('{"text":"one","channel":"c"}');
    expect(bench.endpoint.posted.filter(({ body }) => body.includes('"three"'))).toHaveLength(1);
    expect(bench.endpoint.posted.filter(({ body }) => body.includes('"one"'))).toHaveLength(1);
  });

  it('goes on when the messaging API was away, and says so meanwhile', async () => {
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    const server = await bench.start();
    // It hears of its subscriptions after its start: one that it never heard of has no status to say anything in.
    await until(
      () => server.held(),
      (names) => names.length === 1,
    );
    bench.api.down = true;
    await until(
      () => bench.statusOf(server, 'S'),
      (status) => status.includes('Could not consume message, down'),
    );
    bench.api.down = false;
    await bench.api.publish('T', ['one']);
    await until(
      () => bench.endpoint.texts('/s'),
      (texts) => texts.length === 1,
    );
    await until(
      () => bench.statusOf(server, 'S'),
      (status) => status.endsWith('is currently active'),
    );
  });

  it('stops with a subscription that is deleted, without a word from anybody (section 5)', async () => {
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    const server = await bench.start({ skip_subs_load: false, ensemble: { discoverMs: 600_000 } });
    await until(
      () => server.held().length,
      (count) => count === 1,
    );
    await bench.api.api.make('DELETE', 'projects/P/subscriptions/S');
    await until(
      () => server.held().length,
      (count) => count === 0,
    );
    expect(await bench.statusOf(server, 'S')).toBe('Subscription /projects/P/subscriptions/S is not active');
  });

  it('finds subscriptions that were put on its list, and lets go of those that left it, without a restart', async () => {
    const server = await bench.start();
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    await until(
      () => server.held(),
      (names) => names.length === 1,
    );
    await bench.api.unlist('S');
    await until(
      () => server.held(),
      (names) => names.length === 0,
    );
  });
});
