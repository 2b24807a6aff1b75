/** Where runs on a deployed environment keep what they leave: histories here, apart from a rehearsal's of the same environment; notes in its bucket. */
import { join } from 'node:path';
import type { ObjectsClient } from '../../clients/aws/objects.ts';
import { faultNotesKey } from '../../contracts/aws-names.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { type BucketNotes, bucketNotes, runsHold } from '../../drivers/aws/bucket-notes.ts';
import { othersAtWorkCode } from '../../drivers/aws/errors.ts';

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

export interface AtWork {
  readonly byRun: BucketNotes;
  /** For others, who are refused meanwhile. */
  readonly says: string;
  /** Told of a bucket where it cannot be noted, which keeps nobody then; where absent, that is thrown. */
  readonly onUnnoted?: (why: string) => void;
}

/** While nobody else breaks or rolls these nodes, from wherever. @throws EnsembleError DRIVER_OTHERS_AT_WORK, and what `work` throws */
export async function atWork<T>({ byRun, says, onUnnoted }: AtWork, work: () => Promise<T>): Promise<T> {
  const end = await byRun.begin(says).catch((error: unknown) => {
    if (onUnnoted === undefined || (error instanceof EnsembleError && error.code === othersAtWorkCode)) throw error;
    onUnnoted(error instanceof Error ? error.message : String(error));
  });
  try {
    return await work();
  } finally {
    // It lapses by itself.
    await end?.().catch(() => {});
    byRun.close();
  }
}
