/**
 * The driver of nodes on AWS. Machines and the bucket are moto's; what is run on a node is run by a fake agent (fake-node-agent.ts), so that the scripts
 * are real and systemd is not.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest';
import { tags } from '../../contracts/aws-names.ts';
import { topicsProtocol } from '../../contracts/topics-request.ts';
import { type MotoServer, startMoto } from '../../drivers/local-aws/moto-server.ts';
import { type Shim, startShim } from '../../drivers/local-aws/shim.ts';
import { type AwsEnvironment, openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { observeAwsStatus } from '../../operations/aws/aws-status.ts';
import { type OperatedAws, withAws } from '../../operations/aws/operated.ts';
import { retireNode } from '../../operations/retire.ts';
import { awsRetireTarget } from '../../operations/retire-targets.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { requires } from '../requirements.ts';
import { type FakeAgents, fakeAgents } from './fake-node-agent.ts';
import { listHash, makeMachine, makeVolume, reportText, type SaidOfKafka, writeList } from './made-in-moto.ts';

const environments = { environment: 'staging', environmentsDirectory: join(installationRoot(), 'environments') };
const unit = 'ensemble-kafka.service';
const ref = { node: 'worker-1', service: 'kafka' };

requires('moto').describe('nodes on AWS', () => {
  let moto: MotoServer;
  let shim: Shim;
  let folder: string;
  let agents: FakeAgents;
  let aws: AwsEnvironment;
  let machine: string;
  let answerHealth: object | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-agents-'));
    moto = await startMoto();
    shim = await startShim(moto.endpoint, async (asked) => {
      // The function needs a network that is not here: its answer is the test's.
      if (!asked.path.includes('/invocations')) return await agents.answer(asked);
      if (answerHealth === undefined) return { status: 404, body: '{"Message":"Function not found"}' };
      const answer = { protocol: topicsProtocol, ok: true, action: 'health', answer: answerHealth };
      return { status: 200, body: JSON.stringify(answer) };
    });
    for (const [name, value] of Object.entries(moto.environment)) vi.stubEnv(name, value);
    vi.stubEnv('AWS_ENDPOINT_URL', shim.endpoint);
    aws = await openAwsEnvironment(environments, 'test');
  });
  beforeEach(async () => {
    await moto.reset();
    agents = fakeAgents(await mkdtemp(join(folder, 'run-')));
    machine = await makeMachine(aws.place, 'worker-1');
    await agents.add(machine);
    await writeList(aws.place, 'worker-1', 'new');
    await writeReport({ state: 'active', ready: true, pid: 7, running: 'new' });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await shim?.stop();
    await moto?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const at = (name: string) => join(agents.folderOf(machine), name);
  const writeReport = async (service: SaidOfKafka, list = '') =>
    await writeFile(at('report'), reportText(service, list));
  const operate = async <T>(work: (operated: OperatedAws) => Promise<T>) => await withAws(aws, work);
  const soon = () => ({ timeoutMs: 5_000, signal: AbortSignal.timeout(20_000) });

  requires('moto').it(
    'status: what a node says of itself, and of one that says nothing never that it runs',
    async () => {
      const silent = await makeMachine(aws.place, 'worker-2');
      const states = await operate(async ({ driver }) => await driver.status());
      const of = (node: string) => states.find((state) => state.node === node);
      expect(of('worker-1')).toMatchObject({
        service: 'kafka',
        role: 'worker',
        state: 'running',
        pid: 7,
        outdated: false,
      });
      expect(of('worker-1')?.address).toBe('worker-1.staging.internal:9092');
      expect(of('worker-2')).toMatchObject({ state: 'starting', pid: undefined });
      expect(of('worker-3')).toMatchObject({ state: 'stopped', pid: undefined });
      expect(silent).not.toBe('');
    },
  );

  requires('moto').it('a service that was started with other settings than the bucket has is outdated', async () => {
    await writeReport({ state: 'active', ready: true, pid: 7, running: 'old' });
    await operate(async ({ driver }) => {
      expect((await driver.status()).find(({ node }) => node === 'worker-1')?.outdated).toBe(true);
      // A node of before kept no list of what it started with.
      expect(await driver.differences()).toEqual([{ ...ref, known: false, command: false, files: [] }]);
    });
  });

  requires('moto').it('start, stop and restart are what systemd is told, and say what they did', async () => {
    await operate(async ({ driver }) => {
      expect(await driver.start(ref)).toEqual({ started: true });
      expect(await driver.start(ref)).toEqual({ started: false });
      expect(await driver.stop(ref)).toEqual({ outcome: 'stopped' });
      expect(await driver.stop(ref)).toEqual({ outcome: 'not running' });
      await writeFile(at('calls'), '');
      await driver.restart(ref);
      expect(await readFile(at(`units/${unit}`), 'utf8')).toBe('active\n');
      const calls = await readFile(at('calls'), 'utf8');
      expect(calls, 'one order, which no end of the script cuts in two').toBe(
        `reset-failed ${unit}\nrestart ${unit}\n`,
      );
      await writeFile(at('fail-stop'), '');
      expect(await driver.stop(ref, { timeoutMs: 1_000 })).toEqual({ outcome: 'killed' });
    });
  });

  requires('moto').it('a start that fails shows the journal’s last lines', async () => {
    await writeFile(at(`log/${unit}`), 'no such class\n');
    await writeFile(at('fail-start'), '');
    await operate(async ({ driver }) => {
      const failed = { code: 'DRIVER_COMMAND_FAILED', evidence: expect.arrayContaining(['no such class']) };
      await expect(driver.restart(ref)).rejects.toMatchObject(failed);
      await expect(driver.start(ref)).rejects.toMatchObject(failed);
    });
  });

  requires('moto').it(
    'a node whose list is another one than the bucket’s is behind, also where no service is',
    async () => {
      await operate(async ({ driver }) => {
        expect(await driver.differences()).toEqual([{ ...ref, known: true, command: false, files: [] }]);
        await writeReport(
          { state: 'active', ready: true, pid: 7, running: 'new' },
          await listHash(aws.place, 'worker-1'),
        );
        expect(await driver.differences()).toEqual([]);
      });
    },
  );

  requires('moto').it('what a node is to fetch must be in the bucket before it is touched', async () => {
    await operate(async ({ driver }) => {
      await driver.preflight([ref]);
      await writeList(aws.place, 'worker-1', 'new', [
        { key: 'nodes/worker-1/files/etc/a', path: '/etc/a', sha256: 'a'.repeat(64) },
      ]);
      await expect(driver.preflight([ref])).rejects.toMatchObject({
        code: 'DRIVER_OBJECTS_MISSING',
        evidence: ['nodes/worker-1/files/etc/a'],
      });
    });
  });

  requires('moto').it(
    'a service that systemd is to start again is on its way, and one that goes on ending is dead',
    async () => {
      await operate(async ({ driver }) => {
        await writeReport({ state: 'activating', detail: 'auto-restart', ready: false, pid: 0, running: null });
        const [state] = (await driver.status()).filter(({ node }) => node === 'worker-1');
        expect(state).toMatchObject({ state: 'starting', restarting: true });
        // Those from before it was waited for count for nothing; those since then do.
        const looping = { state: 'active', ready: false, pid: 9, running: 'new' };
        await writeReport({ ...looping, restarts: 3 });
        const before = agents.scripts.length;
        const waiting = expect(driver.ready(ref, { ...soon(), timeoutMs: 30_000 })).rejects.toMatchObject({
          code: 'DRIVER_SERVICE_DIED',
        });
        // The first look has ended once a second one begins.
        await vi.waitUntil(() => agents.scripts.length >= before + 2, { timeout: 15_000 });
        await writeReport({ ...looping, restarts: 6 });
        await waiting;
      });
    },
  );

  requires('moto').it('install is the node’s own apply, and its words are shown where it fails', async () => {
    await operate(async ({ driver }) => {
      await driver.install('worker-1');
      await driver.adopt(ref);
      expect(await readFile(at('node-calls'), 'utf8')).toBe('apply\nstarted kafka\n');
      await writeFile(at('fail-apply'), '');
      await expect(driver.install('worker-1')).rejects.toMatchObject({
        code: 'DRIVER_COMMAND_FAILED',
        evidence: ['the list is not to be had'],
      });
    });
  });

  requires('moto').it('ready ends when the service answers, and with its log where it has ended', async () => {
    await writeFile(at(`log/${unit}`), 'Exiting Kafka\n');
    await operate(async ({ driver }) => {
      await driver.ready(ref, soon());
      await writeReport({ state: 'failed', ready: false, pid: 0, running: null });
      const failed = { code: 'DRIVER_SERVICE_DIED', evidence: ['Exiting Kafka'] };
      await expect(driver.ready(ref, soon())).rejects.toMatchObject(failed);
      await expect(driver.assertAlive(ref)).rejects.toMatchObject({ code: 'DRIVER_SERVICE_DIED' });
    });
  });

  requires('moto').it('logs are the journal’s, and following them gives what comes', async () => {
    await writeFile(at(`log/${unit}`), 'one\ntwo\n');
    await writeFile(at(`log-more/${unit}`), 'three\n');
    await operate(async ({ driver }) => {
      expect(await driver.logs(ref, 10)).toEqual(['one', 'two']);
      for await (const text of driver.follow(ref, AbortSignal.timeout(30_000))) {
        expect(text).toBe('three\n');
        break;
      }
    });
  });

  requires('moto').it('a node without a machine, and one whose agent is away, are told apart', async () => {
    await operate(async ({ driver }) => {
      await expect(driver.start({ node: 'worker-3', service: 'kafka' })).rejects.toMatchObject({
        code: 'DRIVER_NO_MACHINE',
      });
      agents.remove(machine);
      await expect(driver.start(ref)).rejects.toMatchObject({ code: 'DRIVER_NODE_UNREACHABLE' });
      await expect(driver.preflight([ref])).rejects.toMatchObject({ code: 'DRIVER_NODE_UNREACHABLE' });
      await expect(driver.purge()).rejects.toMatchObject({ code: 'DRIVER_NOT_PURGED_HERE' });
    });
  });

  requires('moto').it('services of a machine whose node the environment does not name are strays', async () => {
    const other = await makeMachine(aws.place, 'worker-9');
    await agents.add(other);
    const report = await readFile(at('report'), 'utf8');
    await writeFile(join(agents.folderOf(other), 'report'), report.replace('worker-1', 'worker-9'));
    await operate(async ({ driver }) => {
      expect(await driver.strays()).toEqual([{ node: 'worker-9', service: 'kafka' }]);
    });
  });

  requires('moto').describe('asked through the function inside the network', () => {
    const health = {
      clusterId: 'c',
      controllerId: 1,
      partitions: 9,
      leaderless: 0,
      underReplicated: 0,
      moving: 0,
      amiss: [],
    };
    const brokers = (replicas: number) => [1, 2, 3].map((id) => ({ id, up: true, rack: null, replicas, leaders: 0 }));

    requires('moto').it('status says what the cluster says, and what nobody says is a trouble', async () => {
      answerHealth = { ...health, brokers: brokers(3) };
      const report = await operate(observeAwsStatus);
      expect(report.kafka).toMatchObject({ brokers: [1, 2, 3], controller: 1, partitions: 9 });
      expect(report.services.find(({ node }) => node === 'worker-1')?.detail).toBe('controller');
      expect(report.healthy).toBe(false);
      expect(report.troubles).toContain('the masters are not one whole quorum');
      answerHealth = undefined;
      expect((await operate(observeAwsStatus)).troubles.join()).toContain(
        'the function that asks brokers gave no answer',
      );
    });

    requires('moto').it(
      'retire refuses while a broker holds replicas; then it stops it and marks its volumes, and --keep takes that back',
      async () => {
        const { environment } = aws;
        const groups = environment.cluster.groups.map((group) => ({
          ...group,
          nodes: group.nodes.map((node) => ({ ...node, leaving: node.id === 'worker-1' })),
        }));
        const leaving = { ...aws, environment: { ...environment, cluster: { ...environment.cluster, groups } } };
        const [data, system] = [
          await makeVolume(aws.place, 'worker-1', { [tags.volume]: 'worker-1/data-1' }),
          await makeVolume(aws.place, 'worker-1', {}),
        ];
        const retire = async (keep: boolean) =>
          await withAws(leaving, async (operated) =>
            retireNode(awsRetireTarget(operated, join(folder, 'state')), 'worker-1', {
              keep,
              timeoutMs: 5_000,
              signal: AbortSignal.timeout(30_000),
            }),
          );
        await writeFile(at(`units/${unit}`), 'active\n');
        answerHealth = { ...health, brokers: brokers(3) };
        await expect(retire(false)).rejects.toMatchObject({ code: 'OPERATIONS_NODE_NEEDED', exitStatus: 3 });
        expect(await released()).toEqual([]);
        answerHealth = { ...health, brokers: brokers(0) };
        expect(await retire(false)).toMatchObject({
          stopped: [{ service: 'kafka', outcome: 'stopped' }],
          volumes: [data],
        });
        expect(await released()).toEqual([data]);
        expect(system).not.toBe(data);
        await retire(true);
        expect(await released()).toEqual([]);
        const other = withAws(aws, (operated) =>
          retireNode(awsRetireTarget(operated, join(folder, 'state')), 'worker-1', {
            keep: false,
            timeoutMs: 5_000,
            signal: AbortSignal.timeout(30_000),
          }),
        );
        await expect(other).rejects.toMatchObject({ code: 'OPERATIONS_NODE_STAYS' });
      },
    );
  });

  async function released(): Promise<readonly string[]> {
    return await operate(async ({ instances }) =>
      (await instances.volumes({ [tags.released]: 'yes' })).map(({ id }) => id),
    );
  }
});
