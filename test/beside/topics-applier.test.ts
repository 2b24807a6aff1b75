/**
 * Topics of a deployed environment: the installed command, the bundled function under plain node, brokers by TLS. Lambda and Secrets Manager are stand-ins
 * (programs/topics-applier/aws-endpoint.ts, lambda-process.ts); the events are what the AWS SDK sends.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { ensureProgram } from '../../artifacts/program-bundle.ts';
import { connect, type KafkaConnection } from '../../clients/kafka/connection.ts';
import { createPartitions } from '../../clients/kafka/requests/create-partitions.ts';
import { loadEnvironment } from '../../cluster/load.ts';
import { topicsApplierCertificate } from '../../cluster/topics-applier.ts';
import { nodeSecretName } from '../../contracts/aws-names.ts';
import { unpackPayload } from '../../contracts/topics-payload.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { ensureAuthority } from '../../secrets/authority.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import { fileStore } from '../../secrets/file-store.ts';
import { readThrottles, setThrottles } from '../../topics/reassign/throttle.ts';
import { LambdaProcess } from '../integration/lambda-process.ts';
import { eventually, type PlatformFixture, platformFixture } from '../integration/platform-fixture.ts';
import { messages, ReassignFixture } from '../integration/reassign-fixture.ts';
import { type RunOptions, runProgram } from '../integration/run-program.ts';
import { AwsEndpoint } from '../programs/topics-applier/aws-endpoint.ts';
import { requires } from '../requirements.ts';

const { describe, it } = requires('java', 'kcat', 'linux');

const hosts = [101, 102, 103].map((host) => `127.0.45.${host}`);
const bootstrap = hosts.map((host) => `${host}:9092`);
/** On AWS, with as many workers as really run here. */
const environmentText = `name: test
target: aws
region: eu-west-1
aws: { account: "123456789012" }
zones: [eu-west-1a, eu-west-1b, eu-west-1c]
tolerate: 1
masters: { count: 3, machine: t3.small, volumeGiB: 10 }
workers: { count: 3, machine: t3.small, volumeGiB: 50 }
topics: topics.yaml
`;

describe('topics of an environment on AWS', () => {
  let platform: PlatformFixture;
  let connection: KafkaConnection;
  let on: ReassignFixture;
  let aws: AwsEndpoint;
  let lambda: LambdaProcess;
  let environmentFile: string;
  let planFile: string;

  beforeAll(async () => {
    platform = await platformFixture(45, { masters: 1, workers: 3 });
    planFile = join(platform.folder, 'plan.json');
    const up = await platform.run(['up', '--no-messages']);
    expect(up.status, up.stderr + up.stdout).toBe(0);
    connection = await connect({ bootstrap, clientId: 'test' });
    on = new ReassignFixture(connection, bootstrap[0] ?? '', platform.folder);
    const remote = join(platform.folder, 'remote');
    await mkdir(remote);
    environmentFile = join(remote, 'test.yaml');
    await writeFile(environmentFile, environmentText);

    const { cluster } = await loadEnvironment(environmentFile, remote);
    const store = fileStore(join(platform.folder, 'state', 'test', 'secrets'));
    const authority = await ensureAuthority(store, 'test');
    const certificate = await ensureCertificate(store, authority, topicsApplierCertificate(cluster));
    const secret = nodeSecretName('test', 'topics-applier');
    aws = await AwsEndpoint.open();
    aws.secrets.set(
      secret,
      JSON.stringify({
        'tls/ca.pem': authority.certificatePem,
        'tls/topics-applier.keystore.pem': certificate.keystorePem,
      }),
    );
    const { file } = await ensureProgram('topics-applier');
    lambda = await LambdaProcess.prepare(remote, await readFile(file, 'utf8'), {
      ...aws.variables,
      ENSEMBLE_ENVIRONMENT: 'test',
      ENSEMBLE_BOOTSTRAP: hosts.map((host) => `${host}:9093`).join(','),
      ENSEMBLE_SECRET: secret,
    });
  });
  afterEach(() => {
    lambda.remainingMs = 900_000;
    aws.invoke = lambda.invoke;
    lambda.events.length = 0;
  });
  afterAll(async () => {
    await lambda?.kill();
    await aws?.close();
    await connection?.close();
    await platform.dispose();
  });

  const declare = (...topics: readonly unknown[]) =>
    writeFile(join(platform.folder, 'remote', 'topics.yaml'), JSON.stringify({ topics }));
  const from = (program: readonly string[], args: readonly string[], options: RunOptions = {}) =>
    runProgram(process.execPath, [...program, ...args, '--environment', environmentFile], {
      ...options,
      env: { ...aws.variables, HOME: platform.folder },
    });
  const topics = (args: readonly string[], options: RunOptions = {}) =>
    from([join(installationRoot(), 'bin', 'ensemble.js'), 'topics'], args, options);
  const actions = () =>
    lambda.events.map((event) => (unpackPayload(JSON.parse(event), 'event') as { action: string }).action);
  const throttles = async () => (await readThrottles(connection, ['moved'])).rates.length;

  it('are planned, saved, applied exactly and verified through the function, without a connection of the command’s own', async () => {
    aws.invoke = lambda.invoke;
    await declare('monitoring.pms:3:2', 'system.feature:3:2', 'orders:2:2');
    const pending = await topics(['plan', '--out', planFile]);
    expect(pending.status, pending.stderr).toBe(2);
    const applied = await topics(['apply', planFile, '--yes']);
    expect(applied.status, applied.stderr).toBe(0);
    expect(applied.stdout).toContain('1 of 1 changes made.');
    expect(actions()).toEqual(['observe', 'observe', 'apply', 'verify']);
    await declare('monitoring.pms:3:2', 'system.feature:3:2', {
      name: 'orders',
      partitions: 4,
      replicas: 2,
      config: { 'retention.ms': 60_000 },
    });
    expect((await topics(['apply', '--yes'])).status).toBe(0);
    expect(await on.partitionsOf('orders')).toHaveLength(4);
    expect((await topics(['plan'])).status).toBe(0);
    expect((await topics(['status'])).stdout).toContain('orders');
    expect((await topics(['import'])).stdout).toContain('orders');
    expect(aws.reads.length, 'a warm function reads its secret once').toBe(1);
  });

  it('are refused where a count shrinks, and where the cluster changed behind a plan, by the function too', async () => {
    await declare('orders:2:2');
    const blocked = await topics(['apply', '--yes']);
    expect(blocked.status).toBe(3);
    expect(blocked.stdout).toContain('it has 4 partitions and the manifest says 2');
    await declare('orders:5:2', 'late:1:1');
    await topics(['plan', '--out', planFile]);
    let changed = false;
    aws.invoke = async (name, event) => {
      // Another operator is faster, between the command's look and the function's.
      if (!changed && event.includes('"action":"apply"')) {
        changed = true;
        await createPartitions(connection, [{ topic: 'orders', count: 6 }], { brokerTimeoutMs: 30_000 });
        await eventually('six partitions', 10_000, async () => (await on.partitionsOf('orders')).length === 6);
      }
      return await lambda.invoke(name, event);
    };
    const stale = await topics(['apply', planFile, '--yes']);
    expect(changed).toBe(true);
    expect(stale.status).toBe(3);
    expect(stale.stderr).toContain('TOPICS_PLAN_STALE');
    expect(stale.stderr).toContain('the topics or the brokers have changed since it was made');
    expect(await on.partitionsOf('late')).toEqual([]);
  });

  it('move call by call, throttled throughout, also when the function dies, and no throttle stays', async () => {
    await on.makeTopic('moved', [
      [1, 2],
      [2, 3],
      [3, 1],
    ]);
    await on.fill('moved');
    await declare('moved:3:3');
    lambda.remainingMs = 61_000; // a second of work: the rest is kept for an answer
    const between: number[] = [];
    aws.invoke = async (name, event) => {
      const calls = actions().filter((action) => action === 'apply').length;
      if (event.includes('"continuation"')) between.push(await throttles());
      const answered = lambda.invoke(name, event);
      if (calls === 2) await lambda.kill();
      return await answered;
    };
    const applied = await topics(['apply', '--yes', '--throttle', '1500000']);
    expect(applied.status, applied.stderr + applied.stdout).toBe(0);
    expect(applied.stdout).toContain('3 of 3 partitions moved');
    expect(between.length, 'calls after the first').toBeGreaterThan(2);
    expect(
      between.every((count) => count === 6),
      `throttles between calls: ${between}`,
    ).toBe(true);
    expect(await throttles()).toBe(0);
    for (const { inSync } of await on.partitionsOf('moved')) expect([...inSync].sort()).toEqual([1, 2, 3]);
    expect(await on.countMessages('moved')).toBe(messages);
  });

  it('go on in the cluster when the command is interrupted; the function’s minute takes the throttle away, and the next apply ends the work', async () => {
    await declare('moved:3:2');
    expect((await topics(['apply', '--yes'])).status).toBe(0);
    await declare('moved:3:3');
    lambda.remainingMs = 61_000;
    let pid = 0;
    let sent = false;
    aws.invoke = async (name, event) => {
      const answer = await lambda.invoke(name, event);
      // Not at a refusal: what was removed a moment ago may still be on its way out, and then the command looks again and asks again.
      const working = event.includes('"action":"apply"') && answer.payload.includes('"ok":true');
      // Once: the answer may be read before the signal is, and then one more call follows; a second signal would end the command at once.
      if (working && !sent) sent = process.kill(pid, 'SIGINT');
      return answer;
    };
    const interrupted = await topics(['apply', '--yes', '--throttle', '50000'], {
      onStart: (started) => {
        pid = started;
      },
    });
    expect(interrupted.status, interrupted.stderr + interrupted.stdout).toBe(4);
    expect(interrupted.stdout).toContain('under their throttle');
    expect(await throttles()).toBe(6);
    aws.invoke = lambda.invoke;
    lambda.remainingMs = 900_000;
    const minute = JSON.stringify({ version: '0', source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} });
    await lambda.invoke('topics-applier', minute);
    expect(await throttles(), 'moves are under way').toBe(6);
    expect(lambda.log).toContain('"UnderReplicatedPartitions":0');
    const ended = await topics(['apply', '--yes', '--throttle', 'unlimited']);
    expect(ended.status, ended.stderr + ended.stdout).toBe(0);
    expect((await topics(['reassign', 'status'])).status).toBe(0);
    expect(await throttles(), 'the next apply has lifted it').toBe(0);
    // Had nobody come back, the moves would have ended under their throttle, and this would be left.
    await setThrottles(connection, [{ topic: 'moved', partition: 0, from: [1, 2], adding: [3] }], 50_000);
    await eventually('all workers show it', 10_000, async () => (await throttles()) === 6);
    await lambda.invoke('topics-applier', minute);
    expect(await throttles()).toBe(0);
    expect(lambda.log).toContain('watched, and swept throttles');
  });

  it('are made by the entry that a deployment calls', async () => {
    await declare('deployed:3:2');
    const entry = ['--import', 'tsx', join(installationRoot(), 'scripts', 'create-topics.ts')];
    const made = await from(entry, []);
    expect(made.status, made.stderr).toBe(0);
    expect(made.stdout).toContain('as declared');
    expect(actions()).toEqual(['health', 'observe', 'apply', 'verify']);
    const outputs = join(platform.folder, 'outputs.json');
    await writeFile(outputs, JSON.stringify({ data: { bootstrapServers: '10.0.0.1:9093', topicsApplier: 'f' } }));
    expect((await from(entry, ['--outputs', outputs])).stdout).toContain('No changes: 1 topic is as declared.');
  });

  it('are out of reach where the function is not there, or its certificate is of another authority, in words', async () => {
    aws.invoke = undefined;
    const absent = await topics(['plan']);
    expect([absent.status, absent.stderr]).toEqual([1, expect.stringContaining('CLIENT_AWS_FUNCTION_ABSENT')]);
    aws.invoke = lambda.invoke;
    await lambda.kill(); // a warm one keeps its certificate for some minutes
    const [name = '', own = ''] = [...aws.secrets].flat();
    const other = fileStore(join(platform.folder, 'other'));
    const stranger = await ensureAuthority(other, 'test');
    const certificate = await ensureCertificate(other, stranger, { id: 'x', commonName: 'x', hosts: ['x'] });
    aws.secrets.set(
      name,
      JSON.stringify({ ...JSON.parse(own), 'tls/topics-applier.keystore.pem': certificate.keystorePem }),
    );
    const refused = await topics(['plan']);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/^\S*CLIENT_[A-Z]+/)]);
  });
});
