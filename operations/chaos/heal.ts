/**
 * Heals what a run has left broken: its journal says what. A run heals its own; whoever opens the environment later, with any command, heals what a run
 * that died has left. Healed is what serves again: a broker that was killed is refused by ZooKeeper until its session has ended, and is started anew until then.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { connect } from '../../clients/kafka/connection.ts';
import { deleteTopics } from '../../clients/kafka/requests/delete-topics.ts';
import { undoUnreadable } from '../../drivers/errors.ts';
import type { Healed } from '../../drivers/fault-injector.ts';
import {
  abandoned,
  type FaultNotes,
  holderOf,
  type JournalEntry,
  journalFolder,
  notesOf,
} from '../../drivers/journal.ts';
import { withFileLock } from '../../platform/file-lock.ts';
import type { Deployment } from '../deployment.ts';
import { apiAccess, kafkaTopicsOf, type Reach, removeApiTopic } from './api-topic.ts';

export interface HealReport {
  /** What was done once, a sentence each, and is undone: whom it befell serves again, or is not there any more. */
  readonly healed: readonly string[];
  /** What could not be, with the reason; it stays in the journal. */
  readonly left: readonly { readonly says: string; readonly why: string }[];
  /** What a run that is at work has broken, which heals it: who that is, and until when others leave it to him where he is elsewhere. */
  readonly held: readonly { readonly says: string; readonly by: string }[];
}

export interface Patience {
  /** For each service that is to serve again. */
  readonly timeoutMs: number;
  /** Ends the waiting; what does not serve yet stays in the journal. */
  readonly signal?: AbortSignal | undefined;
  /** Told before a service is waited for. */
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** Who speaks with the cluster itself. */
type Inside = Pick<Deployment, 'bootstrap'> & Reach;

/** What healing goes through. What the runner itself made in the cluster is left, without a word, to those who are in its network. */
export interface Healing extends Pick<Deployment, 'stateDirectory' | 'faults'>, Partial<Inside> {
  readonly driver: Pick<Deployment['driver'], 'ready'>;
  /** For one that was healed to serve again; what processes take where it is absent. */
  readonly servesWithinMs?: number;
  /** A folder below `stateDirectory` where it is absent. */
  readonly notes?: FaultNotes;
}

/** What the runner made itself. */
const runnerUndo = z.discriminatedUnion('delete', [
  z.strictObject({ delete: z.literal('topic'), topic: z.string() }),
  z.strictObject({ delete: z.literal('api-project'), project: z.string(), through: z.enum(['balancer', 'api']) }),
]);
export type RunnerUndo = z.output<typeof runnerUndo>;

const brokerTimeoutMs = 10_000;

/**
 * What runs that died have left. Never throws for what cannot be healed: it says so, and goes on with the others. All are undone before one is waited for:
 * a master does not serve before others do.
 */
export async function healAbandoned(deployment: Healing, patience: Patience): Promise<HealReport> {
  // Two commands here at once would start a service twice; of those on several machines each undoes what it could claim.
  const lock = join(journalFolder(deployment.stateDirectory), 'lock');
  return await withFileLock(lock, { signal: patience.signal }, async () => {
    const [healed, left]: [string[], { says: string; why: string }[]] = [[], []];
    const notes = notesOf(deployment);
    const claimed = new Set<JournalEntry>();
    const trying = async (entry: JournalEntry, work: () => Promise<unknown>) => {
      try {
        await work();
        return true;
      } catch (error) {
        left.push({ says: entry.says, why: error instanceof Error ? error.message : String(error) });
        // Another machine may heal what this one cannot; where that cannot be told, it may once the claim has lapsed.
        if (claimed.has(entry)) await notes.release(entry).catch(() => {});
        return false;
      }
    };
    const { entries, unreadable, held } = await abandoned(notes);
    for (const { message, next } of unreadable) left.push({ says: message, why: next });
    const undone: (readonly [JournalEntry, Healed])[] = [];
    const undo = async (entry: JournalEntry) => {
      // Somebody else may have healed it since it was read, and broken the same node anew.
      if (!(await notes.claim(entry))) return;
      claimed.add(entry);
      undone.push([entry, await deployment.faults.heal(entry.undo)]);
    };
    for (const entry of entries.filter(({ of }) => of === 'driver')) await trying(entry, () => undo(entry));
    const settle = async ([entry, how]: (typeof undone)[number]) => {
      if (await trying(entry, () => settled(deployment, entry, how, patience))) healed.push(entry.says);
    };
    await Promise.all(undone.map(settle));
    // The runner's own topics after: they need brokers.
    if (isInside(deployment))
      for (const entry of entries.filter(({ of }) => of === 'runner'))
        if (await trying(entry, () => removeOwn(deployment, entry))) healed.push(entry.says);
    return { healed, left, held: held.map((entry) => ({ says: entry.says, by: holderOf(entry) })) };
  });
}

/**
 * Undoes what a driver did, waits until whom it befell serves, unless it is gone, and takes the note away. Throws what the driver throws: the note stays then.
 *
 * @returns whether it was there still: somebody else may have healed it before.
 */
export async function healEntry(deployment: Healing, entry: JournalEntry, patience: Patience): Promise<boolean> {
  return await settled(deployment, entry, await deployment.faults.heal(entry.undo), patience);
}

async function settled(
  healing: Healing,
  entry: JournalEntry,
  how: Healed,
  { timeoutMs, signal, onProgress }: Patience,
): Promise<boolean> {
  const { serves } = entry;
  // Nobody waits for one that is not there.
  if (serves !== undefined && how !== 'gone') {
    onProgress?.(`waiting for ${serves.service} on ${serves.node} to serve again`);
    const over = AbortSignal.timeout(timeoutMs);
    await healing.driver.ready(serves, {
      timeoutMs,
      signal: signal === undefined ? over : AbortSignal.any([signal, over]),
    });
  }
  return await notesOf(healing).remove(entry);
}

/** Removes what the runner made, and its note. Throws what the cluster throws, and DRIVER_UNDO_UNREADABLE. */
export async function removeOwn(deployment: Healing & Inside, entry: JournalEntry): Promise<void> {
  const read = runnerUndo.safeParse(entry.undo);
  if (!read.success) throw undoUnreadable(JSON.stringify(entry.undo), read.error);
  await undoOwn(deployment, read.data);
  await notesOf(deployment).remove(entry);
}

function isInside(healing: Healing): healing is Healing & Inside {
  return healing.bootstrap !== undefined;
}

async function undoOwn(deployment: Inside, undo: RunnerUndo): Promise<void> {
  const { bootstrap } = deployment;
  if (undo.delete === 'api-project') await removeApiTopic(await apiAccess(deployment, undo.through), undo.project);
  const connection = await connect({ bootstrap, clientId: 'ensemble-chaos', connectionTimeoutMs: 1_000 });
  try {
    const topics = undo.delete === 'topic' ? [undo.topic] : await kafkaTopicsOf(connection, undo.project);
    for (const { topic, error: fault } of await deleteTopics(connection, topics, { brokerTimeoutMs }))
      if (fault !== undefined && fault.name !== 'UNKNOWN_TOPIC_OR_PARTITION')
        throw new Error(`${topic}: ${fault.message}`);
  } finally {
    await connection.close();
  }
}
