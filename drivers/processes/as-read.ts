/** What a process's record says of the files that it has read, and how that differs from those of now. Also of records that an older ensemble wrote. */
import { createHash } from 'node:crypto';
import {
  type Difference,
  differenceOf,
  readingAfterReload,
  readingOf,
  unknownDifference,
} from '../../cluster/readings.ts';
import type { RenderedService } from '../../cluster/render.ts';
import type { ProcessRecord } from './record.ts';

type Read = Pick<ProcessRecord, 'filesDigest' | 'reading'>;

/** Of a process that starts now. */
export function asRead(rendered: RenderedService): Read {
  return { filesDigest: filesDigest(rendered), reading: readingOf(rendered) };
}

/** Undefined where a restart would change nothing. */
export function differenceFrom(record: Read | undefined, rendered: RenderedService): Difference | undefined {
  if (record?.reading !== undefined) return differenceOf(record.reading, rendered);
  return record?.filesDigest === filesDigest(rendered) ? undefined : unknownDifference;
}

/** Of a process that was told to read its files again. */
export function afterReload(record: Read, rendered: RenderedService): Read {
  const { reading } = record;
  if (reading !== undefined) return { ...record, reading: readingAfterReload(reading, rendered) };
  // With which command line it was started is not known; that it was another one is less likely than that nobody changed it.
  return rendered.process.reload?.reads === 'everything' ? asRead(rendered) : record;
}

/**
 * What a service would start with, secrets and what its jobs read aside. Two equal digests mean that a restart would change nothing. Records without
 * a reading have nothing else, so that what goes into it stays as it is.
 */
function filesDigest({ files, process }: RenderedService): string {
  const { jobs: _jobs, secrets: _secrets, ...itself } = process;
  const read = files.filter(({ forJobs }) => forJobs !== true).map(({ path, mode, text }) => ({ path, mode, text }));
  return createHash('sha256')
    .update(JSON.stringify([read, itself]))
    .digest('hex');
}
