/**
 * Faults of deployed nodes by hand. Nothing is broken without three things: the node on the environment's own allow-list (`aws.breakable`), the plan read, and
 * words typed that nobody types by habit. The undo is in the environment's bucket before the fault; it stands until `ensemble fault heal` undoes it, from any machine.
 */
import { join } from 'node:path';
import { assertAccount } from '../../clients/aws/account.ts';
import { openInstanceControl } from '../../clients/aws/instance-control.ts';
import { type Fault, faultKinds, type PlannedFault } from '../../contracts/fault.ts';
import { awsFaults } from '../../drivers/aws/aws-faults.ts';
import type { FaultInjector } from '../../drivers/fault-injector.ts';
import type { FaultNotes, JournalEntry } from '../../drivers/journal.ts';
import { withFileLock } from '../../platform/file-lock.ts';
import { healStanding, type Standing } from '../heal-standing.ts';
import { faultNotPossible, faultUnknown } from '../hosts/errors.ts';
import type { AwsEnvironment } from './aws-environment.ts';
import { atWork, deployedNotes, environmentLock } from './chaos-state.ts';
import { faultNotConfirmed, faultPlanChanged, noAllowList } from './errors.ts';
import { withAws } from './operated.ts';

export interface ByHandOptions {
  readonly stateRoot: string;
  readonly signal: AbortSignal;
  readonly onWaitForLock?: ((pid: number) => void) | undefined;
}

export interface AwsFaultRequest {
  readonly kind: string;
  readonly node: string;
  /** The first of the node's where absent. */
  readonly service: string | undefined;
  /** Shows the plan and asks; what must be typed is the environment's name behind `break`. */
  readonly confirm: (planned: PlannedFault, words: string) => Promise<boolean>;
}

/** @throws EnsembleError OPERATIONS_FAULT_NO_ALLOW_LIST, OPERATIONS_FAULT_UNKNOWN, OPERATIONS_FAULT_NOT_POSSIBLE, OPERATIONS_FAULT_NOT_CONFIRMED, OPERATIONS_FAULT_PLAN_CHANGED, DRIVER_..., CLIENT_AWS_... */
export async function injectAwsFault(
  aws: AwsEnvironment,
  request: AwsFaultRequest,
  options: ByHandOptions,
): Promise<JournalEntry> {
  const { node } = request;
  const kind = faultKinds.find((known) => known === request.kind);
  if (kind === undefined) throw faultUnknown(request.kind, []);
  const allowed = allowedBy(aws);
  if (allowed.length === 0) throw noAllowList(aws.environment.file);
  const group = aws.environment.cluster.groups.find(({ nodes }) => nodes.some(({ id }) => id === node));
  const service = request.service ?? group?.services[0];
  if (service === undefined || group?.services.includes(service) !== true)
    throw faultNotPossible(kind, node, `${service ?? 'no service'} does not run on it`);
  const fault: Fault = { kind, node, service };
  return await playing(aws, options, allowed, async ({ faults, notes, alone }) => {
    const shown = await planned(faults, fault);
    if (!(await request.confirm(shown, wordsOf(aws)))) throw faultNotConfirmed(wordsOf(aws));
    // Nobody is kept waiting while a person reads; what was true then may not be any more.
    return await alone(async () => {
      const again = await planned(faults, fault);
      if (again.says !== shown.says) throw faultPlanChanged(again.says);
      const entry = await notes.write({ says: again.says, of: 'driver', undo: again.undo });
      await faults.inject(again);
      return entry;
    });
  });
}

async function planned(faults: FaultInjector, fault: Fault): Promise<PlannedFault> {
  const found = await faults.plan(fault);
  if ('cannot' in found) throw faultNotPossible(fault.kind, fault.node, found.cannot);
  return found;
}

function allowedBy({ environment }: AwsEnvironment): readonly string[] {
  return environment.spec.aws?.breakable ?? [];
}

/** What a person types. */
function wordsOf({ environment }: AwsEnvironment): string {
  return `break ${environment.cluster.environment}`;
}

/** From whatever machine they were made. @throws EnsembleError CLIENT_AWS_... */
export async function standingAwsFaults(aws: AwsEnvironment): Promise<Standing<JournalEntry>> {
  await assertAccount({ region: aws.place.region }, aws.place.account);
  return await withAws(aws, async ({ objects }) => await standingIn(deployedNotes(objects).byHand));
}

async function standingIn(notes: FaultNotes): Promise<Standing<JournalEntry>> {
  const { entries, unreadable } = await notes.read();
  return { faults: entries, unreadable };
}

/** The one of that id, or all, the youngest first; asks nobody. @throws EnsembleError OPERATIONS_FAULT_UNKNOWN, OPERATIONS_FAULTS_STAND with those that could not be undone (the others are), CLIENT_AWS_... */
export async function healAwsFaults(
  aws: AwsEnvironment,
  id: string | undefined,
  options: ByHandOptions,
): Promise<readonly JournalEntry[]> {
  return await playing(aws, options, [], ({ faults, notes, exclusively }) =>
    exclusively(async () =>
      healStanding(await standingIn(notes), id, {
        async undo(entry) {
          // Somebody elsewhere may have healed it meanwhile, and broken the same node anew.
          if (!(await notes.claim(entry))) return;
          await faults.heal(entry.undo);
          await notes.remove(entry);
        },
        signal: options.signal,
        next: '`ensemble fault heal --driver aws` again.',
      }),
    ),
  );
}

interface Playing {
  readonly faults: FaultInjector;
  /** Of faults by hand. */
  readonly notes: FaultNotes;
  /** Runs `work` while no roll, no scenario and no other fault changes these nodes from here. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** The same, and nobody does from elsewhere. @throws EnsembleError DRIVER_OTHERS_AT_WORK */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

async function playing<T>(
  aws: AwsEnvironment,
  { stateRoot, signal, onWaitForLock }: ByHandOptions,
  allowed: readonly string[],
  work: (playing: Playing) => Promise<T>,
): Promise<T> {
  await assertAccount({ region: aws.place.region }, aws.place.account);
  const own = ownFolder(aws, stateRoot);
  const onWait = ({ pid }: { readonly pid: number }) => onWaitForLock?.(pid);
  const control = await openInstanceControl({ region: aws.place.region });
  try {
    return await withAws(aws, async ({ machines, objects }) => {
      const { environment } = aws.environment.cluster;
      const { byHand, byRun } = deployedNotes(objects);
      const exclusively: Playing['exclusively'] = (changing) =>
        withFileLock(environmentLock(own), { signal, onWait }, changing);
      return await work({
        faults: awsFaults({ environment, machines, control, allowed: new Set(allowed), notes: [byHand, byRun] }),
        notes: byHand,
        exclusively,
        alone: (changing) => exclusively(() => atWork({ byRun, says: 'a fault by hand' }, changing)),
      });
    });
  } finally {
    control.close();
  }
}

function ownFolder({ environment }: AwsEnvironment, stateRoot: string): string {
  return join(stateRoot, environment.cluster.environment);
}
