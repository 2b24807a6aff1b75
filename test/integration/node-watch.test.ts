/** What watches a node, as it ships: a real journald and a real journalctl on one side, moto's logs and metrics on the other, and what goes wrong between them. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { ensureProgram } from '../../artifacts/program-bundle.ts';
import { signedService } from '../../clients/aws/signed-request.ts';
import { type MotoServer, startMoto } from '../../drivers/local-aws/moto-server.ts';
import { type Shim, startShim } from '../../drivers/local-aws/shim.ts';
import { requires } from '../requirements.ts';
import { type RealJournal, startJournal } from './real-journal.ts';

const region = 'eu-west-1';
const group = '/ensemble/staging/worker';

interface Said {
  readonly service: string;
  readonly message: string;
  readonly priority?: number;
  readonly part?: number;
}

const { describe: where, it } = requires('root', 'linux', 'namespaces', 'moto', 'journald');

where('what watches a node', () => {
  let moto: MotoServer;
  let shim: Shim;
  let journal: RealJournal;
  let bundle: string;
  let folder: string;
  /** While set, CloudWatch Logs answers so. */
  let refusal: number | undefined;
  /** Every event that moto took, in the order of its arrival. */
  const events: Said[] = [];
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ensemble-watch-'));
    [moto, journal, bundle] = await Promise.all([
      startMoto(),
      startJournal(),
      ensureProgram('node-watch').then(({ file }) => file),
    ]);
    shim = await startShim(moto.endpoint, async ({ headers, body }) => {
      if (headers['x-amz-target'] !== 'Logs_20140328.PutLogEvents') return undefined;
      if (refusal !== undefined) return { status: refusal, body: '{"__type":"ServiceUnavailableException"}' };
      const { logEvents } = JSON.parse(body) as { logEvents: { message: string }[] };
      const taken = await fetch(moto.endpoint, { method: 'POST', headers: plain(headers), body });
      const text = await taken.text();
      if (taken.ok) events.push(...logEvents.map(({ message }) => JSON.parse(message) as Said));
      return { status: taken.status, body: text, type: 'application/x-amz-json-1.1' };
    });
    for (const [name, value] of Object.entries({ ...moto.environment, AWS_ENDPOINT_URL: shim.endpoint }))
      vi.stubEnv(name, value);
    await logs('CreateLogGroup', { logGroupName: group });
  }, 120_000);
  afterEach(async () => {
    refusal = undefined;
    for (const child of running.splice(0)) await stop(child, 'SIGKILL');
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await shim?.stop();
    await moto?.stop();
    await journal?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Credentials that open nothing anywhere else; what it says is kept. */
  function watch(): { readonly child: ChildProcess; said: string } {
    const config = join(folder, 'config.json');
    const settings = {
      environment: 'staging',
      node: 'worker-1',
      sink: { kind: 'cloudwatch', region, group },
      volumes: [
        { name: 'system', path: '/' },
        { name: 'data-1', path: folder },
      ],
      stateFolder: join(folder, 'state'),
      lingerMs: 100,
      metricsEveryMs: 500,
    };
    writeFileSync(config, JSON.stringify(settings));
    const child = journal.start([process.execPath, '--max-old-space-size=96', bundle, '--config', config], process.env);
    running.push(child);
    const watched = { child, said: '' };
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        watched.said += text;
      });
    return watched;
  }
  const messages = (service: string) =>
    events.filter((event) => event.service === service).map(({ message }) => message);
  const until = async (met: () => boolean | Promise<boolean>, what: () => string = () => '') =>
    await vi.waitFor(async () => expect(await met(), what()).toBe(true), { timeout: 40_000, interval: 50 });

  it('sends what services say, in their order, with what only the journal knows of it', async () => {
    await journal.ask('systemd-cat -t before', 'said before anybody watched\n');
    const watched = watch();
    await journal.ask('systemd-cat -t kafka -p warning', 'one\nzwei: größer €\n\tthree "quoted"\n');
    await until(
      () => messages('kafka').length === 3 && messages('before').length === 1,
      () => watched.said,
    );
    expect(events.filter(({ service }) => service === 'kafka')).toEqual([
      { service: 'kafka', priority: 4, message: 'one' },
      { service: 'kafka', priority: 4, message: 'zwei: größer €' },
      { service: 'kafka', priority: 4, message: '\tthree "quoted"' },
    ]);
    const { events: kept } = JSON.parse(
      await logs('GetLogEvents', { logGroupName: group, logStreamName: 'worker-1', startFromHead: true }),
    ) as { events: { message: string; timestamp: number }[] };
    const [first] = kept.filter(({ message }) => message.includes('said before anybody'));
    expect(Math.abs(Date.now() - (first?.timestamp ?? 0))).toBeLessThan(600_000);
    expect(watched.said).not.toContain(process.env.AWS_SECRET_ACCESS_KEY);
  }, 60_000);

  it('goes on where it was killed: nothing is lost, and what was noted is not sent again', async () => {
    const first = watch();
    await journal.ask('systemd-cat -t killed', 'one\n');
    const path = join(folder, 'state', 'cursor');
    const cursor = () => (existsSync(path) ? readFileSync(path, 'utf8') : '');
    const before = cursor();
    await until(() => messages('killed').length === 1 && cursor() !== before);
    await stop(first.child, 'SIGKILL');
    await journal.ask('systemd-cat -t killed', 'two\nthree\n');
    watch();
    await until(() => messages('killed').length >= 3);
    expect(messages('killed')).toEqual(['one', 'two', 'three']);
  }, 60_000);

  it('waits while nothing is taken, with the journal as its buffer, and then sends all of it', async () => {
    const lines = 60_000;
    const watched = watch();
    await journal.ask('systemd-cat -t waiting', 'the first\n');
    await until(
      () => messages('waiting').length === 1,
      () => watched.said,
    );
    refusal = 503;
    await journal.ask(
      `seq -f 'line %.0f of a service that says a lot, and goes on saying it' ${lines} | systemd-cat -t waiting`,
    );
    await until(
      () => watched.said.includes('are not taken'),
      () => watched.said,
    );
    const memoryMiB =
      Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${watched.child.pid}/status`, 'utf8'))?.[1]) / 1024;
    refusal = undefined;
    await until(
      () => messages('waiting').length > lines,
      () => `${messages('waiting').length} ${watched.said}`,
    );
    const told = messages('waiting').slice(1);
    expect(told.length).toBe(lines);
    expect(told.every((message, index) => message.startsWith(`line ${index + 1} of`))).toBe(true);
    expect(watched.said.match(/are not taken/g)).toHaveLength(1);
    expect(watched.said).toContain('log events are taken again');
    expect(memoryMiB).toBeGreaterThan(20);
    expect(memoryMiB).toBeLessThan(200);
  }, 90_000);

  it('cuts what is too long for one event into parts, and makes its stream again where somebody deleted it', async () => {
    watch();
    await logs('DeleteLogStream', { logGroupName: group, logStreamName: 'worker-1' });
    const long = `${'€'.repeat(200_000)}end`;
    await journal.ask('logger --journald', `SYSLOG_IDENTIFIER=long\nMESSAGE=${long}\n`);
    await until(() => messages('long').join('').endsWith('end'));
    expect(messages('long').length).toBeGreaterThan(2);
    expect(messages('long').join('')).toBe(long);
  }, 60_000);

  it('puts how full disks and memory are, but nothing of a volume that is not mounted, and ends when it is asked to', async () => {
    const watched = watch();
    const named = async () =>
      await metrics({ Action: 'ListMetrics', Version: '2010-08-01', Namespace: 'Ensemble/Nodes' });
    const lacking = `volume data-1 is not mounted at ${folder}`;
    await until(
      async () => watched.said.includes(lacking) && (await named()).includes('MemoryUsedPercent'),
      () => watched.said,
    );
    const text = await named();
    expect(text).toContain('<MetricName>DiskUsedPercent</MetricName>');
    for (const value of ['staging', 'worker-1', 'system']) expect(text).toContain(`<Value>${value}</Value>`);
    expect(text).not.toContain('<Value>data-1</Value>');
    expect(await stop(watched.child, 'SIGTERM')).toBe(0);
  }, 60_000);

  async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child, 'exit');
    child.kill(signal);
    const [status] = (await ended) as [number | null];
    return status;
  }
});

async function logs(action: string, body: object): Promise<string> {
  const send = await signedService({ region, signingName: 'logs', hostName: 'logs', variable: 'CLOUDWATCH_LOGS' });
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${action}` };
  return (await send({ name: `logs:${action}`, headers, body: JSON.stringify(body) })).text;
}

async function metrics(form: Readonly<Record<string, string>>): Promise<string> {
  const send = await signedService({
    region,
    signingName: 'monitoring',
    hostName: 'monitoring',
    variable: 'CLOUDWATCH',
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return (await send({ name: 'cloudwatch:ListMetrics', headers, body: new URLSearchParams(form).toString() })).text;
}

function plain(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const kept = ['authorization', 'content-type', 'x-amz-target', 'x-amz-date', 'x-amz-content-sha256'];
  return Object.fromEntries(
    kept.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  );
}
