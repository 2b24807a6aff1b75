/** Faults that a person made, undone by hand: on machines here and on deployed nodes alike. */
import type { EnsembleError } from '../contracts/error.ts';
import { faultsStand, faultUnknown } from './hosts/errors.ts';

export interface Standing<F> {
  /** The oldest first. */
  readonly faults: readonly F[];
  /** Notes that nobody can heal by, as errors that name the file. */
  readonly unreadable: readonly EnsembleError[];
}

/**
 * The one of that id, or all, the youngest first: what was done last is what the others lie below. One that cannot be undone keeps none of the others, and is
 * named at the end, as is each note that cannot be read where all were asked for.
 *
 * @throws EnsembleError OPERATIONS_FAULT_UNKNOWN, OPERATIONS_FAULTS_STAND, and the signal's reason
 */
export async function healStanding<F extends { readonly id: string }>(
  { faults, unreadable }: Standing<F>,
  id: string | undefined,
  {
    undo,
    signal,
    next,
  }: { readonly undo: (fault: F) => Promise<unknown>; readonly signal: AbortSignal; readonly next: string },
): Promise<readonly F[]> {
  const chosen = id === undefined ? faults : faults.filter((fault) => fault.id === id);
  const noted = unreadable.map((error) => `${error.message}. ${error.next}`);
  if (id !== undefined && chosen.length === 0)
    throw faultUnknown(
      id,
      faults.map((fault) => fault.id),
      noted,
    );
  const left: string[] = [];
  for (const fault of [...chosen].reverse())
    await undo(fault).catch((error: unknown) => {
      signal.throwIfAborted();
      left.push(`${fault.id}: ${error instanceof Error ? error.message : String(error)}`);
    });
  if (id === undefined) left.push(...noted);
  if (left.length > 0) throw faultsStand(left, next);
  return chosen;
}
