/**
 * An environment on AWS whose three masters and three brokers are real processes of this machine: moto for EC2, S3 and Secrets Manager, the bundled function
 * under plain node, and between them the stand-in for machines (process-agents.ts). Everything is as Terraform would leave it; the installed command works on it.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { nodeArchives } from '../../artifacts/node-archives.ts';
import { ensureProgramArchives } from '../../artifacts/program-archives.ts';
import { ensureProgram } from '../../artifacts/program-bundle.ts';
import { openSecrets } from '../../clients/aws/secrets.ts';
import { type AwsPlace, nodeSecretName, storeSecretName, topicsApplierNode } from '../../contracts/aws-names.ts';
import { parseNodeList } from '../../contracts/node-list.ts';
import { startMoto } from '../../drivers/local-aws/moto-server.ts';
import { startShim } from '../../drivers/local-aws/shim.ts';
import { type AwsEnvironment, openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import type { DeploymentOptions } from '../../operations/deployment.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { nodeObjects } from '../../provision/node-objects.ts';
import { awsStore } from '../../secrets/aws-store.ts';
import { fileStore } from '../../secrets/file-store.ts';
import { smallAwsEnvironment } from './environment-text.ts';
import { LambdaProcess } from './lambda-process.ts';
import { makeBucket, withObjects } from './made-in-moto.ts';
import { type PlatformFixture, platformFixture } from './platform-fixture.ts';
import { ProcessAgents } from './process-agents.ts';
import { type RunResult, runProgram } from './run-program.ts';

export interface AwsProcesses {
  readonly platform: PlatformFixture;
  readonly place: AwsPlace;
  readonly agents: ProcessAgents;
  readonly lambda: LambdaProcess;
  /** Of the environment on AWS, and its state. */
  readonly remote: string;
  /** For a command of ours. */
  readonly variables: NodeJS.ProcessEnv;
  /** What a command is told, to work on it. */
  readonly given: readonly string[];
  /** The same brokers as what they are: processes. */
  local(): DeploymentOptions;
  /** Both files say the same: what is rendered for AWS is in the bucket, what the processes here read is rendered for here. */
  say(kafka: string): Promise<void>;
  /** As Terraform would. */
  deploy(): Promise<void>;
  ensemble(...args: readonly string[]): Promise<RunResult>;
  /** What was told to servers while `work` did its own. */
  deedsOf(work: () => Promise<unknown>): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

/** On AWS, with as many nodes as really run here. */
const environmentText = (kafka: string, more: string) =>
  `${smallAwsEnvironment(more)}kafka: { settings: {${kafka}} }\n`;

export interface AwsProcessesOptions {
  /** A manifest's text. */
  readonly topics: string;
  /** Settings of brokers. */
  readonly kafka?: string;
  /** More of the environment's section of that name. */
  readonly aws?: string;
}

/** @param subnet of the processes */
export async function startAwsProcesses(
  subnet: number,
  { topics, kafka = '', aws = '' }: AwsProcessesOptions,
): Promise<AwsProcesses> {
  const closing: (() => unknown)[] = [];
  const dispose = async () => {
    vi.unstubAllEnvs();
    for (const close of closing.reverse()) await close();
  };
  const [platform, moto] = await Promise.all([
    platformFixture(subnet, { masters: 3, workers: 3, kafkaSettings: kafka }),
    startMoto(),
  ]);
  closing.push(
    () => platform.dispose(),
    () => moto.stop(),
  );
  try {
    await platform.writeTopics(topics);
    const up = await platform.run(['up', '--no-messages']);
    if (up.status !== 0) throw new Error(up.stderr + up.stdout);
    const remote = join(platform.folder, 'remote');
    await mkdir(remote);
    await writeFile(join(remote, 'topics.yaml'), 'topics: []\n');
    const say = async (settings: string) => {
      await platform.write({ masters: 3, workers: 3, kafkaSettings: settings });
      await writeFile(join(remote, 'test.yaml'), environmentText(settings, aws));
    };
    await say(kafka);
    for (const [name, value] of Object.entries(moto.environment)) vi.stubEnv(name, value);
    const open = () =>
      openAwsEnvironment({ environment: join(remote, 'test.yaml'), environmentsDirectory: remote }, 'test');
    const { environment, place } = await open();
    const local = () => ({
      environment: platform.environmentFile,
      environmentsDirectory: platform.folder,
      stateRoot: join(platform.folder, 'state'),
    });
    const deploy = async () => await layObjects(await open());
    await layFoundation(await open(), join(platform.folder, 'state', 'test', 'secrets'));
    await deploy();

    const { file } = await ensureProgram(topicsApplierNode);
    const lambda = await LambdaProcess.prepare(remote, await readFile(file, 'utf8'), {
      ...moto.environment,
      AWS_REGION: place.region,
      ENSEMBLE_ENVIRONMENT: 'test',
      ENSEMBLE_BOOTSTRAP: [101, 102, 103].map((host) => `127.0.${subnet}.${host}:9093`).join(','),
      ENSEMBLE_SECRET: nodeSecretName('test', topicsApplierNode),
    });
    closing.push(() => lambda.kill());
    let lastInvoke: Promise<unknown> = Promise.resolve();
    let agents: ProcessAgents | undefined;
    const shim = await startShim(moto.endpoint, async (asked) => {
      if (!asked.path.includes('/invocations')) return await agents?.answer(asked);
      // Lambda would run calls beside each other; this stand-in takes one after the other.
      const answer = lastInvoke.then(() => lambda.invoke(topicsApplierNode, asked.body));
      lastInvoke = answer.catch(() => undefined);
      return { status: 200, body: (await answer).payload };
    });
    closing.push(() => shim.stop());
    const machines = await ProcessAgents.start(join(platform.folder, 'machines'), {
      local: local(),
      place,
      cluster: environment.cluster,
    });
    agents = machines;
    closing.push(() => machines.stop());
    const variables = { ...moto.environment, AWS_ENDPOINT_URL: shim.endpoint };
    const given = ['-e', join(remote, 'test.yaml'), '--state', remote];
    const ensemble = (...args: readonly string[]) =>
      runProgram(process.execPath, [join(installationRoot(), 'bin', 'ensemble.js'), ...args, ...given], {
        env: variables,
      });
    const ensured = await ensemble('secrets', 'ensure');
    if (ensured.status !== 0) throw new Error(ensured.stderr);
    const deedsOf = async (work: () => Promise<unknown>) => {
      machines.deeds.length = 0;
      await work();
      return [...machines.deeds];
    };
    const about = { platform, place, agents: machines, lambda, remote, variables, given };
    return { ...about, local, say, deploy, ensemble, deedsOf, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** What the foundation makes: a bucket, and empty secrets; the operator's store has the authority of the brokers here. */
async function layFoundation({ environment, place }: AwsEnvironment, theirSecrets: string): Promise<void> {
  await makeBucket(place);
  const secrets = await openSecrets({ region: place.region });
  const nodes = environment.cluster.groups.flatMap((group) => group.nodes.map(({ id }) => id));
  for (const reader of [...nodes, topicsApplierNode]) await secrets.create(nodeSecretName('test', reader), '{}');
  const ours = awsStore({ client: secrets, prefix: storeSecretName('test', ''), options: {} });
  const theirs = fileStore(theirSecrets);
  for (const id of ['tls/ca.key.pem', 'tls/ca.pem']) await ours.create(id, (await theirs.read(id)) ?? Buffer.from(''));
  secrets.close();
}

async function layObjects({ environment: { cluster }, addressing, place }: AwsEnvironment): Promise<void> {
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
}
