/**
 * Faults that stand: notes in the undo journal that all drivers share (drivers/journal.ts), in a folder of the machines' own. What was noted and never made is
 * healed as well, which changes nothing. A fault that a person made stands after its command has ended: nobody heals it but by `ensemble fault heal`.
 */
import { z } from 'zod';
import type { EnsembleError } from '../../contracts/error.ts';
import { faultKinds, undoSchema } from '../../contracts/fault.ts';
import { journalUnreadable } from '../errors.ts';
import { noteFile, readJournal, removeEntry, writeEntry } from '../journal.ts';

const noteShape = z.strictObject({
  id: z.string().regex(/^[0-9a-z-]+$/),
  kind: z.enum(faultKinds),
  node: z.string(),
  /** Of one service alone; the whole machine where absent. */
  service: z.string().optional(),
  /** The other side: these nodes; every other one, and the cloud, where absent. */
  from: z.array(z.string()).readonly().optional(),
  delayMs: z.int().min(1).optional(),
  /** ISO 8601 */
  time: z.string(),
  /** How it is made here, which its healing goes by. */
  way: z.string(),
  /** In which way it is less than its name says. */
  weaker: z.string().optional(),
});

export type HostFaultNote = z.output<typeof noteShape>;

/** @throws what is wrong with it */
export function parseNote(value: unknown): HostFaultNote {
  return noteShape.parse(value);
}

export async function noteFault(folder: string, fault: HostFaultNote): Promise<void> {
  await writeEntry(folder, { says: `${fault.kind} of ${fault.node}`, of: 'driver', undo: undoSchema.parse(fault) });
}

/** One that cannot be read is another one's, or nobody's: it stays. */
export async function forgetFault(folder: string, id: string): Promise<void> {
  for (const entry of (await readJournal(folder)).entries)
    if (noteShape.safeParse(entry.undo).data?.id === id) await removeEntry(folder, entry);
}

/** Those that ended with the machines that they were made on; one that fills a volume stands on it, and ends with the volumes. */
export async function forgetEndedFaults(folder: string, withVolumes: boolean): Promise<void> {
  for (const entry of (await readJournal(folder)).entries) {
    const kind = noteShape.safeParse(entry.undo).data?.kind;
    if (kind !== undefined && (withVolumes || kind !== 'full-disk')) await removeEntry(folder, entry);
  }
}

export interface StandingHostFaults {
  /** The oldest first. */
  readonly faults: readonly HostFaultNote[];
  /** DRIVER_JOURNAL_UNREADABLE each, with the file: they keep none of the others from being shown and healed. */
  readonly unreadable: readonly EnsembleError[];
}

export async function standingFaults(folder: string): Promise<StandingHostFaults> {
  const { entries, unreadable } = await readJournal(folder);
  const faults: HostFaultNote[] = [];
  const others = [...unreadable];
  for (const entry of entries) {
    const read = noteShape.safeParse(entry.undo);
    if (read.success) faults.push(read.data);
    else others.push(journalUnreadable(noteFile(folder, entry), read.error));
  }
  return { faults, unreadable: others };
}
