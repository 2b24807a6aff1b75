/** Where runs on a deployed environment keep what they leave: histories here, apart from a rehearsal's of the same environment; notes in its bucket. */
import { join } from 'node:path';
import type { ObjectsClient } from '../../clients/aws/objects.ts';
import { faultNotesKey } from '../../contracts/aws-names.ts';
import { type BucketNotes, bucketNotes, runsHold } from '../../drivers/aws/bucket-notes.ts';

/** @param own the environment's folder */
export function awsStateDirectory(own: string): string {
  return join(own, 'aws');
}

/** All notes of faults of a deployed environment, in its bucket: whoever made them, and from wherever. */
export interface DeployedNotes {
  /** No command but `ensemble fault heal` undoes them. */
  readonly byHand: BucketNotes;
  readonly byRun: BucketNotes;
}

export function deployedNotes(objects: Pick<ObjectsClient, 'readTagged' | 'writeIf'>): DeployedNotes {
  return {
    byHand: bucketNotes({ objects, key: faultNotesKey('hand') }),
    byRun: bucketNotes({ objects, key: faultNotesKey('run'), hold: runsHold }),
  };
}

/** Held by whoever changes deployed nodes from this folder, or breaks them: rolls, scenarios, faults by hand. @param own the environment's folder */
export function environmentLock(own: string): string {
  return join(own, 'lock');
}
