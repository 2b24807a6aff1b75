/**
 * Order per key: a key's acknowledged records lie in the order in which they were sent, in one partition. A key has one request on its way at a time,
 * so that nothing but the platform can change their order. Those whose outcome is unknown may come late: they are not asked for.
 */
import type { ObservedRun, Write } from '../observed-run.ts';
import { type ValueId, ValueNumbers } from '../values.ts';
import { type Finding, Findings, placeNumber, placeOfNumber } from './finding.ts';

export function checkOrder(run: ObservedRun): Finding {
  const findings = new Findings('order');
  const places = lastPlaces(run);
  let key: string | undefined;
  /** The furthest record of the key so far, and where it lies. */
  let [last, lastPartition, lastOffset] = [0, 0, 0];
  for (const write of inOrder(run)) {
    if (write.outcome !== 'ok') continue;
    for (let index = 0; index < write.count; index += 1) {
      const id = run.idOf(write.key, write.first + index);
      const place = placeOf(run, places, id, write, index);
      if (place === undefined) continue; // lost: another checker's business
      findings.checked += 1;
      const { partition, offset } = placeOfNumber(place);
      const moved = partition !== lastPartition;
      if (key === write.key && (moved || offset <= lastOffset)) {
        const where = moved ? `partition ${partition}, not ${lastPartition}` : `offset ${offset}`;
        const says = `${run.say(id)} lies at ${where}, ${moved ? 'where the key was before' : `not behind ${run.say(last)} at offset ${lastOffset}`}`;
        findings.add({ value: run.say(id), op: write.op, partition, offset, at: write.endedAt, says });
      } else [key, last, lastPartition, lastOffset] = [write.key, id, partition, offset];
    }
  }
  if (findings.checked === 0) findings.cannotTell('nothing that was acknowledged is in the log');
  return findings.done();
}

/** Key by key, each as it was sent. */
function* inOrder({ writes }: ObservedRun): Generator<Write> {
  const lanes = new Map<string, Write[]>();
  for (const write of writes) {
    const lane = lanes.get(write.key);
    if (lane === undefined) lanes.set(write.key, [write]);
    else lane.push(write);
  }
  for (const key of [...lanes.keys()].sort()) yield* (lanes.get(key) ?? []).sort((a, b) => a.first - b.first);
}

/** A retry leaves copies: the last one is behind everything that was sent before. */
function lastPlaces(run: ObservedRun): ValueNumbers {
  const places = new ValueNumbers(run.values);
  for (const [partition, log] of run.logs)
    for (const [index, id] of log.ids.entries())
      if (id !== undefined) places.set(id, placeNumber(partition, log.start + index));
  return places;
}

/** As placeNumber has it: where the acknowledgement says, if the record is there; else where it lies. */
function placeOf(run: ObservedRun, places: ValueNumbers, id: ValueId, write: Write, index: number): number | undefined {
  const { partition } = write;
  const offset = write.offset === undefined ? undefined : write.offset + index;
  if (partition !== undefined && offset !== undefined) {
    const log = run.logs.get(partition);
    if (log !== undefined && log.ids[offset - log.start] === id) return placeNumber(partition, offset);
  }
  return places.get(id);
}
