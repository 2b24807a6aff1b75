/**
 * Push servers as processes, bundled as they ship, over MongoDB's stand-in: killed, paused, told to leave; a thousand subscriptions; a bad configuration; and what
 * their logs hold.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { ensureProgram } from '../../artifacts/program-bundle.ts';
import { useBench } from '../programs/push-server/bench-fixture.ts';
import { pushConfig, until, workerToken } from '../programs/push-server/push-fixture.ts';
import { requires } from '../requirements.ts';
import { freePort } from './free-port.ts';
import { type StandIn, startStandIn } from './stand-in-fixture.ts';

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  output: string;
  /** Exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

requires('java', 'maven', 'linux').describe('push servers as processes', () => {
  const bench = useBench();
  let standIn: StandIn;
  let program: string;
  let running: Running[] = [];
  let databases = 0;

  beforeAll(async () => {
    standIn = await startStandIn();
    program = (await ensureProgram('push-server')).file;
  });
  afterAll(() => standIn?.stop());
  beforeEach(() => {
    running = [];
    databases += 1;
  });
  afterEach(async () => {
    await stopPublishing();
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
  });

  function run(file: string): Running {
    const child = spawn(process.execPath, [program, '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
      child.once('close', (code, signal) => resolve(code ?? signal)),
    );
    const made: Running = { child, pid: child.pid ?? 0, output: '', ended };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        made.output += chunk.toString();
      });
    }
    running.push(made);
    return made;
  }

  async function start(changes: Parameters<typeof pushConfig>[2] = {}): Promise<Running> {
    const ensemble = {
      storeHost: standIn.storeHost,
      storeDb: `push_${databases}`,
      leaseMs: 2_000,
      operations: { bind: '127.0.0.1', port: await freePort() },
      ...changes.ensemble,
    };
    const config = await pushConfig(bench.certificates, bench.api.port, { ...changes, ensemble });
    const file = join(bench.certificates.folder, `push-server-${running.length}.json`);
    writeFileSync(file, JSON.stringify(config));
    const made = run(file);
    await until(
      () => made.output,
      (output) => output.includes('"msg":"ready"'),
      20_000,
    );
    return made;
  }

  const names = Array.from({ length: 10 }, (_, index) => `S${index}`);
  /** A thousand take 5 s on a quiet machine of two cores; others may be using it. */
  const patienceMs = 120_000;
  /** In a bundle. */
  const most = 10;
  const fast = (name: string) =>
    bench.linear(`/${name}`, { retryPolicy: { type: 'linear', period: 5 }, maxMessages: most });

  /** Publishes until it is told to stop; answers with all texts. */
  let stopPublishing: () => Promise<readonly string[]> = async () => [];
  function publishing(): { stop(): Promise<readonly string[]> } {
    const published: string[] = [];
    let stopped = false;
    const work = (async () => {
      for (let next = 0; !stopped; next += 1) {
        await bench.api.publish('T', [`m${next}`]);
        published.push(`m${next}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    stopPublishing = async () => {
      stopped = true;
      await work;
      return published;
    };
    return { stop: stopPublishing };
  }

  /** Every message came to every endpoint, in its order but for repetitions; answers with the names that had some, of one bundle each at most. */
  async function allDelivered(texts: readonly string[]): Promise<readonly string[]> {
    const repeating: string[] = [];
    for (const name of names) {
      await until(
        () => bench.api.offset(name),
        (offset) => offset === texts.length,
        30_000,
      );
      const came = bench.endpoint.texts(`/${name}`);
      expect([...new Set(came)]).toEqual(texts); // the first time of each, in the order in which they were published
      expect(came.length - texts.length).toBeLessThanOrEqual(most);
      if (came.length > texts.length) repeating.push(name);
    }
    return repeating;
  }

  async function held({ output }: Running): Promise<number> {
    const port = /"operationsPort":(\d+)/.exec(output)?.[1];
    if (port === undefined) return 0;
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(/^push_subscriptions_held (\d+)$/m.exec(metrics)?.[1]);
  }

  /** Each has its half: what one loses is then no more than that. */
  async function sharedOut(servers: readonly Running[]): Promise<void> {
    await until(
      () => Promise.all(servers.map(held)),
      (counts) => counts.every((count) => count === names.length / servers.length),
      20_000,
    );
  }

  /** Which names had a delivery since. */
  const activeSince = (count: number) => new Set(bench.endpoint.posted.slice(count).map(({ path }) => path)).size;

  it('take over what a killed one had, within seconds; nothing is lost and the order is kept', async () => {
    for (const name of names) await bench.api.subscribe(name, 'T', fast(name));
    const [one, two] = [await start(), await start()];
    await sharedOut([one, two]);
    const messages = publishing();
    await until(
      () => activeSince(0),
      (count) => count === names.length,
      20_000,
    );
    one.child.kill('SIGKILL');
    await one.ended;
    const [before, killedMs] = [bench.endpoint.posted.length, performance.now()];
    await until(
      () => activeSince(before),
      (count) => count === names.length,
      20_000,
    );
    console.info(
      `all ${names.length} subscriptions delivered again ${Math.round(performance.now() - killedMs)} ms after kill -9 (lease 2,000 ms)`,
    );
    const repeating = await allDelivered(await messages.stop());
    expect(repeating.length).toBeLessThanOrEqual(names.length / 2); // at most what the dead one had under way
  });

  it('deliver nothing after they were paused beyond their lease, and join again', async () => {
    for (const name of names) await bench.api.subscribe(name, 'T', fast(name));
    const [one, two] = [await start(), await start()];
    await sharedOut([one, two]);
    const messages = publishing();
    await until(
      () => activeSince(0),
      (count) => count === names.length,
      20_000,
    );
    one.child.kill('SIGSTOP');
    const before = bench.endpoint.posted.length;
    await until(
      () => activeSince(before),
      (count) => count === names.length,
      20_000,
    );
    one.child.kill('SIGCONT');
    await until(
      () => one.output.split('\n').length + two.output.split('\n').length,
      () => one.output.includes('lease') || bench.endpoint.posted.length > before + 300,
      20_000,
    );
    const repeating = await allDelivered(await messages.stop());
    // The one that was not paused loses its lease too where this machine gives it no turn for two seconds; it says so then.
    expect(repeating.length).toBeLessThanOrEqual(two.output.includes('lease') ? names.length : names.length / 2);
  });

  it('end what they deliver on SIGTERM, give the rest to others at once, and leave with 0; nothing is delivered twice', async () => {
    for (const name of names) await bench.api.subscribe(name, 'T', fast(name));
    bench.endpoint.react = () => ({ status: 200, afterMs: 30 });
    const [one] = [await start({ ensemble: { leaseMs: 60_000 } }), await start({ ensemble: { leaseMs: 60_000 } })];
    const messages = publishing();
    await until(
      () => activeSince(0),
      (count) => count === names.length,
      20_000,
    );
    one.child.kill('SIGTERM');
    expect(await one.ended).toBe(0);
    const texts = await messages.stop();
    expect(await allDelivered(texts)).toEqual([]);
  });

  it('serve a thousand subscriptions: one timer, few connections, memory that is told', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `N${index}`);
    for (const name of many)
      await bench.api.subscribe(
        name,
        'T',
        bench.linear(`/${name}`, { retryPolicy: { type: 'linear', period: 3_000 } }),
      );
    const startedMs = performance.now();
    const one = await start();
    await until(
      () => bench.api.counts.get('POST :pull') ?? 0,
      (count) => count >= many.length,
      patienceMs,
    );
    const [foundMs, publishedMs] = [performance.now() - startedMs, performance.now()];
    await bench.api.publish('T', ['one']);
    // Different ones: a server that had no turn for longer than its lease delivers some again.
    await until(
      () => activeSince(0),
      (count) => count === many.length,
      patienceMs,
    );
    const deliveredMs = performance.now() - publishedMs;
    const status = readFileSync(`/proc/${one.pid}/status`, 'utf8');
    const peakMb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_000;
    console.info(
      `1,000 subscriptions of 3,000 ms: first pull of all ${Math.round(foundMs)} ms after the start, one message to all ${Math.round(deliveredMs)} ms after its publish, peak resident ${Math.round(peakMb)} MB`,
    );
    expect(peakMb).toBeLessThan(400);
  });

  it('end with 1 and one line that names the field, where the configuration is wrong', async () => {
    const file = join(bench.certificates.folder, 'wrong.json');
    writeFileSync(
      file,
      JSON.stringify({ bind_port: 'x', ams_token: 'very-secret', ams_host: 'h', tls_enabled: false }),
    );
    const wrong = run(file);
    expect(await wrong.ended).toBe(1);
    expect(wrong.output).toMatch(/^PUSH_SERVER_CONFIG_INVALID: .*wrong\.json: bind_port: .*\n$/);
    expect(wrong.output).not.toContain('very-secret');
    const absent = run(join(bench.certificates.folder, 'absent.json'));
    expect(await absent.ended).toBe(1);
    expect(absent.output).toMatch(/^PUSH_SERVER_CONFIG_MISSING: .*\n$/);
    const config = await pushConfig(bench.certificates, bench.api.port, { certificate: '/nowhere.pem' });
    writeFileSync(file, JSON.stringify(config));
    const uncertified = run(file);
    expect(await uncertified.ended).toBe(1);
    expect(uncertified.output).toContain('PUSH_SERVER_CERTIFICATE_UNREADABLE: certificate: /nowhere.pem');
  });

  it('write neither a token nor a message nor a header into their logs, whatever goes wrong', async () => {
    bench.endpoint.react = () => ({ status: 500, body: 'the endpoint says no' });
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    await bench.api.publish('T', ['a-secret-message']);
    const one = await start({ log_level: 'DEBUG' });
    await until(
      () => bench.endpoint.posted.length,
      (count) => count > 2,
    );
    bench.api.down = true;
    await until(
      () => one.output,
      (output) => output.includes('compared with the messaging API'),
    );
    one.child.kill('SIGHUP');
    await until(
      () => one.output,
      (output) => output.includes('certificates, and who may call, are read again'),
    );
    one.child.kill('SIGTERM');
    expect(await one.ended).toBe(0);
    const authorization = String(bench.endpoint.posted[0]?.headers.authorization);
    for (const secret of [
      workerToken,
      authorization,
      'a-secret-message',
      Buffer.from('a-secret-message').toString('base64'),
    ])
      expect(one.output).not.toContain(secret);
    for (const line of one.output.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
  });
});
