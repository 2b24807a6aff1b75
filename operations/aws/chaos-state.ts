/** Where runs on a deployed environment keep what they leave: apart from a rehearsal's of the same environment. */
import { join } from 'node:path';
import { journalFolder } from '../../drivers/journal.ts';

/** @param own the environment's folder */
export function awsStateDirectory(own: string): string {
  return join(own, 'aws');
}

/** Notes of faults that were made by hand: no command but `ensemble fault heal` undoes them. @param own the environment's folder */
export function handMadeJournal(own: string): string {
  return join(own, 'aws-faults');
}

/** All notes of faults of a deployed environment. @param own the environment's folder */
export function awsJournals(own: string): readonly string[] {
  return [handMadeJournal(own), journalFolder(awsStateDirectory(own))];
}

/** Held by whoever changes deployed nodes from this folder, or breaks them: rolls, scenarios, faults by hand. @param own the environment's folder */
export function environmentLock(own: string): string {
  return join(own, 'lock');
}
