/**
 * One run of a scenario: a steady state first, a topic of its own, the workload, the faults by the schedule, healing, a steady state again, and the
 * truth of the log; all of it into the history, which alone the verdict is reached from.
 */

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openHistory, type Recorder } from '../../chaos/history.ts';
import { readRun } from '../../chaos/observed-run.ts';
import { type Prediction, predict, type Stop } from '../../chaos/predict.ts';
import { recordEnds, recordLog } from '../../chaos/read-log.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { makeSchedule, type Schedule } from '../../chaos/schedule.ts';
import { enoughWrites, judge, type RunPlan, type Verdict } from '../../chaos/verdict.ts';
import type { Workload } from '../../chaos/workload.ts';
import { connect, type KafkaConnection } from '../../clients/kafka/connection.ts';
import { notesOf } from '../../drivers/journal.ts';
import { nodesRunning } from '../health.ts';
import { localBrokerControl } from '../local-wholeness.ts';
import { findTroubles } from '../wholeness.ts';
import { drained } from './drain.ts';
import { expectationDiffers, notSteady } from './errors.ts';
import { removeOwn } from './heal.ts';
import { injectByPlan } from './inject.ts';
import { type Observer, startObserver } from './observer.ts';
import { configurationOf, defaultSessionMs, differs } from './predicted-here.ts';
import { recordLoad } from './record-load.ts';
import { makeRunTopic, type RunTopic, undoOfTopic } from './run-topic.ts';
import type { SystemUnderTest } from './system.ts';
import { until, within } from './until.ts';

export interface RunOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  /** Must not be there yet. */
  readonly historyFile: string;
  /** Repeats the run. */
  readonly command: string;
  readonly onPrediction: (prediction: Prediction) => void;
  readonly onProgress: (text: string) => void;
}

/** How long joining, first acknowledgements and the like may take before anything is broken. */
const beginMs = 60_000;
/** KafkaJS's own retries end after about half a minute. */
const lastRequestsMs = 45_000;
const readEndsMs = 60_000;
const readLogMs = 120_000;
const closeMs = 30_000;

/** Throws OPERATIONS_CHAOS_NOT_STEADY, OPERATIONS_CHAOS_EXPECTATION_DIFFERS and what rooms throw; what it did is undone then. */
export async function runScenario(system: SystemUnderTest, options: RunOptions, signal: AbortSignal): Promise<Verdict> {
  const { scenario, seed, onProgress } = options;
  const { cluster } = system.environment;
  onProgress('waiting for a steady state');
  const before = await steadyWithin(system, beginMs, signal);
  if (before !== undefined) throw notSteady(before);
  const surroundings = { failures: cluster.tolerate, sessionTimeoutMs: await sessionTimeoutMs(system) };
  const schedule = makeSchedule(scenario, seed, surroundings);
  const name = `chaos${scenario.workload.through === 'kafka' ? '.' : '-'}${scenario.name}-${seed}-${Date.now()}`;
  const made = await notesOf(system).write({
    says: `the topic ${name}`,
    of: 'runner',
    undo: undoOfTopic(scenario, name),
  });
  let connection: KafkaConnection | undefined;
  try {
    await mkdir(dirname(options.historyFile), { recursive: true });
    connection = await connect({ bootstrap: system.bootstrap, clientId: 'ensemble-chaos', connectionTimeoutMs: 1_000 });
    const topic = await makeRunTopic({ system, connection, scenario, partition: schedule.partition, name, signal });
    const asMade = { ...scenario, topic: { ...scenario.topic, replicas: topic.replicas } };
    const prediction = predict(asMade, schedule, configurationOf(cluster, surroundings, topic.inSync));
    const other = differs(scenario, prediction);
    if (other !== undefined) {
      await topic.close();
      throw expectationDiffers(scenario.name, other);
    }
    options.onPrediction(prediction);
    const recorder = await openHistory(options.historyFile);
    try {
      recorder.record(startOf(topic.topic, options, schedule, prediction, surroundings.sessionTimeoutMs));
      await recordRun({ system, connection, topic, recorder, schedule, options, signal });
    } finally {
      await recorder.close();
    }
  } finally {
    await connection?.close();
    // Where no broker answers it stays in the journal, for whichever command comes next.
    await removeOwn(system, made).catch(() => onProgress(`${name} is left for the next command to delete`));
  }
  return judge(await readRun(options.historyFile));
}

interface Running {
  readonly system: SystemUnderTest;
  readonly connection: KafkaConnection;
  readonly topic: RunTopic;
  readonly recorder: Recorder;
  readonly schedule: Schedule;
  readonly options: RunOptions;
  readonly signal: AbortSignal;
}

async function recordRun(running: Running): Promise<void> {
  const { system, topic, recorder, options, signal } = running;
  const { scenario } = options;
  const observer = startObserver(system, topic.topic, recorder);
  const endLoad = recordLoad(recorder);
  let workload: Workload | undefined;
  let outcome: 'completed' | 'interrupted' | 'failed' = 'failed';
  try {
    workload = await topic.start(recorder);
    await begin(running, observer, workload);
    options.onProgress('the workload is steady');
    await injectByPlan(running, () => observer.latest());
    const isBack = eachAcknowledgesFrom(workload, scenario.topic.partitions);
    options.onProgress('all faults are healed; waiting for a steady state');
    const after = await recovered(running, observer, scenario.recoverySeconds * 1000);
    // Clients that gave up ask again late. Where they do not, the verdict says so.
    if (after === undefined) await until(isBack, beginMs, signal);
    await workload.stopProducing(lastRequestsMs);
    await recordTruth(running, workload, after === undefined);
    recorder.record({
      type: 'steady',
      phase: 'after',
      ok: after === undefined,
      ...(after === undefined ? {} : { why: after }),
    });
    outcome = 'completed';
  } finally {
    if (signal.aborted) outcome = 'interrupted';
    endLoad();
    // A client that cannot end must not keep the verdict: what it holds open ends with this process.
    await within(closeMs, async () => await (workload ?? topic).close());
    await within(closeMs, () => observer.close());
    recorder.record({ type: 'end', outcome });
  }
}

/** Every partition acknowledges and is read before anything is broken; and where nothing is to be acknowledged then, there is enough that may be lost. */
async function begin({ recorder, signal, options }: Running, observer: Observer, workload: Workload): Promise<void> {
  const { partitions } = options.scenario.topic;
  const consumes = reads(options.scenario);
  const all = Array.from({ length: partitions }, (_each, partition) => partition);
  const wanted = options.scenario.expect.writing === 'stops' ? enoughWrites : 0;
  const isSteady = () =>
    all.reduce((sum, each) => sum + workload.acknowledged(each), 0) >= wanted &&
    observer.latest()?.partitions.length === partitions &&
    all.every((each) => workload.acknowledged(each) > 0 && (!consumes || workload.readTo(each) > 0));
  if (!(await until(isSteady, beginMs, signal)))
    throw notSteady('not every partition of the run’s own topic is written and read');
  recorder.record({ type: 'steady', phase: 'before', ok: true });
}

/** Whether every partition has acknowledged something since now. */
function eachAcknowledgesFrom(workload: Workload, partitions: number): () => boolean {
  const before = Array.from({ length: partitions }, (_each, partition) => workload.acknowledged(partition));
  return () => before.every((count, partition) => workload.acknowledged(partition) > count);
}

/** By a group of Kafka's, or through the API. */
function reads({ workload: { consumers, through } }: Scenario): boolean {
  return consumers > 0 || through !== 'kafka';
}

/** undefined once all is whole, the run's own topic too; else what is not. */
async function recovered(
  { system, signal }: Running,
  observer: Observer,
  timeoutMs: number,
): Promise<string | undefined> {
  const deadline = performance.now() + timeoutMs;
  const isWhole = () =>
    observer
      .latest()
      ?.partitions.every(
        ({ leader, replicas, inSync }) => leader !== undefined && inSync.length === replicas.length,
      ) === true;
  if (!(await until(isWhole, timeoutMs, signal))) return 'the run’s own topic is not in sync';
  return await steadyWithin(system, Math.max(0, deadline - performance.now()), signal);
}

async function recordTruth(
  { connection, topic: { topic }, recorder, options, signal }: Running,
  workload: Workload,
  healthy: boolean,
): Promise<void> {
  options.onProgress('reading the log');
  const patience = (timeoutMs: number) => AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const { partitions } = options.scenario.topic;
  const ends = await recordEnds(connection, { topic, partitions }, recorder, patience(readEndsMs));
  if (reads(options.scenario))
    recorder.record({ type: 'drained', ok: await drained(workload, ends, { partitions, healthy, signal }) });
  await recordLog(connection, topic, ends, recorder, patience(readLogMs));
  signal.throwIfAborted();
}

/** undefined once nothing is amiss with the whole environment; what still is, after the time. */
async function steadyWithin(
  system: SystemUnderTest,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { environment, driver, wholeness } = system;
  const { cluster } = environment;
  let amiss: string | undefined;
  const isSteady = async () => {
    const troubles = await findTroubles(cluster, await driver.status(), wholeness);
    amiss = troubles[0]?.what;
    return amiss === undefined;
  };
  return (await until(isSteady, timeoutMs, signal)) ? undefined : amiss;
}

function startOf(
  topic: string,
  { scenario, seed, command }: RunOptions,
  { partition }: Schedule,
  prediction: Prediction,
  sessionMs: number,
): Parameters<Recorder['record']>[0] {
  const { title, expect, failoverSeconds, workload, atMostDown } = scenario;
  const plan = {
    title,
    partition,
    prediction: {
      ...prediction,
      stops: { writing: prediction.stops.writing.map(stopOf), reading: prediction.stops.reading.map(stopOf) },
      theorem: [...prediction.theorem],
    },
    mustLose: expect.mustLose,
    failoverSeconds,
    sessionSeconds: sessionMs / 1000,
    acks: workload.acks,
    minInSync: scenario.topic.minInSync,
    atMostDown,
    ratePerSecond: workload.ratePerSecond,
    push: workload.push,
  } satisfies RunPlan;
  const startedAt = new Date().toISOString();
  const { partitions } = scenario.topic;
  return { type: 'start', version: 1, startedAt, scenario: scenario.name, seed, command, topic, partitions, plan };
}

function stopOf({ fromStep, untilStep }: Stop) {
  return untilStep === undefined ? { fromStep } : { fromStep, untilStep };
}

async function sessionTimeoutMs(system: SystemUnderTest): Promise<number> {
  const [first] = nodesRunning(system.environment.cluster.groups, 'kafka');
  const settings = first === undefined ? [] : await localBrokerControl(system).settings(first.ordinal);
  const found = settings.find(({ name }) => name === 'zookeeper.session.timeout.ms')?.value;
  return found === undefined || found === null ? defaultSessionMs : Number(found);
}
