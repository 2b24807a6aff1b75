/**
 * Faults of processes: signals, and nothing that is not undone by another signal or a start. A process shares its machine, network and disk with all
 * others, so that what would befall those is refused with the reason.
 */
import { z } from 'zod';
import type { FaultKind } from '../../contracts/fault.ts';
import { currentBoot, identify, isAlive, type ProcessIdentity } from '../../platform/process-identity.ts';
import type { Driver, ServiceRef } from '../driver.ts';
import { faultTargetGone, faultWasNoTerm, undoUnreadable } from '../errors.ts';
import { type FaultInjector, leaveWithinMs } from '../fault-injector.ts';
import { recordFile } from './layout.ts';
import { readRecord } from './record.ts';
import { signalUntil } from './signals.ts';

const undo = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('start'),
    node: z.string(),
    service: z.string(),
    /** Of this machine, where it can be told: after another one nothing runs, and nobody is to be started alone. */
    boot: z.string().optional(),
  }),
  z.strictObject({ do: z.literal('continue'), pid: z.int().min(1), startedAt: z.string() }),
]);

type Able = Extract<FaultKind, 'term' | 'kill' | 'pause'>;

const cannot: Readonly<Record<Exclude<FaultKind, Able>, string>> = {
  isolate:
    'processes of one machine share its network: cutting one off would take rules of the whole machine; the driver for hosts can',
  'slow-link':
    'processes of one machine share its loopback interface: slowing one down would slow all; the driver for hosts can',
  'full-disk':
    'processes of one machine share its disk: filling it would befall all, and what else runs here; the driver for hosts can',
  'machine-kill': 'a process has no machine of its own: what it wrote stays in this machine’s memory',
};

const signalNames: Readonly<Record<Able, string>> = { term: 'SIGTERM', kill: 'SIGKILL', pause: 'SIGSTOP' };

/** The end of a process that is killed at once, on a busy machine. */
const endsWithinMs = 60_000;

export interface ProcessFaultOptions {
  readonly driver: Pick<Driver, 'start' | 'stop'>;
  readonly stateDirectory: string;
  /** Whether the environment names it: of a node that left, nothing is started. */
  readonly isNamed: (ref: ServiceRef) => boolean;
}

export function processFaults({ driver, stateDirectory, isNamed }: ProcessFaultOptions): FaultInjector {
  async function processOf(ref: ServiceRef): Promise<ProcessIdentity | undefined> {
    const record = await readRecord(recordFile(stateDirectory, ref));
    return record !== undefined && isAlive(record) ? record : undefined;
  }

  return {
    unable: async (kind) => (isAble(kind) ? undefined : cannot[kind]),

    async plan(fault) {
      const { kind, node, service } = fault;
      if (!isAble(kind)) return { cannot: cannot[kind] };
      const found = await processOf(fault);
      if (found === undefined) return { cannot: `${service} does not run on ${node}` };
      const { pid, startedAt } = found;
      const says = `${signalNames[kind]} to ${service} on ${node} (pid ${pid})`;
      if (kind === 'pause') return { fault, says, undo: { do: 'continue', pid, startedAt } };
      const boot = currentBoot();
      return { fault, says, undo: { do: 'start', node, service, ...(boot === undefined ? {} : { boot }) } };
    },

    async inject({ fault, undo: given }) {
      const planned = read(given);
      const found = await processOf(fault);
      if (found === undefined) throw faultTargetGone(fault);
      // Its undo wakes the process of that time alone: another one would stand still for ever.
      if (planned.do === 'continue' && !isSame(planned, found)) throw faultTargetGone(fault);
      if (fault.kind === 'term') {
        const { outcome } = await driver.stop(fault, { timeoutMs: leaveWithinMs });
        if (outcome === 'killed')
          throw faultWasNoTerm(`${fault.service} on ${fault.node}`, Math.round(leaveWithinMs / 1000));
        return;
      }
      signalGroup(found, fault.kind === 'kill' ? 'SIGKILL' : 'SIGSTOP');
      if (fault.kind !== 'kill') return;
      if (!(await signalUntil(async () => !isAlive(found), found, 'SIGKILL', endsWithinMs)))
        throw faultTargetGone(fault);
    },

    async heal(given) {
      const planned = read(given);
      if (planned.do === 'start') {
        const { boot } = planned;
        if (!isNamed(planned) || (boot !== undefined && boot !== currentBoot())) return 'gone';
        await driver.start(planned);
        return 'undone';
      }
      signalGroup(planned, 'SIGCONT');
      return isAlive(planned) ? 'undone' : 'gone';
    },
  };
}

function read(given: unknown): z.output<typeof undo> {
  const parsed = undo.safeParse(given);
  if (!parsed.success) throw undoUnreadable(JSON.stringify(given), parsed.error);
  return parsed.data;
}

function isSame(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.startedAt === other.startedAt;
}

function isAble(kind: FaultKind): kind is Able {
  return Object.hasOwn(signalNames, kind);
}

/** Each service leads a group of its own (launch.ts), so that its children stand still with it. The same process is asked for in the very moment before. */
function signalGroup({ pid, startedAt }: ProcessIdentity, name: NodeJS.Signals): void {
  if (identify(pid)?.startedAt !== startedAt) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
