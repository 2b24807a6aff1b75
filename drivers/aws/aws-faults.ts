/**
 * Faults of nodes on AWS: of a service through Systems Manager, of a machine through EC2. Only nodes on the allow-list are touched: for all others, and where
 * there is no list, a plan says no. Each undo names the instance, so that healing goes by the journal alone.
 *
 * A machine is killed by a stop that skips its system's shutdown (EC2's StopInstances, SkipOsShutdown): memory is lost, and a start undoes it with the same
 * instance, address and volumes. Terminating cannot be undone; a reboot, or a panic by sysrq, comes back by itself before anybody misses it.
 */
import { z } from 'zod';
import type { InstanceControl } from '../../clients/aws/instance-control.ts';
import type { FaultKind } from '../../contracts/fault.ts';
import { serviceUnitName } from '../../provision/unit.ts';
import { faultTargetGone, undoUnreadable } from '../errors.ts';
import { type FaultInjector, leaveWithinMs } from '../fault-injector.ts';
import type { FaultNotes } from '../journal.ts';
import type { Machines } from './machines.ts';
import { type UnitFault, unitFaultScripts, unitHealScripts } from './unit-faults.ts';

export interface AwsFaultOptions {
  readonly environment: string;
  readonly machines: Machines;
  readonly control: InstanceControl;
  /** Nodes that may be broken. Healing needs no list. */
  readonly allowed: ReadonlySet<string>;
  /** Of this environment's faults, whoever made them: by hand or in a scenario. */
  readonly notes: readonly Pick<FaultNotes, 'read'>[];
}

const undo = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('heal-unit'),
    fault: z.enum(['term', 'kill', 'pause']),
    node: z.string(),
    service: z.string(),
    instance: z.string(),
  }),
  z.strictObject({ do: z.literal('start-instance'), node: z.string(), instance: z.string() }),
  z.strictObject({
    do: z.literal('security-groups'),
    node: z.string(),
    instance: z.string(),
    /** Its network: said here, since an instance that is gone has none. */
    vpc: z.string(),
    /** Those that it had, and gets back. */
    groups: z.array(z.string()).min(1).readonly(),
    /** The name of the one that closes it off. */
    closed: z.string(),
  }),
]);

const cannot: Readonly<Partial<Record<FaultKind, string>>> = {
  'slow-link': 'whether the image’s kernel has netem is not known here; machines of a rehearsal can',
  'full-disk': 'filling a volume of a deployed node is not built; machines of a rehearsal can',
};
/** An agent that fetches beside a controlled shutdown that moves leaderships away. */
const unitMs = leaveWithinMs + 60_000;

export function awsFaults({ environment, machines, control, allowed, notes }: AwsFaultOptions): FaultInjector {
  async function instanceOf(node: string): Promise<string | undefined> {
    const found = (await machines.all()).get(node);
    return found?.state === 'running' ? found.id : undefined;
  }

  /** Whether a note says that this node's groups were taken: a second one would note the closed group as what is to be put back. */
  async function isIsolationNoted(node: string): Promise<boolean> {
    const noted = await Promise.all(notes.map((each) => each.read()));
    return noted.some(({ entries }) =>
      entries.some((entry) => {
        const { data } = undo.safeParse(entry.undo);
        return data?.do === 'security-groups' && data.node === node;
      }),
    );
  }

  return {
    unable: async (kind) => cannot[kind],

    async plan(fault) {
      const { kind, node, service } = fault;
      if (!allowed.has(node))
        return { cannot: `${node} is not among the nodes that the environment file lets break, aws.breakable` };
      const instance = await instanceOf(node);
      if (instance === undefined) return { cannot: `${node} has no machine that runs` };
      const where = `${node} (${instance})`;
      switch (kind) {
        case 'term':
        case 'kill':
        case 'pause':
          return {
            fault,
            says: `${kind} of ${service} on ${where}, by Systems Manager: ${unitFaultScripts[kind](serviceUnitName(service))}`,
            undo: { do: 'heal-unit', fault: kind, node, service, instance },
          };
        case 'machine-kill':
          return {
            fault,
            says: `machine-kill of ${where}: EC2 stops it without its system’s shutdown; a start undoes it, same volumes and address`,
            undo: { do: 'start-instance', node, instance },
          };
        case 'isolate': {
          const { vpc, groups } = await control.network(instance);
          if (groups.length === 0) return { cannot: `${node} has no security group to be put back` };
          const closed = `ensemble-${environment}-isolated-${node}`;
          const closedId = await control.groupNamed(vpc, closed);
          if (closedId !== undefined && groups.includes(closedId))
            return { cannot: `${node} is isolated already: it wears ${closed}` };
          if (await isIsolationNoted(node))
            return { cannot: `an isolation of ${node} is noted already, and not healed yet` };
          return {
            fault,
            says: `isolate ${where}: its security groups ${groups.join(', ')} are taken for ${closed}, which lets nothing through; connections that are open may live on, since EC2 tracks them`,
            undo: { do: 'security-groups', node, instance, vpc, groups: [...groups], closed },
          };
        }
        default:
          return { cannot: cannot[kind] ?? `${kind} is no fault of AWS` };
      }
    },

    async inject({ fault, undo: given }) {
      const { kind, node, service } = fault;
      // Asked again in the very moment before: a plan may be old.
      if (!allowed.has(node)) throw faultTargetGone(fault);
      const planned = read(given);
      switch (planned.do) {
        case 'heal-unit': {
          const script = unitFaultScripts[planned.fault](serviceUnitName(service));
          await machines.run(node, script, { what: `fault: ${kind} of ${service}`, timeoutMs: unitMs });
          return;
        }
        case 'start-instance':
          if ((await instanceOf(node)) !== planned.instance) throw faultTargetGone(fault);
          await control.stopAtOnce(planned.instance);
          return;
        case 'security-groups': {
          if ((await instanceOf(node)) !== planned.instance) throw faultTargetGone(fault);
          const { vpc, closed } = planned;
          await control.setGroups(planned.instance, [await control.ensureClosedGroup(vpc, closed)]);
        }
      }
    },

    async heal(given) {
      const planned = read(given);
      // Who has taken its place was never broken.
      const isGone = await control.isGone(planned.instance);
      const healed = isGone ? 'gone' : 'undone';
      switch (planned.do) {
        case 'heal-unit': {
          if (isGone) return healed;
          const script = unitHealScripts[planned.fault satisfies UnitFault](serviceUnitName(planned.service));
          await machines.run(planned.node, script, { what: `heal ${planned.service}`, timeoutMs: unitMs });
          return healed;
        }
        case 'start-instance':
          if (!isGone) await control.start(planned.instance);
          return healed;
        case 'security-groups': {
          const { instance, vpc, groups, closed } = planned;
          const closedId = await control.groupNamed(vpc, closed);
          // Where it was never made, nothing was taken. Whoever has given the node other groups since meant those.
          if (closedId === undefined) return healed;
          if (!isGone && (await control.network(instance)).groups.includes(closedId))
            await control.setGroups(instance, groups);
          await control.removeGroup(vpc, closed);
          return healed;
        }
      }
    },
  };
}

function read(given: unknown): z.output<typeof undo> {
  const parsed = undo.safeParse(given);
  if (!parsed.success) throw undoUnreadable(JSON.stringify(given), parsed.error);
  return parsed.data;
}
