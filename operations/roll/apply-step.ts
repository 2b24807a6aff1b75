/**
 * One node of a roll: only while everything is whole, its files, then each of its services in the way that the plan says, and on to the next node only once
 * everything is whole again. What it needs to know it asks at that moment, so that a run which was killed anywhere is simply run again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Id } from '../../cluster/model.ts';
import { propertiesOf } from '../../cluster/readings.ts';
import { notReloaded, notWhole, settingNotTaken, settingRefused } from '../errors.ts';
import { findTroubles } from '../wholeness.ts';
import { brokerNeeds, changesOf, pendingOf, roundsOf, type SettingUpdate } from './broker-settings.ts';
import type { RollAction, RollStep } from './plan.ts';
import { brokerHeapMiB, brokerProperties, isSame, type RolledService, type RollTarget, servicesOf } from './target.ts';

export interface StepRun {
  readonly target: RollTarget;
  /** For a service to serve, and then for everything to be whole. */
  readonly timeoutMs: number;
  readonly report: (progress: string) => void;
  readonly signal: AbortSignal;
  /** Nodes that do not serve yet and that later steps are to mend. */
  readonly brokenLater: ReadonlySet<Id>;
  /** Jobs that ran for their whole group, by service and job; each runs once a roll. */
  readonly jobsRun: Set<string>;
  /** Called right before the node is changed in any way. */
  onTouch(): void;
}

export interface StepTimes {
  /** From the first change of the node until its services served. */
  readonly servesMs: number;
  /** From then on until everything was whole, leaders included. */
  readonly wholeMs: number;
}

export async function applyStep(step: RollStep, run: StepRun): Promise<StepTimes> {
  const { target } = run;
  const exempt = new Set([...run.brokenLater, ...(step.broken ? [step.node] : [])]);
  await awaitWhole(run, exempt);
  run.onTouch();
  const began = performance.now();
  await target.driver.install(step.node);
  const services = servicesOf(target);
  const acted: RolledService[] = [];
  for (const action of step.actions) {
    const service = services.find(isSame({ node: step.node, service: action.service }));
    if (service === undefined) continue;
    run.report(`${words(action)} ${action.service}`);
    await act(action, service, run);
    acted.push(service);
  }
  const served = performance.now();
  const broker = acted.find(({ service }) => service === 'kafka');
  await awaitWhole(run, run.brokenLater, broker?.at.ordinal);
  if (broker !== undefined) {
    await uncoverSettings(broker, run);
    await bringLeadersBack(broker, run);
  }
  return { servesMs: served - began, wholeMs: performance.now() - served };
}

function words({ kind }: RollAction): string {
  return { start: 'starts', restart: 'restarts', reload: 'reloads', update: 'tells', adopt: 'notes' }[kind];
}

async function act(action: RollAction, service: RolledService, run: StepRun): Promise<void> {
  const { driver, brokers } = run.target;
  const ref = { node: service.node, service: service.service };
  switch (action.kind) {
    case 'start':
    case 'restart': {
      await runJobs('before-start', service, run);
      if (action.kind === 'restart' && action.takeBack.length > 0) {
        const changes = action.takeBack.map((name) => ({ name, operation: 'delete', value: undefined }) as const);
        const why = await brokers.alter(service.at.ordinal, changes, { trying: false });
        if (why !== undefined) throw settingRefused(ref.node, action.takeBack, why);
      }
      await (action.kind === 'start' ? driver.start(ref) : driver.restart(ref));
      await driver.ready(ref, { timeoutMs: run.timeoutMs, signal: run.signal });
      await runJobs('once-ready', service, run);
      return;
    }
    case 'reload':
      await runJobs('before-start', service, run);
      if (!(await driver.reload(ref))) throw notReloaded(ref.node, ref.service);
      return;
    case 'update':
      await tell(service, action.updates, run);
      await driver.adopt(ref);
      return;
    case 'adopt':
      await driver.adopt(ref);
  }
}

/** A node's own at each start; one that is for the whole group at the first of its nodes, where its new files are. */
async function runJobs(when: 'before-start' | 'once-ready', service: RolledService, run: StepRun): Promise<void> {
  const ref = { node: service.node, service: service.service };
  for (const { id, eachNode } of (service.rendered.process.jobs ?? []).filter((job) => job.when === when)) {
    const key = `${ref.service}/${id}`;
    if (eachNode !== true && run.jobsRun.has(key)) continue;
    await run.target.driver.run(ref, id, run.signal);
    run.jobsRun.add(key);
  }
}

/** @throws EnsembleError OPERATIONS_NOT_WHOLE: at once where what is amiss does not pass by itself, else when the time is over */
async function awaitWhole(
  { target, timeoutMs, report, signal }: Pick<StepRun, 'target' | 'timeoutMs' | 'report' | 'signal'>,
  exempt: ReadonlySet<Id>,
  broker?: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await findTroubles(target.cluster, await target.driver.status(), target.wholeness, broker);
    const troubles = found.filter(({ nodes }) => nodes.length === 0 || !nodes.every((node) => exempt.has(node)));
    const [first] = troubles;
    if (first === undefined) return;
    if (troubles.some(({ next }) => next !== undefined) || performance.now() > deadline) throw notWhole(troubles);
    report(`waits: ${first.what}`);
    await delay(target.pollMs, undefined, { signal });
  }
}

/** Kafka acts on a changed setting within moments; the bound is for a broker that is busy. */
const settingTimeoutMs = 30_000;

async function tell(service: RolledService, updates: readonly SettingUpdate[], run: StepRun): Promise<void> {
  try {
    for (const round of roundsOf(updates)) await tellRound(service, round, run);
  } catch (error) {
    // What ended a broker stands in its log; that it does not answer says less.
    await run.target.driver.assertAlive({ node: service.node, service: service.service });
    throw error;
  }
}

async function tellRound(
  { at }: RolledService,
  updates: readonly SettingUpdate[],
  { target, signal }: StepRun,
): Promise<void> {
  const { brokers } = target;
  const why = await brokers.alter(at.ordinal, changesOf(updates), { trying: false });
  const names = updates.map(({ name }) => name);
  if (why !== undefined) throw settingRefused(at.id, names, why);
  const deadline = performance.now() + settingTimeoutMs;
  for (;;) {
    const pending = pendingOf(updates, await brokers.settings(at.ordinal));
    if (pending.length === 0) return;
    if (performance.now() > deadline) throw settingNotTaken(at.id, pending, settingTimeoutMs / 1000);
    await delay(target.pollMs, undefined, { signal });
  }
}

/** A dynamic value of before would go on to hide what the file says: it is the stronger of the two. */
async function uncoverSettings(service: RolledService, run: StepRun): Promise<void> {
  const wanted = propertiesOf(brokerProperties(service));
  const running = await run.target.brokers.settings(service.at.ordinal);
  const { updates } = brokerNeeds(wanted, wanted, running, brokerHeapMiB(service.group));
  if (updates.length > 0) await tell(service, updates, run);
}

/** Leaders are elected in milliseconds; those that cannot be are elected by the brokers themselves, later. */
const electionTimeoutMs = 15_000;

/**
 * The brokers would do it themselves, but only every five minutes (leader.imbalance.check.interval.seconds): until then the last broker of a roll leads
 * nothing. Where the environment turns that off, a person wants to say himself who leads.
 */
async function bringLeadersBack(service: RolledService, { target, signal, report }: StepRun): Promise<void> {
  if (propertiesOf(brokerProperties(service)).get('auto.leader.rebalance.enable') === 'false') return;
  const deadline = performance.now() + electionTimeoutMs;
  for (let elected = false; ; elected = true) {
    const displaced = ((await target.wholeness.brokers())?.displaced ?? []).filter(
      ({ preferred }) => preferred === service.at.ordinal,
    );
    if (displaced.length === 0 || performance.now() > deadline) return;
    report(`brings ${displaced.length} leaders back`);
    if (!elected) await target.brokers.electPreferred(displaced);
    else await delay(target.pollMs, undefined, { signal });
  }
}
