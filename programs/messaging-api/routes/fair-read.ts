/**
 * Reading several partitions into one answer: each gets an equal share, and what some leave over goes to those that have more. Where fewer records are
 * asked for than there are partitions, the first of the list give them, so that its order is whose turn it is.
 */
import type { BackendRecord } from '../backend/backend.ts';

export interface Share {
  readonly maxRecords: number;
  /** Of an answer together; each partition that is read gives at least one record, whatever its size. */
  readonly maxBytes: number;
}

export interface ReadFrom<Lane> {
  readonly lane: Lane;
  readonly offset: number;
}

export interface ReadLane<Lane> {
  readonly lane: Lane;
  readonly records: readonly BackendRecord[];
}

/** The records of each lane that gave some, in the order of the lanes. Throws what `read` throws. */
export async function readFairly<Lane>(
  lanes: readonly ReadFrom<Lane>[],
  { maxRecords, maxBytes }: Share,
  read: (lane: Lane, offset: number, share: Share) => Promise<readonly BackendRecord[]>,
): Promise<readonly ReadLane<Lane>[]> {
  const found = lanes.map(({ lane, offset }) => ({ lane, next: offset, records: [] as BackendRecord[] }));
  let waiting = [...found];
  let left = maxRecords;
  let leftBytes = maxBytes;
  while (waiting.length > 0 && left > 0 && leftBytes > 0) {
    const served = waiting.slice(0, left);
    const share = { maxRecords: Math.floor(left / served.length), maxBytes: Math.ceil(leftBytes / served.length) };
    const answers = await Promise.all(served.map(({ lane, next }) => read(lane, next, share)));
    waiting = waiting.slice(served.length);
    for (const [index, each] of served.entries()) {
      const records = answers[index] ?? [];
      each.records.push(...records);
      each.next = (records.at(-1)?.offset ?? each.next - 1) + 1;
      left -= records.length;
      leftBytes -= records.reduce((sum, { value }) => sum + value.length, 0);
      // Less than its share: it has no more, or bytes cut it off. Either way the others come first, and the next pull goes on.
      if (records.length >= share.maxRecords) waiting.push(each);
    }
  }
  return found.filter(({ records }) => records.length > 0);
}
