/** What a chaos run that died has left is undone before a command does anything else, on whatever the environment runs. */
import { abandoned, holderOf, notesOf } from '../../drivers/journal.ts';
import type { DeploymentOptions } from '../deployment.ts';
import type { Healing } from './heal.ts';

/** How long a command waits for each service that it heals on its way; the rest is for the next one. */
const healsWithinMs = 60_000;

/** A command that needs none of it goes on where that fails. */
export async function healed<D extends Healing>(
  deployment: D,
  { onProgress, signal, leaveFaults }: Pick<DeploymentOptions, 'onProgress' | 'signal' | 'leaveFaults'>,
): Promise<D> {
  if (leaveFaults === true) return deployment;
  const { entries, unreadable, held } = await abandoned(notesOf(deployment));
  for (const entry of held)
    if (entry.of === 'driver') onProgress?.(`broken by a chaos run: ${entry.says} (${holderOf(entry)})`);
  if (entries.length + unreadable.length === 0) return deployment;
  // Most commands find nothing, and load nothing for it.
  const { healAbandoned } = await import('./heal.ts');
  const timeoutMs = deployment.servesWithinMs ?? healsWithinMs;
  const report = await healAbandoned(deployment, { timeoutMs, signal, onProgress });
  for (const says of report.healed) onProgress?.(`healed what a chaos run had left: ${says}`);
  for (const { says, why } of report.left) onProgress?.(`left of a chaos run, not healed yet: ${says}: ${why}`);
  return deployment;
}
