/**
 * The whole platform of environments/local.yaml, brought up once and used as its users do: through HAProxy, with tokens of declared users. Then its
 * certificates are renewed, a node is stopped, and the environment grows, under a stream of requests of which none may fail.
 */
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from 'vitest';
import { createProducer } from '../../clients/kafka/messaging.ts';
import type { RollReport } from '../../operations/roll.ts';
import type { StatusReport } from '../../operations/status.ts';
import type { UpReport } from '../../operations/up.ts';
import { ensureAuthority } from '../../secrets/authority.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import { requires } from '../requirements.ts';
import { memoryStore } from '../secrets/memory-store.ts';
import { type Api, type ApiOptions, apiClient, whileAsking } from './api-client.ts';
import { eventually, type LocalPlatform, localPlatform } from './platform-fixture.ts';
import { pythonTools } from './python-tools.ts';

const { describe, it } = requires('java', 'haproxy', 'python', 'linux');

type Up = UpReport & { readonly status: StatusReport };

const standIn = 'stand-in, not a replica set';
/** Every thirty milliseconds or so each, over a kept connection, over new ones, and publishes, which nobody may send twice. */
const stream = [
  { method: 'GET', path: 'projects/monitoring/topics/alerts', kept: true },
  { method: 'GET', path: 'projects/monitoring/topics/alerts', kept: false },
  {
    method: 'POST',
    path: 'projects/monitoring/topics/alerts:publish',
    body: { messages: [{ data: 'YQ==' }] },
    kept: true,
  },
] as const;

describe('a whole platform', () => {
  let platform: LocalPlatform;
  let endpoint: { readonly certificate: string; readonly key: string };
  let up: Up;
  let entrance: ApiOptions;
  let admin: Api;
  let collector: Api;
  let archive: Api;

  const secretFile = (id: string) => join(platform.stateRoot, 'local', 'secrets', id);
  const tokenOf = async (user: string) => (await platform.run(['token', user])).stdout.trim();
  const as = async (user: string) => apiClient({ ...entrance, token: await tokenOf(user) });
  const streamed = async (work: () => Promise<void>) =>
    await whileAsking({ ...entrance, token: await tokenOf('admin') }, stream, work);
  const pidsOf = ({ status }: { readonly status: StatusReport }) => status.services.map(({ pid }) => pid);

  beforeAll(async () => {
    platform = await localPlatform(56);
    const store = memoryStore();
    const authority = await ensureAuthority(store, 'endpoints');
    const hosts = [`${platform.network}.250`];
    const issued = await ensureCertificate(store, authority, { id: 'endpoint', commonName: 'endpoint', hosts });
    endpoint = { certificate: issued.certificatePem, key: issued.keyPem };
    const indented = authority.certificatePem.trim().replaceAll(/^/gm, '    ');
    await platform.change((text) => text.replace(/^push:\n/m, `push:\n  endpointAuthorities: |\n${indented}\n`));
    const result = await platform.run(['up', '--json']);
    expect(result.status, result.stderr + result.stdout).toBe(0);
    up = JSON.parse(result.stdout);
    entrance = {
      url: up.entrance?.url ?? '',
      authority: await readFile(up.entrance?.authorityFile ?? '', 'utf8'),
    };
    admin = await as('admin');
    collector = await as('collector');
    archive = await as('archive');
  });
  afterAll(() => platform.dispose());

  it('comes up from nothing, healthy, and names what stands in for the metadata store in text and in JSON', async () => {
    expect(up.started).toHaveLength(14);
    expect(up.status).toMatchObject({ healthy: true, troubles: [] });
    expect(up.status.services.find(({ service }) => service === 'mongodb-stand-in')?.detail).toBe(standIn);
    expect(up.status.notes).toEqual([expect.stringContaining(standIn.replace('stand-in', 'is a stand-in'))]);
    const text = (await platform.run(['status'])).stdout;
    expect(text).toMatch(new RegExp(`metadata-1 .* ${standIn}`));
    expect(text).toContain('Note: the metadata store on metadata-1 is a stand-in, not a replica set');
  });

  it('is changed by nothing when it is brought up again, and says so', async () => {
    const again = await platform.json<Up>(['up']);
    expect(again).toMatchObject({ started: [], topics: { changes: 0, verified: 4 }, messages: [] });
    expect(pidsOf(again)).toEqual(pidsOf(up));
    const text = (await platform.run(['up'])).stdout;
    expect(text).toContain('Topics: no changes, 4 verified');
    expect(text).toContain('Messages: everything ran before: nothing sent');
  });

  it('lets declared users publish, pull and acknowledge through HAProxy, each what the file allows him', async () => {
    const desk = 'projects/monitoring/subscriptions/alerts-desk';
    const messages = [{ data: 'aGVsbG8=', attributes: { site: 'north' } }];
    const published = await collector('POST', 'projects/monitoring/topics/alerts:publish', { messages });
    expect(published.body).toEqual({ messageIds: ['0'] });
    expect((await archive('POST', 'projects/monitoring/topics/alerts:publish', { messages })).status).toBe(403);
    expect((await collector('POST', `${desk}:pull`, {})).status).toBe(403);
    expect((await archive('POST', `${desk}:pull`, {})).body).toMatchObject({
      receivedMessages: [{ ackId: `${desk}:0`, message: { ...messages[0], messageId: '0' } }],
    });
    expect((await archive('POST', `${desk}:acknowledge`, { ackIds: [`${desk}:0`] })).status).toBe(200);
    expect((await archive('GET', `${desk}:offsets`)).body).toEqual({ max: 1, min: 0, current: 1 });
  });

  it('gives out what a producer of Kafka wrote to a topic of the manifest, with the partition in its id', async () => {
    const pms = 'projects/monitoring/subscriptions/pms-archive';
    const pull = async () => (await archive('POST', `${pms}:pull`, { maxMessages: '100' })).body?.receivedMessages;
    const before = (await pull()) as { readonly ackId: string }[];
    expect(before).toHaveLength(12); // what `up` sent
    await archive('POST', `${pms}:acknowledge`, { ackIds: before.map(({ ackId }) => ackId) });
    const producer = await createProducer({ bootstrap: up.bootstrap });
    const value = Buffer.from('{"pms":7}');
    const [record] = await producer.send('monitoring.pms', [{ key: 'pms-7', value, headers: { run: 'a' } }]);
    await producer.close();
    await expect.poll(pull, { timeout: 30_000 }).toEqual([
      {
        ackId: `${pms}:${record?.partition}-${record?.offset}`,
        message: {
          messageId: `${record?.partition}-${record?.offset}`,
          attributes: { run: 'a', 'kafka.key': 'pms-7' },
          data: value.toString('base64'),
          publishTime: expect.any(String),
        },
      },
    ]);
  });

  it('gives the admin’s token for the operator’s certificate, and none without one', async () => {
    const [host = ''] = /[\d.]+/.exec(entrance.url.replace('https://', '')) ?? [];
    const url = `https://${host}:8443/v1/service-types/ams/hosts/${host}:authx509`;
    const login = (tls: object): Promise<string> =>
      new Promise((resolve, reject) => {
        const asked = request(url, { ca: entrance.authority, agent: false, ...tls }, (response) => {
          let text = '';
          response.on('data', (part) => (text += part));
          response.on('end', () => resolve(text));
        });
        asked.on('error', reject);
        asked.end();
      });
    const [cert, key] = await Promise.all(
      ['tls/operator.pem', 'tls/operator.key.pem'].map((id) => readFile(secretFile(id))),
    );
    expect(JSON.parse(await login({ cert, key }))).toEqual({ token: await tokenOf('admin') });
    expect(await login({})).toContain('No certificate provided');
  });

  it('serves upstream’s own Python client: topic, subscription, publish, pull, acknowledge, push configuration', async () => {
    const { python } = await pythonTools('argo-ams-library');
    const script = `
import sys
from argo_ams_library import AmsMessage, ArgoMessagingService
endpoint, token, push = sys.argv[1:]
ams = ArgoMessagingService(endpoint=endpoint, token=token, project='monitoring')
ams.create_topic('python')
ams.create_sub('python', 'python')
print(ams.has_topic('python'), ams.has_sub('python'), ams.has_sub('ruby'))
print(ams.publish('python', [AmsMessage(data='a "quoted" word', attributes={'quote': '"'}), AmsMessage(data='b')])['messageIds'])
pulled = ams.pull_sub('python', 2)
print([(message.get_data().decode(), message.get_attr()) for _, message in pulled])
ams.ack_sub('python', [ack for ack, _ in pulled])
print(ams.getoffsets_sub('python'), list(ams.pull_sub('python', 1)))
ams.pushconfig_sub('python', push)
print(ams.get_sub('python')['pushConfig']['pushEndpoint'])
ams.pushconfig_sub('python')
print(repr(ams.get_sub('python')['pushConfig']['pushEndpoint']))
ams.delete_sub('python')
ams.delete_topic('python')
`;
    const args = ['-c', script, entrance.url.replace('https://', ''), await tokenOf('admin'), 'https://example.org/x'];
    const env = { ...process.env, REQUESTS_CA_BUNDLE: up.entrance?.authorityFile };
    const { stdout } = await promisify(execFile)(python, args, { env, timeout: 60_000 });
    expect(stdout.trim().split('\n')).toEqual([
      'True True False',
      "['0', '1']",
      `[('a "quoted" word', {'quote': '"'}), ('b', '')]`,
      "{'max': 2, 'min': 0, 'current': 2} []",
      'https://example.org/x',
      "''",
    ]);
  });

  it('delivers to an endpoint that it verified, with the authorization that the subscription names', async () => {
    const received: { readonly authorization: string | undefined; readonly text: string }[] = [];
    let hash = 'not yet';
    const server: Server = createServer({ cert: endpoint.certificate, key: endpoint.key }, async (asked, answer) => {
      if (asked.url === '/ams_verification_hash') return answer.end(hash);
      let text = '';
      for await (const part of asked) text += part;
      received.push({ authorization: asked.headers.authorization, text });
      return answer.writeHead(204).end();
    });
    await new Promise<void>((resolve) => server.listen(8444, `${platform.network}.250`, resolve));
    try {
      const desk = 'projects/monitoring/subscriptions/push';
      const pushConfig = {
        type: 'http_endpoint',
        pushEndpoint: `https://${platform.network}.250:8444/alerts`,
        retryPolicy: { type: 'linear', period: 300 },
      };
      const made = await admin('PUT', desk, { topic: 'projects/monitoring/topics/alerts', pushConfig });
      expect(made.body).toMatchObject({ pushConfig: { verified: false } });
      expect((await admin('POST', `${desk}:verifyPushEndpoint`)).body).toMatchObject({
        error: { code: 401, message: 'Endpoint verification failed.Wrong verification hash' },
      });
      const shown = made.body?.pushConfig as { verificationHash: string; authorizationHeader: { value: string } };
      hash = shown.verificationHash;
      const verified = await admin('POST', `${desk}:verifyPushEndpoint`);
      expect(verified.status, verified.text).toBe(200);
      await collector('POST', 'projects/monitoring/topics/alerts:publish', { messages: [{ data: 'cHVzaA==' }] });
      await eventually('it is delivered', 30_000, () => received.length > 0);
      expect(received[0]?.authorization).toBe(shown.authorizationHeader.value);
      expect(JSON.parse(received[0]?.text ?? '')).toMatchObject({ message: { data: 'cHVzaA==' } });
      await eventually('it is acknowledged', 30_000, async () => {
        const { body } = await admin('GET', `${desk}:offsets`);
        return body?.current === body?.max;
      });
      expect((await admin('POST', `${desk}:modifyPushConfig`, { pushConfig: {} })).status).toBe(200);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('shows new certificates everywhere after a renewal, of which no request notices anything', async () => {
    const nodes = up.status.services.map(({ node }) => node);
    const certificates = () => Promise.all([...new Set(nodes)].map((node) => readFile(secretFile(`tls/${node}.pem`))));
    const before = await certificates();
    let renewed = '';
    const { answered, failures } = await streamed(async () => {
      const result = await platform.run(['certificates', 'renew', '--json']);
      expect(result.status, result.stderr + result.stdout).toBe(0);
      renewed = result.stdout;
    });
    expect(failures, `of ${answered}`).toEqual([]);
    const report = JSON.parse(renewed);
    expect(report.restartNeeded).toEqual([]);
    expect(report.listeners.length).toBeGreaterThanOrEqual(10);
    const after = await certificates();
    expect(after.filter((each, index) => before[index]?.equals(each))).toEqual([]);
  });

  it('loses no request while changed settings are rolled: API nodes restarted in turn, the balancer reloaded', async () => {
    await platform.change((text) =>
      text
        .replace(/^api:\n {2}count: 2\n/m, '$&  requestsPerSecond: 100000\n')
        .replace(/^(balancer:\n.*\n {2}machine: \{ memoryMiB): 512/m, '$1: 640'),
    );
    let report: RollReport | undefined;
    const { answered, failures } = await streamed(async () => {
      report = await platform.json<RollReport>(['roll', '--yes']);
    });
    expect(failures, `of ${answered}`).toEqual([]);
    const actions = report?.plan.steps.flatMap((step) => step.actions.map(({ kind }) => `${kind} ${step.node}`));
    expect(actions).toEqual(['restart api-1', 'restart api-2', 'reload balancer-1']);
    expect((await platform.run(['roll', '--plan'])).status).toBe(0);
  });

  it('checks a balancer’s file whenever it is started, also alone', async () => {
    const checked = () => stat(join(platform.stateRoot, 'local', 'nodes', 'balancer-1', 'haproxy', 'check.log'));
    expect((await platform.run(['stop', 'balancer-1'])).status).toBe(0);
    const before = await checked();
    expect((await platform.run(['start', 'balancer-1'])).status).toBe(0);
    expect((await checked()).ino).not.toBe(before.ino);
  });

  it('grows by a project and an API node where the environment does, and no request fails meanwhile', async () => {
    await platform.change((text) =>
      text
        .replace(/^api:\n {2}count: 2/m, 'api:\n  count: 3')
        .replace(/^ {2}projects:\n/m, '  projects:\n    orchard: { topics: { apples: {} } }\n'),
    );
    let grown: Up | undefined;
    const { answered, failures } = await streamed(async () => {
      grown = await platform.json<Up>(['up']);
    });
    expect(failures, `of ${answered}`).toEqual([]);
    expect(grown?.started).toEqual([
      { node: 'api-3', service: 'messaging-api' },
      { node: 'api-3', service: 'auth' },
    ]);
    expect((await admin('GET', 'projects/orchard/topics/apples')).status).toBe(200);
    const outdated = grown?.status.services.filter((service) => service.outdated).map(({ service }) => service);
    expect(outdated, 'push servers know the API nodes by name, and read them again').toEqual([]);
    const metrics = await fetch(`http://${platform.network}.91:8404/metrics`).then((answer) => answer.text());
    expect(metrics).toContain('haproxy_server_status{proxy="api",server="api-3",state="UP"} 1');
  });

  it('leaves no process behind when it goes down', async () => {
    const down = await platform.run(['down']);
    expect(down.status, down.stderr).toBe(0);
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
    expect(stdout.split('\n').filter((line) => line.includes(platform.stateRoot))).toEqual([]);
  });

  it('comes up without HAProxy where the machine has none, and says plainly how to get it', async () => {
    const { status, stdout, stderr } = await platform.run(['up', '--no-messages'], {
      env: { ENSEMBLE_HAPROXY: '/nowhere/haproxy' },
    });
    expect(status, stderr).toBe(0);
    expect(stdout).not.toMatch(/^Balancer:/m);
    expect(stdout).toContain(
      'Note: no HAProxy on this machine, so that nothing balances the API: `apt-get install haproxy`',
    );
    const url = `https://${platform.network}.51:8080`;
    expect(stdout).toContain(`Messaging API: ${url}/v1`);
    const direct = apiClient({ ...entrance, url, token: await tokenOf('admin') });
    expect((await direct('GET', 'projects/orchard/topics/apples')).status).toBe(200);
  });
});
