/** Machines for whoever plays scenarios: the faults of faults.ts behind the interface that all drivers share. The undo is the note itself. */
import { type Fault, type FaultKind, undoSchema } from '../../contracts/fault.ts';
import { undoUnreadable } from '../errors.ts';
import type { FaultInjector } from '../fault-injector.ts';
import { type HostFaultNote, parseNote } from './fault-journal.ts';
import { hostFaults } from './faults.ts';
import type { Hosts } from './hosts.ts';
import { noWayToDelay, wayToDelay } from './link-delay.ts';

/**
 * Of a link that scenarios make slow, each way: answers of the node then come after more than what whoever watches waits for (observer.ts, 700 ms), so that the
 * fault is seen, and long before anybody's session ends.
 */
const slowLinkMs = 500;
const ofMachine: ReadonlySet<FaultKind> = new Set(['isolate', 'slow-link', 'full-disk', 'machine-kill']);

export function hostFaultInjector(hosts: Hosts): FaultInjector {
  const faults = hostFaults(hosts);
  return {
    async unable(kind) {
      return kind === 'slow-link' && (await wayToDelay()) === undefined ? noWayToDelay : undefined;
    },

    async plan(fault: Fault) {
      const { kind, node, service } = fault;
      const delayMs = kind === 'slow-link' ? slowLinkMs : undefined;
      const planned = await faults.plan(ofMachine.has(kind) ? { kind, node, delayMs } : { kind, node, service });
      if ('cannot' in planned) return planned;
      const target = ofMachine.has(kind) ? node : `${service} on ${node}`;
      const less = planned.weaker === undefined ? '' : `; ${planned.weaker}`;
      return { fault, says: `${kind} of ${target} (by ${planned.way})${less}`, undo: undoSchema.parse(planned) };
    },
    inject: async ({ undo }) => await faults.inject(noteOf(undo)),
    heal: async (undo) => await faults.heal(noteOf(undo)),
  };
}

function noteOf(undo: unknown): HostFaultNote {
  try {
    return parseNote(undo);
  } catch (cause) {
    throw undoUnreadable(JSON.stringify(undo), cause);
  }
}
