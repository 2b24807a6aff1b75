/** The messaging API as a process on a real cluster: how it starts, what its TLS, limits and readiness do, how it leaves, and what its log never holds. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect } from 'vitest';
import { ensureProgram } from '../../artifacts/program-bundle.ts';
import type { StatusReport } from '../../operations/status.ts';
import { requires } from '../requirements.ts';
import { ApiFixture, type ApiProcess, type Client, serviceToken } from './api-process-fixture.ts';
import { eventually, type PlatformFixture, platformFixture } from './platform-fixture.ts';
import { type StandIn, startStandIn } from './stand-in-fixture.ts';

const { describe, it } = requires('java', 'maven', 'linux');

const zookeeper_hosts = ['127.0.52.11:2181'];
const secretText = Buffer.from('a message that no log may hold').toString('base64');

describe('the messaging API as a process', () => {
  const fixture = new ApiFixture();
  let platform: PlatformFixture;
  let standIn: StandIn;
  let storeFolder = '';
  let nodes = 0;

  beforeAll(async () => {
    platform = await platformFixture(52, { masters: 1, workers: 2 });
    storeFolder = await fixture.folder();
    const [up, store] = await Promise.all([
      platform.run(['up', '--no-messages']),
      startStandIn({ folder: storeFolder }),
    ]);
    expect(up.status, up.stderr + up.stdout).toBe(0);
    standIn = store;
    await fixture.seed(standIn.storeHost, 'argo_msg');
  });
  afterAll(async () => {
    await fixture.dispose();
    await standIn?.stop();
    await platform.dispose();
  });

  function start(config: object = {}, until?: string): Promise<ApiProcess> {
    nodes += 1;
    const store_host = `${standIn.storeHost}/?serverSelectionTimeoutMS=2000`; // a lost store is a refusal soon: 15 s by default
    const found = { zookeeper_hosts, kafka_znode: '/kafka', store_host };
    return fixture.start(`127.0.52.${200 + nodes}`, 8443, { ...found, ...config }, until);
  }

  /** A project with the topic T and a subscription to it. */
  async function project(client: Client, name: string): Promise<void> {
    await client.make('POST', `projects/${name}`, {});
    await client.make('PUT', `projects/${name}/topics/T`);
    await client.make('PUT', `projects/${name}/subscriptions/S`, { topic: `projects/${name}/topics/T` });
  }
  const publishOne = (client: Client, name: string) =>
    client.ask('POST', `projects/${name}/topics/T:publish`, { body: { messages: [{ data: secretText }] } });
  const pullOne = (client: Client, name: string, body: object = {}) =>
    client.ask('POST', `projects/${name}/subscriptions/S:pull`, { body, timeoutMs: 90_000 });

  it('ends with status 1 and one line where its configuration is at fault, without the values', async () => {
    const { file } = await ensureProgram('messaging-api');
    const faulty = async (text: string | undefined) => {
      const folder = await fixture.folder();
      if (text !== undefined) await writeFile(join(folder, 'config.json'), text);
      const lines: string[] = [];
      const child = fixture.run(file, folder, lines);
      const status = await new Promise((resolve) => child.once('close', resolve));
      return { status, lines };
    };
    const expected = [
      [undefined, /^MESSAGING_API_CONFIG_MISSING: .*no config\.json/],
      ['{"service_token": "s3cret', /^PROGRAM_CONFIG_INVALID: .*not JSON/],
      ['{"service_token": "s3cret", "portt": 1}', /^PROGRAM_CONFIG_INVALID: .*portt/],
      ['{"service_token": "s3cret", "port": "many"}', /^PROGRAM_CONFIG_INVALID: .*port: /],
      ['{"service_token": "s3cret", "certificate": "/none.pem"}', /^MESSAGING_API_CERTIFICATE_UNUSABLE: .*none\.pem/],
    ] as const;
    for (const [text, line] of expected) {
      const { status, lines } = await faulty(text);
      expect({ status, lines }).toEqual({ status: 1, lines: [expect.stringMatching(line)] });
      expect(lines[0]).not.toContain('s3cret');
    }
  });

  it('waits for a store that is not there yet, without naming its password, and leaves at once when it is told to', async () => {
    const store_host = 'ann:s3cret@127.0.0.1:1/?serverSelectionTimeoutMS=200';
    const api = await start({ store_host }, 'waits for what it needs');
    api.signal('SIGTERM');
    expect(await api.ended).toBe(0);
    expect(api.log.join()).toContain('127.0.0.1:1');
    expect(api.log.join()).not.toContain('s3cret');
  });

  it('publishes, delivers and acknowledges with the broker’s own offsets, over TLS 1.2 and later, on the address that it was given', async () => {
    const api = await start();
    const client = api.client();
    await project(client, 'P');
    const [one, two] = [await publishOne(client, 'P'), await publishOne(client, 'P')];
    expect([one, two].map(({ text }) => JSON.parse(text))).toEqual([{ messageIds: ['0'] }, { messageIds: ['1'] }]);
    const pulled = JSON.parse((await pullOne(client, 'P', { maxMessages: '10' })).text);
    expect(pulled.receivedMessages.map(({ ackId }: { ackId: string }) => ackId)).toEqual([
      'projects/P/subscriptions/S:0',
      'projects/P/subscriptions/S:1',
    ]);
    await client.make('POST', 'projects/P/subscriptions/S:acknowledge', { ackIds: ['projects/P/subscriptions/S:1'] });
    expect(await client.make('GET', 'projects/P/subscriptions/S:offsets')).toEqual({ max: 2, min: 0, current: 2 });
    expect((await client.ask('GET', '/ready', { key: '' })).status).toBe(200);
    const handshake = (host: string, options: object) =>
      new Promise<string>((resolve) => {
        const socket = connectTls({ host, port: api.port, rejectUnauthorized: false, ...options }, () => {
          resolve(socket.getProtocol() ?? '');
          socket.destroy();
        });
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      });
    expect(await handshake(api.host, { maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
    expect(await handshake(api.host, {})).toBe('TLSv1.3');
    expect(
      await handshake(api.host, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }),
    ).toMatch(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/);
    expect(await handshake('127.0.52.250', {})).toBe('ECONNREFUSED');
    api.signal('SIGTERM');
    expect(await api.ended).toBe(0);
  });

  it('uses a renewed certificate for new connections from SIGHUP on, drops none that is open, and keeps the old one where the new is none', async () => {
    const api = await start();
    const open = api.client();
    const before = (await open.ask('GET', 'version')).fingerprint;
    await api.renewCertificate();
    api.signal('SIGHUP');
    await eventually('new connections see it', 10_000, async () => {
      const fresh = api.client();
      const { fingerprint } = await fresh.ask('GET', 'version');
      fresh.close();
      return fingerprint !== before;
    });
    expect((await open.ask('GET', 'version')).fingerprint).toBe(before);
    await api.writeCertificate('not a certificate');
    api.signal('SIGHUP');
    await eventually('it says so', 10_000, () => api.log.some((line) => line.includes('certificates stay')));
    expect((await api.client().ask('GET', 'version')).status).toBe(200);
  });

  it('is ready only while the store and Kafka answer, and goes on when they are back', async () => {
    const api = await start();
    const client = api.client();
    const ready = async () => (await client.ask('GET', '/ready', { key: '' })).status;
    expect(await ready()).toBe(200);
    await standIn.kill();
    expect(await ready()).toBe(503);
    expect((await client.ask('GET', 'projects')).status).toBe(500);
    const port = Number(standIn.storeHost.split(':')[1]);
    standIn = await startStandIn({ folder: storeFolder, port });
    await eventually('it is ready again', 20_000, async () => (await ready()) === 200);
    expect((await client.ask('GET', 'projects')).status).toBe(200);

    const { services } = await platform.json<StatusReport>(['status']);
    const brokers = services.flatMap(({ service, pid }) => (service === 'kafka' && pid !== undefined ? [pid] : []));
    for (const pid of brokers) process.kill(pid, 'SIGSTOP');
    try {
      expect(await ready()).toBe(503);
    } finally {
      for (const pid of brokers) process.kill(pid, 'SIGCONT');
    }
    await eventually('it is ready again', 60_000, async () => (await ready()) === 200);
  });

  it('leaves on SIGTERM without a failed request: what waits is answered, what is under way is finished, and /ready says no first', async () => {
    const api = await start();
    const admin = api.client();
    await project(admin, 'L');
    await publishOne(admin, 'L');
    const counts = { publishes: 0, pulls: 0 };
    const failures: string[] = [];
    /** One request after another over one connection, until the node asks to close it. */
    const load = async (what: keyof typeof counts, act: (client: Client) => ReturnType<Client['ask']>) => {
      const client = api.client();
      for (;;) {
        try {
          const { status, text, headers } = await act(client);
          if (status === 200) counts[what] += 1;
          else failures.push(`${what}: ${status} ${text}`);
          if (headers.connection === 'close') return;
        } catch (error) {
          failures.push(`${what}: ${String(error)}`);
          return;
        }
      }
    };
    const loads = [
      ...Array.from({ length: 8 }, () => load('publishes', (client) => publishOne(client, 'L'))),
      ...Array.from({ length: 2 }, () => load('pulls', (client) => pullOne(client, 'L'))),
    ];
    const waiting = pullOne(api.client(), 'L', { maxMessages: '10000', returnImmediately: 'false' });
    await eventually('it is busy', 20_000, () => counts.publishes > 100 && counts.pulls > 10);
    const watch = api.client();
    api.signal('SIGTERM');
    await eventually('it says that it leaves', 5_000, async () => {
      const { status, headers } = await watch.ask('GET', '/ready', { key: '' });
      return status === 503 && headers.connection === 'close';
    });
    await Promise.all(loads);
    expect(failures).toEqual([]);
    expect((await waiting).status).toBe(200);
    expect(JSON.parse((await waiting).text).receivedMessages.length).toBeGreaterThan(0);
    expect(await api.ended).toBe(0);
    const offsets = await start();
    const { max } = (await offsets.client().make('GET', 'projects/L/subscriptions/S:offsets')) as { max: number };
    expect(max, 'as many records as were answered for').toBe(counts.publishes + 1);
  });

  it('refuses more requests than a user may make, greater bodies and more connections than it was told to take', async () => {
    const limits = { requestsPerSecond: 5, bodyBytes: 2_048, connections: 3 };
    const api = await start({ ensemble: { limits } });
    const client = api.client();
    const statuses: number[] = [];
    for (let index = 0; index < 20; index += 1) statuses.push((await client.ask('GET', 'projects')).status);
    expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
    expect(statuses).toContain(429);
    const great = await client.ask('POST', 'projects/Q', { key: 'another', body: { description: 'x'.repeat(4_000) } });
    expect(great.status).toBe(413);
    await client.ask('GET', 'version'); // one connection is open
    const others = Array.from({ length: 4 }, () => api.client());
    const answers = await Promise.allSettled(others.map((each) => each.ask('GET', 'version')));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect((await client.ask('GET', 'version')).status).toBe(200);
  });

  it('writes lines of JSON that hold no token and no message, also when requests fail', async () => {
    const api = await start({ log_level: 'DEBUG' });
    const client = api.client();
    await project(client, 'G');
    const token = ((await client.make('POST', 'users/ann', { email: 'a@x.org' })) as { token: string }).token;
    await publishOne(client, 'G');
    await pullOne(client, 'G');
    await client.ask('GET', `projects/G/topics?key=${token}`, { key: '' });
    await client.ask('POST', 'projects/G/topics/T:publish', { body: { messages: [{ data: 7, note: secretText }] } });
    await standIn.kill();
    await publishOne(client, 'G'); // served from what is remembered, or not
    await pullOne(client, 'G');
    standIn = await startStandIn({ folder: storeFolder, port: Number(standIn.storeHost.split(':')[1]) });
    api.signal('SIGTERM');
    await api.ended;
    const log = api.log.join('\n');
    for (const secret of [token, serviceToken, secretText, 'a message that no log may hold'])
      expect(log).not.toContain(secret);
    expect(log).toContain('failed');
    for (const line of api.log) expect(() => JSON.parse(line), line).not.toThrow();
  });
});
