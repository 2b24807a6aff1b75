/**
 * What a driver can do to its services on purpose. Apart from Driver, which keeps services well: nothing but the chaos runner has one of these in its
 * hands. A fault is planned first, and its undo is in the journal (journal.ts) before it is injected.
 */
import type { Fault, FaultKind, PlannedFault, Undo } from '../contracts/fault.ts';

/**
 * How long who is told to leave may take. A model may give more (a broker ten minutes, to move leaderships away), which no scenario waits for: who takes longer
 * has not suffered a `term`, and the injection fails with that.
 */
export const leaveWithinMs = 120_000;

/** `undone`: whom it befell is to serve again. `gone`: who was broken is not there any more, and whoever took its place never was. */
export type Healed = 'undone' | 'gone';

export interface FaultInjector {
  /** Why it can make no fault of this kind, whoever is to suffer it; undefined where it can. Changes nothing. */
  unable(kind: FaultKind): Promise<string | undefined>;
  /** What would be done, or why this driver cannot do it here. Changes nothing. */
  plan(fault: Fault): Promise<PlannedFault | { readonly cannot: string }>;
  /** Returns once it is done: the process has ended, or stands still. */
  inject(planned: PlannedFault): Promise<void>;
  /**
   * Takes a fault back, however far it came: idempotent. Returns once the service is asked to go on; whether it serves again is the caller's to wait for,
   * unless it is gone.
   * Throws DRIVER_UNDO_UNREADABLE for an undo that this driver did not make.
   */
  heal(undo: Undo): Promise<Healed>;
}
