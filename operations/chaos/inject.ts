/**
 * Does what a schedule says, when it says so: plans a fault, writes its undo down, injects it, heals it. However it ends, what was injected is healed
 * before this returns; what a kill of this very process leaves is in the journal.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { Recorder } from '../../chaos/history.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { countOf, type Schedule } from '../../chaos/schedule.ts';
import { faultsPerStep } from '../../chaos/timings.ts';
import type { Id } from '../../cluster/model.ts';
import type { FaultKind } from '../../contracts/fault.ts';
import { type JournalEntry, notesOf } from '../../drivers/journal.ts';
import { healedEarly, noRoom, notHealed } from './errors.ts';
import { healEntry } from './heal.ts';
import type { ObservedState } from './observer.ts';
import type { SystemUnderTest } from './system.ts';
import { type ChosenTarget, chooseTargets } from './targets.ts';

export interface Injecting {
  readonly system: SystemUnderTest;
  readonly recorder: Recorder;
  readonly schedule: Schedule;
  readonly options: { readonly scenario: Scenario; readonly onProgress: (text: string) => void };
  readonly signal: AbortSignal;
}

/** What stands, and what somebody else has healed before its time. */
interface Standing {
  readonly open: Map<number, OpenFault>;
  readonly early: string[];
}

interface OpenFault {
  readonly fault: number;
  readonly step: number;
  readonly target: ChosenTarget;
  readonly entry: JournalEntry;
}

const roomPollMs = 50;

/** Throws what a driver throws, and the signal's reason; OPERATIONS_CHAOS_NOT_HEALED in their place where something stays broken. */
export async function injectByPlan(running: Injecting, observed: () => ObservedState | undefined): Promise<void> {
  const { recorder } = running;
  const standing: Standing = { open: new Map(), early: [] };
  const { open, early } = standing;
  const healing = new Map<number, Promise<void>>();
  const heal = (fault: OpenFault) => {
    const begun = healing.get(fault.fault) ?? healFault(running, fault, standing);
    healing.set(fault.fault, begun);
    begun.catch(() => {}); // thrown where all are waited for; until then it is nobody's
    return begun;
  };
  let ended: { readonly by: unknown } | undefined;
  try {
    await play(running, observed, open, heal);
    await Promise.all(healing.values());
  } catch (error) {
    ended = { by: error };
  }
  // One that cannot be healed must not keep the others from it.
  const faults = [...open.values()];
  const outcomes = await Promise.allSettled(faults.map(heal));
  await recorder.flush();
  const left = outcomes.flatMap((outcome, index) =>
    outcome.status === 'fulfilled' ? [] : [{ says: faults[index]?.entry.says ?? '', why: messageOf(outcome.reason) }],
  );
  if (left.length > 0) throw notHealed(left, ended?.by);
  if (ended !== undefined) throw ended.by;
  if (early.length > 0) throw healedEarly(early);
}

async function play(
  running: Injecting,
  observed: () => ObservedState | undefined,
  open: Map<number, OpenFault>,
  heal: (fault: OpenFault) => Promise<void>,
): Promise<void> {
  const { schedule } = running;
  const over = new AbortController();
  const signal = AbortSignal.any([running.signal, over.signal]);
  const healings: Promise<void>[] = [];
  let origin = performance.now();
  try {
    for (const { step, atMs, forMs } of injections(schedule)) {
      await waitUntil(origin + atMs, signal);
      // Who waits for another one's healing has its whole time all the same: injections that follow are as much later.
      origin += await roomFor(running, step, open);
      const due = performance.now() + forMs;
      const injected = injectStep(running, step, observed(), open);
      // By a clock of its own: no fault stands longer because another one takes its time to come, or has to wait.
      const healing = injected
        .then(() => waitUntil(due, signal))
        .then(() => {
          for (const fault of open.values()) if (fault.step === step) void heal(fault);
        });
      healing.catch(() => {}); // thrown where all are waited for
      healings.push(healing);
      await injected;
    }
    await Promise.all(healings);
  } finally {
    over.abort();
  }
}

/** In their order, each with how long it is to stand. */
function injections({ actions }: Schedule): readonly { step: number; atMs: number; forMs: number }[] {
  return actions
    .filter((action) => action.do === 'inject')
    .map(({ step, atMs }) => {
      const end = actions.find((action) => action.do === 'heal' && action.step === step);
      return { step, atMs, forMs: (end?.atMs ?? atMs) - atMs };
    });
}

async function waitUntil(time: number, signal: AbortSignal): Promise<void> {
  const waitMs = time - performance.now();
  if (waitMs > 0) await delay(waitMs, undefined, { signal });
}

/** Never more down at once than the scenario says: one that is being healed is down until it serves again. Returns how long that took, milliseconds. */
async function roomFor(
  { system, options, signal }: Injecting,
  index: number,
  open: ReadonlyMap<number, OpenFault>,
): Promise<number> {
  const { scenario } = options;
  const step = scenario.steps[index];
  const asked = step === undefined ? 0 : countOf(step, system.environment.cluster.tolerate);
  const begin = performance.now();
  const isRoom = () => open.size + asked <= scenario.atMostDown;
  if (isRoom()) return 0;
  options.onProgress(`waiting for a node to serve again: at most ${scenario.atMostDown} may be down at once`);
  while (!isRoom()) {
    if (performance.now() - begin > system.servesWithinMs) throw noRoom(scenario.name, scenario.atMostDown);
    await delay(roomPollMs, undefined, { signal });
  }
  return performance.now() - begin;
}

async function injectStep(
  running: Injecting,
  index: number,
  state: ObservedState | undefined,
  open: Map<number, OpenFault>,
): Promise<void> {
  const { system, recorder, schedule, options } = running;
  const { cluster } = system.environment;
  const step = options.scenario.steps[index];
  if (step === undefined || state === undefined) return;
  const { fault: kind, on } = step;
  const chosen = chooseTargets(on, {
    cluster,
    state,
    partition: schedule.partition,
    count: countOf(step, cluster.tolerate),
    primary: on === 'metadata-primary' ? await primaryOf(system) : undefined,
    choice: schedule.choices[index] ?? 0,
    down: new Set([...open.values()].map(({ target }) => target.node)),
    breakable: system.breakable,
  });
  if ('cannot' in chosen) {
    skip(recorder, kind, on, '', chosen.cannot, index * faultsPerStep);
    return;
  }
  // Together: two that are to be down at once are. Where one fails the others are waited for: what comes down after the healing would stay down.
  const outcomes = await Promise.allSettled(
    chosen.map(async (target, place) => {
      const { node, service, broker } = target;
      const fault = index * faultsPerStep + place;
      const planned = await system.faults.plan({ kind, node, service });
      if ('cannot' in planned) {
        skip(recorder, kind, on, node, planned.cannot, fault);
        return;
      }
      const { says, undo } = planned;
      const serves = { node, service };
      const entry = await notesOf(system).write({ says, of: 'driver', undo, serves });
      open.set(fault, { fault, step: index, target, entry });
      const said = {
        type: 'fault',
        fault,
        kind,
        target: on,
        node,
        ...(broker === undefined ? {} : { broker }),
      } as const;
      recorder.record({ ...said, phase: 'injecting' });
      await recorder.flush();
      options.onProgress(says);
      await system.faults.inject(planned);
      recorder.record({ ...said, phase: 'injected' });
    }),
  );
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function primaryOf({
  wholeness,
  withoutPrimary,
}: SystemUnderTest): Promise<Id | { readonly cannot: string } | undefined> {
  if (withoutPrimary !== undefined) return { cannot: withoutPrimary };
  const members = await wholeness.store();
  return [...members].find(([, state]) => state === 'primary')?.[0];
}

function skip(recorder: Recorder, kind: FaultKind, target: string, node: string, why: string, fault: number): void {
  recorder.record({ type: 'fault', fault, phase: 'skipped', kind, target, node, why });
}

/** Whatever the run's signal says: healing is never given up. */
async function healFault(
  { system, recorder, options }: Injecting,
  { fault, step, target, entry }: OpenFault,
  { open, early }: Standing,
): Promise<void> {
  const { node, broker } = target;
  const { fault: kind, on } = options.scenario.steps[step] ?? { fault: '', on: '' };
  const said = { type: 'fault', fault, kind, target: on, node, ...(broker === undefined ? {} : { broker }) } as const;
  recorder.record({ ...said, phase: 'healing' });
  options.onProgress(`healing ${node}`);
  if (!(await healEntry(system, entry, { timeoutMs: system.servesWithinMs }))) early.push(entry.says);
  open.delete(fault);
  recorder.record({ ...said, phase: 'healed' });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
