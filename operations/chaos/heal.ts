/**
 * Heals what a run has left broken: its journal says what. A run heals its own; whoever opens the environment later, with any command, heals what a run
 * that died has left.
 */
import { z } from 'zod';
import { connect } from '../../clients/kafka/connection.ts';
import { deleteTopics } from '../../clients/kafka/requests/delete-topics.ts';
import { abandonedEntries, type JournalEntry, journalFolder, removeEntry } from '../../drivers/journal.ts';
import type { Deployment } from '../deployment.ts';
import { apiAccess, kafkaTopicsOf, removeApiTopic } from './api-topic.ts';

export interface HealReport {
  /** What was done once, a sentence each, and is undone. */
  readonly healed: readonly string[];
  /** What could not be, with the reason; it stays in the journal. */
  readonly left: readonly { readonly says: string; readonly why: string }[];
}

type Healing = Pick<Deployment, 'stateDirectory' | 'faults' | 'bootstrap' | 'environment' | 'addressing' | 'secrets'>;

/** What the runner made itself. */
const runnerUndo = z.discriminatedUnion('delete', [
  z.strictObject({ delete: z.literal('topic'), topic: z.string() }),
  z.strictObject({ delete: z.literal('api-project'), project: z.string(), through: z.enum(['balancer', 'api']) }),
]);
export type RunnerUndo = z.output<typeof runnerUndo>;

const brokerTimeoutMs = 10_000;

/** What runs that died have left. Never throws for what cannot be healed: it says so. */
export async function healAbandoned(deployment: Healing): Promise<HealReport> {
  const [healed, left]: [string[], { says: string; why: string }[]] = [[], []];
  // A service first, the runner's topics after: they need brokers.
  const entries = await abandonedEntries(journalFolder(deployment.stateDirectory));
  const order = [...entries].sort((a, b) => Number(a.of === 'runner') - Number(b.of === 'runner'));
  for (const entry of order) {
    try {
      await healEntry(deployment, entry);
      healed.push(entry.says);
    } catch (error) {
      left.push({ says: entry.says, why: error instanceof Error ? error.message : String(error) });
    }
  }
  return { healed, left };
}

/** Undoes it, then takes it out of the journal. Throws what the driver or the cluster throws. */
export async function healEntry(deployment: Healing, entry: JournalEntry): Promise<void> {
  if (entry.of === 'driver') await deployment.faults.heal(entry.undo);
  else await undoOwn(deployment, runnerUndo.parse(entry.undo));
  await removeEntry(journalFolder(deployment.stateDirectory), entry);
}

async function undoOwn(deployment: Healing, undo: RunnerUndo): Promise<void> {
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
