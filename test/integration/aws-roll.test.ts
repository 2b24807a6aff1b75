/**
 * `ensemble roll` of an environment on AWS, whole: the installed command, moto for EC2, S3 and Secrets Manager, the bundled function under plain node, and
 * real ZooKeeper and Kafka that it asks and tells by TLS. The machines between are a stand-in (process-agents.ts) that restarts those very brokers.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { nodeArchives } from '../../artifacts/node-archives.ts';
import { ensureProgramArchives } from '../../artifacts/program-archives.ts';
import { ensureProgram } from '../../artifacts/program-bundle.ts';
import { openSecrets } from '../../clients/aws/secrets.ts';
import { type AwsPlace, nodeSecretName, storeSecretName, topicsApplierNode } from '../../contracts/aws-names.ts';
import { parseNodeList } from '../../contracts/node-list.ts';
import { type MotoServer, startMoto } from '../../drivers/local-aws/moto-server.ts';
import { type Shim, startShim } from '../../drivers/local-aws/shim.ts';
import { openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { openDeployment } from '../../operations/deployment.ts';
import type { RollPlan } from '../../operations/roll/plan.ts';
import type { RollReport } from '../../operations/roll.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { nodeObjects } from '../../provision/node-objects.ts';
import { awsStore } from '../../secrets/aws-store.ts';
import { fileStore } from '../../secrets/file-store.ts';
import { requires } from '../requirements.ts';
import { LambdaProcess } from './lambda-process.ts';
import { makeBucket, withObjects } from './made-in-moto.ts';
import { type PlatformFixture, platformFixture } from './platform-fixture.ts';
import { ProcessAgents } from './process-agents.ts';
import { runProgram } from './run-program.ts';

const { describe, it } = requires('java', 'kcat', 'linux', 'moto');

const subnet = 46;
const workers = ['worker-1', 'worker-2', 'worker-3'];
/** On AWS, with as many nodes as really run here. */
const environmentText = (kafka: string) => `name: test
target: aws
region: eu-west-1
aws: { account: "123456789012" }
zones: [eu-west-1a, eu-west-1b, eu-west-1c]
tolerate: 1
masters: { count: 3, machine: t3.small, volumeGiB: 10 }
workers: { count: 3, machine: t3.small, volumeGiB: 50 }
topics: topics.yaml
kafka: { settings: {${kafka}} }
`;

describe('an environment on AWS that is rolled', () => {
  let platform: PlatformFixture;
  let moto: MotoServer;
  let shim: Shim;
  let lambda: LambdaProcess;
  let agents: ProcessAgents;
  let place: AwsPlace;
  let remote: string;
  let lastInvoke: Promise<unknown> = Promise.resolve();

  const open = () =>
    openAwsEnvironment({ environment: join(remote, 'test.yaml'), environmentsDirectory: remote }, 'test');
  const local = () => ({
    environment: platform.environmentFile,
    environmentsDirectory: platform.folder,
    stateRoot: join(platform.folder, 'state'),
  });
  /** Both files say the same: what is rendered for AWS is in the bucket, what the processes here read is rendered for here. */
  const say = async (kafka: string) => {
    await platform.write({ masters: 3, workers: 3, kafkaSettings: kafka });
    await writeFile(join(remote, 'test.yaml'), environmentText(kafka));
  };
  /** As Terraform would. */
  const deploy = async () => {
    const { environment, addressing } = await open();
    const { cluster } = environment;
    const software = { archives: nodeArchives(await ensureProgramArchives()) };
    await withObjects(place, async (objects) => {
      for (const group of cluster.groups)
        for (const node of group.nodes) {
          const { list, files } = nodeObjects(cluster, group, node, addressing, software);
          for (const { key, text } of [list, ...files]) await objects.write(key, text);
          for (const { key } of parseNodeList(list.text).archives)
            if (!(await objects.exists(key))) await objects.write(key, 'its bytes are nobody’s business here');
        }
    });
  };
  const ensemble = (...args: readonly string[]) =>
    runProgram(
      process.execPath,
      [join(installationRoot(), 'bin', 'ensemble.js'), ...args, '-e', join(remote, 'test.yaml'), '--state', remote],
      { env: { ...moto.environment, AWS_ENDPOINT_URL: shim.endpoint } },
    );
  const roll = (...args: readonly string[]) => ensemble('roll', '--yes', '--json', ...args);
  const rolled = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await roll(...args);
    expect(status, stderr + stdout).toBe(0);
    return JSON.parse(stdout) as RollReport;
  };
  const deedsOf = async (work: () => Promise<unknown>) => {
    agents.deeds.length = 0;
    await work();
    return [...agents.deeds];
  };

  beforeAll(async () => {
    [platform, moto] = await Promise.all([platformFixture(subnet, { masters: 3, workers: 3 }), startMoto()]);
    await platform.writeTopics('topics:\n  - { name: load, partitions: 6, replicas: 3 }\n');
    const up = await platform.run(['up', '--no-messages']);
    expect(up.status, up.stderr + up.stdout).toBe(0);
    remote = join(platform.folder, 'remote');
    await mkdir(remote);
    await writeFile(join(remote, 'topics.yaml'), 'topics: []\n');
    await say('');
    for (const [name, value] of Object.entries(moto.environment)) vi.stubEnv(name, value);
    const { environment } = await open();
    ({ place } = await open());
    // What the foundation makes: a bucket, and empty secrets; the operator's store has the authority of the brokers here.
    await makeBucket(place);
    const secrets = await openSecrets({ region: place.region });
    const readers = [
      ...environment.cluster.groups.flatMap(({ nodes }) => nodes.map(({ id }) => id)),
      topicsApplierNode,
    ];
    for (const reader of readers) await secrets.create(nodeSecretName('test', reader), '{}');
    const ours = awsStore({ client: secrets, prefix: storeSecretName('test', ''), options: {} });
    const theirs = fileStore(join(platform.folder, 'state', 'test', 'secrets'));
    for (const id of ['tls/ca.key.pem', 'tls/ca.pem'])
      await ours.create(id, (await theirs.read(id)) ?? Buffer.from(''));
    secrets.close();
    await deploy();

    const { file } = await ensureProgram(topicsApplierNode);
    lambda = await LambdaProcess.prepare(remote, await readFile(file, 'utf8'), {
      ...moto.environment,
      AWS_REGION: place.region,
      ENSEMBLE_ENVIRONMENT: 'test',
      ENSEMBLE_BOOTSTRAP: [101, 102, 103].map((host) => `127.0.${subnet}.${host}:9093`).join(','),
      ENSEMBLE_SECRET: nodeSecretName('test', topicsApplierNode),
    });
    shim = await startShim(moto.endpoint, async (asked) => {
      if (!asked.path.includes('/invocations')) return await agents.answer(asked);
      // Lambda would run calls beside each other; this stand-in takes one after the other.
      const answer = lastInvoke.then(() => lambda.invoke(topicsApplierNode, asked.body));
      lastInvoke = answer.catch(() => undefined);
      return { status: 200, body: (await answer).payload };
    });
    agents = await ProcessAgents.start(join(platform.folder, 'machines'), {
      local: local(),
      place,
      cluster: environment.cluster,
    });
    expect((await ensemble('secrets', 'ensure')).status).toBe(0);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await lambda?.kill();
    await shim?.stop();
    await agents?.stop();
    await moto?.stop();
    await platform.dispose();
  });

  it('is refused while what nodes would fetch is not what the environment file says', async () => {
    expect((await ensemble('roll', '--plan')).stdout).toContain('nothing to roll');
    await say('queued.max.requests: 400, authorizer.class.name: no.such.Class');
    const { status, stdout } = await roll();
    expect(status).toBe(3);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'OPERATIONS_SETTINGS_NOT_DEPLOYED',
      next: expect.stringContaining('cdktf deploy test-data'),
      evidence: [`test-data: ${workers.join(', ')}`],
    });
    await deploy();
  });

  it('is refused while partitions lack a replica, and touches nothing', async () => {
    const { driver } = await openDeployment(local());
    await driver.stop({ node: 'worker-2', service: 'kafka' });
    const deeds = await deedsOf(async () => {
      const { status, stdout } = await roll('--only', 'worker-1');
      expect(status, stdout).toBe(3);
      expect(JSON.parse(stdout).error).toMatchObject({
        code: 'OPERATIONS_NOT_WHOLE',
        evidence: expect.arrayContaining([
          'kafka on worker-2 is stopped',
          'the broker on worker-2 is not registered',
          expect.stringMatching(/not in sync on worker-2$/),
        ]),
      });
    });
    expect(deeds).toEqual([]);
    await driver.start({ node: 'worker-2', service: 'kafka' });
    await driver.ready(
      { node: 'worker-2', service: 'kafka' },
      { timeoutMs: 60_000, signal: AbortSignal.timeout(60_000) },
    );
  });

  let order: readonly string[];
  it('names the files and settings that differ, stops at the first node that does not come back, and refuses others until it is mended', async () => {
    const planned = await ensemble('roll', '--plan', '--json');
    expect(planned.status, planned.stderr).toBe(2);
    const { plan } = JSON.parse(planned.stdout) as { readonly plan: RollPlan };
    order = plan.steps.map(({ node }) => node);
    expect([...order].sort()).toEqual(workers);
    expect(plan.steps.flatMap(({ actions }) => actions)).toMatchObject(
      workers.map(() => ({
        kind: 'restart',
        service: 'kafka',
        because: ['server.properties: authorizer.class.name, queued.max.requests'],
      })),
    );
    const [first = '', second = ''] = order;
    const deeds = await deedsOf(async () => {
      const { status, stdout } = await roll();
      expect(status, stdout).toBe(4);
      const report = JSON.parse(stdout) as RollReport;
      expect(report.nodes.map(({ outcome }) => outcome)).toEqual(['stopped', 'untouched', 'untouched']);
      expect(report.stopped).toMatchObject({ node: first, error: { code: 'DRIVER_SERVICE_DIED' } });
      expect(report.stopped?.error.evidence.join('\n')).toContain('no.such.Class');
      expect((await roll('--only', second)).status, 'while another node has failed').toBe(3);
    });
    expect(deeds).toEqual([`restart ${first}`]);
  });

  it('goes on from there once the setting is mended, one node after the other, and does nothing twice', async () => {
    await say('queued.max.requests: 400');
    await deploy();
    const [first = '', ...others] = order;
    const deeds = await deedsOf(async () => {
      const { plan } = await rolled();
      expect(plan.steps[0]).toMatchObject({ node: first, broken: true });
    });
    expect(deeds[0]).toBe(`start ${first}`);
    expect(deeds.slice(1).sort()).toEqual(others.map((node) => `restart ${node}`).sort());
    expect(await deedsOf(async () => expect((await rolled()).plan.steps).toEqual([]))).toEqual([]);
  });

  it('tells brokers of what they can take, the one that is named and then the others, and restarts none', async () => {
    await say('queued.max.requests: 400, num.network.threads: 9');
    await deploy();
    const deeds = await deedsOf(async () => {
      const named = await rolled('--only', 'worker-3');
      expect(named.plan.steps.map(({ node, actions }) => [node, actions[0]?.kind])).toEqual([['worker-3', 'update']]);
      const { plan } = await rolled();
      expect(plan.steps.map(({ node }) => node).sort()).toEqual(['worker-1', 'worker-2']);
    });
    expect(deeds).toEqual([]);
    const kept = lambda.events.map((event) => (JSON.parse(event) as { action?: string }).action);
    expect(kept).toEqual(expect.arrayContaining(['brokers', 'broker-settings', 'broker-alter', 'leaders-elect']));
    expect((await ensemble('roll', '--plan')).stdout).toContain('nothing to roll');
  });
});
