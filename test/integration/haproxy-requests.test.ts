/** What HAProxy lets through to an API node and what it does not: headers that a client makes up, two lengths, great bodies, figures, and its log. */
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect } from 'vitest';
import { allNodes } from '../../cluster/resolve.ts';
import { requires } from '../requirements.ts';
import { type BalancedNodes, balancedNodes, type Received, token } from './balanced-nodes.ts';
import { type BalancerFixture, balancer, balancerFixture, targetOf } from './balancer-fixture.ts';
import { ask, type Target } from './balancer-load.ts';
import { eventually } from './platform-fixture.ts';

requires('haproxy').describe('a request through HAProxy', () => {
  const { it } = requires('haproxy');
  const signal = new AbortController().signal;
  let fixture: BalancerFixture;
  let nodes: BalancedNodes;
  let target: Target;

  beforeAll(async () => {
    fixture = await balancerFixture(65, { api: [1] });
    nodes = balancedNodes(fixture);
    await nodes.start('api-1');
    await fixture.driver().start(balancer);
    await fixture.driver().ready(balancer, { timeoutMs: 20_000, signal });
    target = await targetOf(fixture);
    await eventually('the node serves', 20_000, async () => (await ask(target, 'read')).status === 200);
  });
  afterAll(async () => {
    await nodes.dispose();
    await fixture.dispose();
  });

  /** Bytes as they are, over TLS; all that is answered within a moment or until the end. */
  async function raw(text: string): Promise<string> {
    return await new Promise((resolve, reject) => {
      const socket = connect({ host: target.host, port: target.port, ca: target.ca, ALPNProtocols: ['http/1.1'] });
      let answer = '';
      socket.setTimeout(5_000, () => socket.destroy());
      socket.on('secureConnect', () => socket.write(text, 'latin1'));
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(answer));
    });
  }

  const received = (id: string): readonly Received[] => nodes.received().filter((each) => each.id === id);
  function headersOf({ headers }: Received): Readonly<Record<string, readonly string[]>> {
    const found: Record<string, string[]> = {};
    const name = (header: string | undefined) => (header ?? '').toLowerCase();
    for (let index = 0; index < headers.length; index += 2)
      found[name(headers[index])] = [...(found[name(headers[index])] ?? []), headers[index + 1] ?? ''];
    return found;
  }

  it('carries our word on who asks, not the client’s', async () => {
    const made = {
      'x-forwarded-for': '6.6.6.6',
      forwarded: 'for=6.6.6.6',
      'x-real-ip': '6.6.6.6',
      'x-forwarded-host': 'evil',
    };
    const { id, status } = await ask(target, 'read', { headers: made });
    expect(status).toBe(200);
    const [seen] = received(id).map(headersOf);
    expect(seen?.['x-forwarded-for']).toEqual(['127.0.0.1']);
    expect(seen?.['x-forwarded-proto']).toEqual(['https']);
    expect(JSON.stringify(seen)).not.toMatch(/6\.6\.6\.6|evil/);
  });

  it('has one length, whatever the client wrote', async () => {
    const head = (id: string) =>
      `POST /v1/projects/P/topics/t:publish HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx-api-key: ${token}\r\nx-test-id: ${id}\r\n`;
    const smuggled = 'GET /v1/projects/P/topics HTTP/1.1\r\nHost: a\r\nx-test-id: smuggled\r\n\r\n';
    // A length beside chunks: chunks count (RFC 9112, 6.3), and the length does not go on.
    const both = await raw(
      `${head('both')}Content-Length: ${smuggled.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    );
    expect(both).toMatch(/^HTTP\/1\.1 400 /);
    for (const each of received('both').map(headersOf)) expect(each['content-length']).toBeUndefined();
    expect(await raw(`${head('two')}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(`${head('odd')}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`)).not.toMatch(
      /^HTTP\/1\.1 200 /,
    );
    expect(await raw(`GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(received('two')).toEqual([]);
    expect(received('smuggled')).toEqual([]);
  });

  it('is refused in the API’s own shape where its body is greater than the API takes, before it is sent on', async () => {
    const answer = await raw(
      `POST /v1/projects/P/topics/t:publish HTTP/1.1\r\nHost: a\r\nx-test-id: great\r\nContent-Length: 16777217\r\n\r\n${'x'.repeat(20_000)}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain(
      '{"error":{"code":413,"message":"Message size is too large","status":"INVALID_ARGUMENT"}}',
    );
    expect(received('great')).toEqual([]);
    const great = await ask(target, 'publish', {
      body: JSON.stringify({ messages: [], filler: 'x'.repeat(2_000_000) }),
    });
    expect(received(great.id).length).toBe(1);
  });

  it('is refused where its method is not one of the API’s', async () => {
    expect(await raw('TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 405 [\s\S]*METHOD_NOT_ALLOWED/,
    );
  });

  it('may be HTTP/2, and may not be an old TLS', async () => {
    const session = connectHttp2(`https://${target.host}:${target.port}`, { ca: target.ca });
    const status = await new Promise<unknown>((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({ ':path': '/v1/projects/P/topics', 'x-api-key': token });
      stream.on('error', reject);
      stream.on('response', (headers) => resolve(headers[':status']));
      stream.resume();
    });
    session.destroy();
    expect(status).toBe(200);
    const old = new Promise((resolve, reject) => {
      const { host, port, ca } = target;
      const socket = connect({
        host,
        port,
        ca,
        minVersion: 'TLSv1.1',
        maxVersion: 'TLSv1.1',
        ciphers: 'ALL:@SECLEVEL=0',
      });
      socket.on('secureConnect', resolve).on('error', reject);
    });
    await expect(old).rejects.toThrow();
  });

  it('that its HTTP/2 client gives up is given up at the node', async () => {
    const session = connectHttp2(`https://${target.host}:${target.port}`, { ca: target.ca });
    session.on('error', () => {});
    const stream = session.request({
      ':path': '/v1/projects/P/topics',
      'x-test-id': 'gone',
      'x-test-delay-ms': '60000',
    });
    stream.on('error', () => {});
    await eventually('the request waits', 10_000, async () => (await sessions('api-1')) === 1);
    stream.close(constants.NGHTTP2_CANCEL);
    await eventually('nothing is under way at the node', 10_000, async () => (await sessions('api-1')) === 0);
    session.destroy();
  });

  /** How many requests a server has now, by the statistics. */
  async function sessions(server: string): Promise<number> {
    const lines = (await (await fetch(`${statsAddress()}/;csv`)).text()).split('\n');
    const columns = (lines[0] ?? '').replace('# ', '').split(',');
    const row = lines.map((line) => line.split(',')).find(([pool, name]) => pool === 'api' && name === server);
    return Number(row?.[columns.indexOf('scur')]);
  }

  function statsAddress(): string {
    const node = allNodes(fixture.cluster()).find(({ id }) => id === balancer.node);
    if (node === undefined) throw new Error('the environment has no balancer');
    return `http://${target.host}:${fixture.addressing().port(node, 'haproxy', 'stats')}`;
  }

  it('finds no figures at the clients’ address; operators find them at theirs, and change nothing there', async () => {
    for (const path of ['/metrics', '/stats', '/;csv', '/haproxy?stats']) {
      const { text } = await ask(target, 'read', { path });
      expect(text).not.toMatch(/haproxy_|pxname|Statistics Report/);
    }
    expect(await (await fetch(`${statsAddress()}/metrics`)).text()).toMatch(
      /^haproxy_server_status\{proxy="api",server="api-1"/m,
    );
    expect((await fetch(`${statsAddress()}/ready`)).status).toBe(200);
    expect((await fetch(`${statsAddress()}/`, { method: 'POST', body: 's=api-1&action=stop&b=api' })).status).toBe(405);
  });

  it('leaves neither its token nor its query in the log, also when it fails', async () => {
    const secret = 'b5c1e7d2a9';
    await nodes.kill('api-1');
    const asked = ['/v1/projects/P/topics?key=', '/v1/users:byToken/'].map((path) =>
      ask(target, 'read', { path: `${path}${secret}`, headers: { 'x-api-key': secret } }),
    );
    expect((await Promise.all(asked)).map(({ status, text }) => [status, JSON.parse(text).error.status])).toEqual([
      [503, 'UNAVAILABLE'],
      [503, 'UNAVAILABLE'],
    ]);
    const lines = () => fixture.driver().logs(balancer, 1_000);
    await eventually(
      'both are in the log',
      10_000,
      async () => (await lines()).filter((line) => line.includes('"status":503')).length === 2,
    );
    const log = await lines();
    expect(log.join('\n')).not.toContain(secret);
    const [line] = log.filter((each) => each.includes('byToken'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ method: 'GET', path: '/v1/users:byToken/-', status: 503 });
  });
});
