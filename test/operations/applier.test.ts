/** Work through the function is the same work: every answer survives its way, lost ones are asked for again where that does no harm, and an apply goes on call by call. */
import { describe, expect, it } from 'vitest';
import { awsFault } from '../../clients/aws/errors.ts';
import { connectionLost } from '../../clients/errors.ts';
import { payloadLimitBytes } from '../../contracts/topics-payload.ts';
import { applierOver } from '../../operations/applier.ts';
import { workThrough } from '../../operations/applier-work.ts';
import type { ApplyProgress } from '../../topics/apply/apply.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { planTopics } from '../../topics/plan/plan.ts';
import { workOver } from '../../topics/topics-work.ts';
import { ModelCluster } from '../topics/model-cluster.ts';
import { MovingCluster } from '../topics/moving-cluster.ts';
import { FunctionInProcess } from './function-in-process.ts';

const { signal } = new AbortController();
const declare = (...topics: readonly unknown[]) =>
  parseManifest({ file: 'topics.yaml', text: JSON.stringify({ topics }) });
const place = { environment: 'test', region: 'eu-west-1', functionName: 'applier', pauseMs: 0 };
const through = (lambda: FunctionInProcess, options = {}) => workThrough(applierOver(lambda, place), options);
const unreachable = () => awsFault('lambda:InvokeFunction', Object.assign(new Error('lost'), { code: 'ECONNRESET' }));

describe('an answer of the function', () => {
  const manifest = declare('orders:3:2', 'new:1:1', { name: 'old', state: 'absent' });
  const made = () => {
    const cluster = new ModelCluster();
    cluster.add('orders', 2, 2, { 'retention.ms': '5' });
    cluster.add('old', 1, 3);
    cluster.groups = [{ group: 'readers', topics: ['old'] }];
    cluster.racks = { 1: 'a' };
    return cluster;
  };

  it('is what a connection says: state, groups, import, moves, health, verification', async () => {
    const cluster = made();
    const near = workOver(cluster);
    const far = through(new FunctionInProcess(cluster));
    const options = { groupsOf: ['old'], signal };
    const seen = await far.observe(manifest, options);
    expect(seen).toEqual(await near.observe(manifest, options));
    expect(seen.activeGroups?.get('old')).toEqual(['readers']);
    expect((await far.observe(manifest, {})).activeGroups).toBeUndefined();
    expect(planTopics(manifest, seen.state)).toEqual(planTopics(manifest, (await near.observe(manifest, {})).state));
    expect(await far.survey({ exclude: ['o*'] })).toEqual(await near.survey({ exclude: ['o*'] }));
    expect(await far.health(signal)).toEqual(await near.health(signal));
    expect((await far.reassignStatus(signal)).moving).toEqual([]);
    expect((await far.cancelReassign({ signal })).outcomes).toEqual([]);
    const verified = { timeoutMs: 0, signal };
    expect({ ...(await far.verify(manifest, verified)), waitedMs: 0 }).toEqual({
      ...(await near.verify(manifest, verified)),
      waitedMs: 0,
    });
  });

  it('is thrown as the function threw it: the same code, words, evidence and exit status', async () => {
    const cluster = made();
    cluster.intercept = (api) =>
      api === 'ListPartitionReassignments' ? { error: connectionLost(api, 'broker-1:9092') } : undefined;
    const lost = through(new FunctionInProcess(cluster)).health(signal);
    await expect(lost).rejects.toMatchObject({
      code: 'CLIENT_CONNECTION_LOST',
      message: expect.stringContaining('broker-1:9092'),
      next: expect.stringContaining('run the command again'),
    });
  });

  it('is asked for again where it was lost, also when the function ended by an error', async () => {
    const lambda = new FunctionInProcess(made());
    const dead = { payload: { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out' }, failed: true };
    lambda.intercept = (call) => (call === 1 ? { error: unreachable() } : call === 2 ? dead : undefined);
    expect((await through(lambda).health(signal)).partitions).toBe(3);
    expect(lambda.requests).toHaveLength(3);
    lambda.intercept = () => dead;
    await expect(through(lambda).health(signal)).rejects.toMatchObject({
      code: 'OPERATIONS_APPLIER_FAILED',
      message: expect.stringContaining('Sandbox.Timedout: Task timed out'),
    });
  });

  it('that this version does not know is refused, with the field', async () => {
    const lambda = new FunctionInProcess(made());
    const answer = { clusterId: 'c', partitions: 'many' };
    lambda.intercept = () => ({ payload: { protocol: 1, ok: true, action: 'health', answer }, failed: false });
    await expect(through(lambda).health(signal)).rejects.toMatchObject({
      code: 'OPERATIONS_APPLIER_ANSWER_UNREADABLE',
      message: expect.stringContaining('brokers'),
    });
  });
});

describe('an apply through the function', () => {
  it('makes, grows and configures topics, and refuses a plan that no longer fits', async () => {
    const cluster = new ModelCluster();
    cluster.add('orders', 2, 2);
    const manifest = declare('orders:3:2', { name: 'new', partitions: 1, replicas: 1, config: { 'retention.ms': 7 } });
    const far = through(new FunctionInProcess(cluster));
    const plan = planTopics(manifest, (await far.observe(manifest, {})).state);
    const report = await far.apply(manifest, plan, { check: false });
    expect(report.outcomes.map(({ status }) => status)).toEqual(['done', 'done']);
    expect(cluster.topics.get('new')?.config).toEqual({ 'retention.ms': '7' });
    // `check: false` is for a connection: the function looks again in any case.
    await expect(far.apply(manifest, plan, { check: false })).rejects.toMatchObject({
      code: 'TOPICS_PLAN_STALE',
      exitStatus: 3,
    });
    await expect(far.apply(declare('orders:4:2'), plan, { check: true })).rejects.toMatchObject({
      message: expect.stringContaining('topics.yaml declares something else by now'),
    });
  });

  const moving = async () => {
    const cluster = new MovingCluster();
    cluster.add('a', [1, 2], [2, 3]);
    cluster.add('b', [3, 4]);
    cluster.bytesPerLook = 100; // ten looks, and a call of 50 ms has two
    const lambda = new FunctionInProcess(cluster);
    const manifest = declare('a:2:3', 'b:1:3');
    const plan = planTopics(manifest, (await through(lambda).observe(manifest, {})).state);
    lambda.requests.length = 0;
    return { cluster, lambda, manifest, plan };
  };

  it('goes on call by call while replicas move, throttled from the first to the last, and leaves no throttle', async () => {
    const { cluster, lambda, manifest, plan } = await moving();
    const seen: ApplyProgress[] = [];
    const throttled: number[] = [];
    lambda.intercept = (call) => {
      if (call > 1) throttled.push(cluster.throttles.length);
      return undefined;
    };
    const report = await through(lambda).apply(manifest, plan, {
      check: false,
      throttleBytesPerSecond: 5_000,
      onProgress: (progress) => seen.push(progress),
    });
    expect(report.stoppedBy).toBeUndefined();
    expect(report.outcomes.map(({ status }) => status)).toEqual(['done', 'done']);
    expect(report.reassigned?.copiedBytes).toBe(3_000);
    expect(lambda.requests.length).toBeGreaterThan(2);
    expect(
      throttled.every((count) => count > 0),
      `throttles between calls: ${throttled}`,
    ).toBe(true);
    expect(cluster.throttles).toEqual([]);
    const copied = seen.map(({ moving: on }) => on?.copiedBytes ?? 0);
    expect(copied, 'what was copied never shrinks from call to call').toEqual([...copied].sort((a, b) => a - b));
    // The plan was looked at once: what follows carries on with what the cluster shows.
    expect(lambda.requests.filter((text) => !text.includes('"continuation"'))).toHaveLength(1);
  });

  it('ends after the call that is under way when it is interrupted, says so, and is taken up by the next apply', async () => {
    const { cluster, lambda, manifest, plan } = await moving();
    const interruption = new AbortController();
    const far = through(lambda);
    const report = await far.apply(manifest, plan, {
      check: false,
      signal: interruption.signal,
      onProgress: () => interruption.abort(),
    });
    expect(report.stoppedBy?.code).toBe('OPERATIONS_APPLY_INTERRUPTED');
    expect(report.reassigned?.stoppedBy?.code).toBe('OPERATIONS_APPLY_INTERRUPTED');
    expect(report.outcomes.map(({ status }) => status)).toEqual(['moving', 'moving']);
    expect(cluster.throttles.length).toBeGreaterThan(0);
    cluster.bytesPerLook = 0; // what arrives while a plan is read makes it stale
    const anew = planTopics(manifest, (await far.observe(manifest, { sweep: true })).state);
    lambda.intercept = () => {
      if (lambda.requests.at(-1)?.includes('"continuation"')) cluster.bytesPerLook = 1_000;
      return undefined;
    };
    expect((await far.apply(manifest, anew, { check: false })).outcomes.every(({ status }) => status === 'done')).toBe(
      true,
    );
    expect(cluster.throttles).toEqual([]);
  });

  it('goes on where an answer was lost between calls, and does not guess where it was the first', async () => {
    const { cluster, lambda, manifest, plan } = await moving();
    lambda.intercept = (call) => (call === 2 || call === 3 ? { error: unreachable(), after: true } : undefined);
    const report = await through(lambda).apply(manifest, plan, { check: false });
    expect(report.outcomes.map(({ status }) => status)).toEqual(['done', 'done']);
    expect(cluster.throttles).toEqual([]);

    const other = await moving();
    other.lambda.intercept = () => ({ error: unreachable(), after: true });
    await expect(through(other.lambda).apply(other.manifest, other.plan, { check: false })).rejects.toMatchObject({
      code: 'OPERATIONS_APPLIER_ANSWER_LOST',
    });
    expect(other.lambda.requests).toHaveLength(1);
  });

  it('reports what was done where the function cannot be reached any more', async () => {
    const { lambda, manifest, plan } = await moving();
    lambda.intercept = (call) => (call > 1 ? { error: unreachable() } : undefined);
    const report = await through(lambda).apply(manifest, plan, { check: false });
    expect(report.stoppedBy?.code).toBe('CLIENT_AWS_UNREACHABLE');
    expect(report.outcomes.map(({ status }) => status)).toEqual(['moving', 'moving']);
  });

  it('ends where nothing moves for ten minutes, over however many calls', async () => {
    const { cluster, lambda, manifest, plan } = await moving();
    cluster.bytesPerLook = 0;
    let clockMs = 0;
    const now = () => {
      clockMs += 100_000;
      return clockMs;
    };
    const report = await through(lambda, { now }).apply(manifest, plan, { check: false });
    expect(report.stoppedBy?.code).toBe('TOPICS_REASSIGN_STALLED');
  });
});

describe('ten thousand topics', () => {
  const config = { 'retention.ms': '604800000', 'min.insync.replicas': '2' };
  const topics = Array.from({ length: 10_000 }, (_, index) => ({
    name: `team-${index % 97}.service-${index % 13}.events-${index}`,
    partitions: 12,
    replicas: 3,
    config,
  }));

  it('fit into the payload: their manifest, their state, the plan that makes them and what became of it', async () => {
    const cluster = new ModelCluster();
    const lambda = new FunctionInProcess(cluster, { remainingMs: 900_000 });
    const far = through(lambda);
    const manifest = declare(...topics);
    const plan = planTopics(manifest, (await far.observe(manifest, {})).state);
    expect(plan.entries).toHaveLength(10_000);
    const report = await far.apply(manifest, plan, { check: false });
    expect(report.outcomes.every(({ status }) => status === 'done')).toBe(true);
    const { state } = await far.observe(manifest, {});
    expect(state.topics).toHaveLength(10_000);
    expect(planTopics(manifest, state).entries).toEqual([]);
    const sizes = [...lambda.requests, ...lambda.answers].map(({ length }) => length);
    expect(Math.max(...sizes)).toBeLessThan(payloadLimitBytes / 2);
  });
});
