/**
 * Order per key: a key's acknowledged records lie in the order in which they were sent, in one partition. A key has one request on its way at a time,
 * so that nothing but the platform can change their order. Those whose outcome is unknown may come late: they are not asked for.
 */
import type { ObservedRun, ValueId } from '../observed-run.ts';
import { type Finding, Findings, placeNumber, placeOfNumber } from './finding.ts';

interface Place {
  readonly partition: number;
  readonly offset: number;
}

export function checkOrder(run: ObservedRun): Finding {
  const findings = new Findings('order');
  const places = lastPlaces(run);
  const last = new Map<string, Place & { readonly id: ValueId }>();
  const inOrder = [...run.writes].sort((a, b) => (a.key === b.key ? a.first - b.first : a.key < b.key ? -1 : 1));
  for (const write of inOrder) {
    if (write.outcome !== 'ok') continue;
    for (let index = 0; index < write.count; index += 1) {
      const id = run.idOf(write.key, write.first + index);
      const place = placeOf(run, places, id, write, index);
      if (place === undefined) continue; // lost: another checker's business
      findings.checked += 1;
      const before = last.get(write.key);
      const moved = before !== undefined && before.partition !== place.partition;
      if (before !== undefined && (moved || place.offset <= before.offset)) {
        const where = moved ? `partition ${place.partition}, not ${before.partition}` : `offset ${place.offset}`;
        const says = `${run.say(id)} lies at ${where}, ${moved ? 'where the key was before' : `not behind ${run.say(before.id)} at offset ${before.offset}`}`;
        findings.add({ value: run.say(id), op: write.op, ...place, at: write.endedAt, says });
      } else last.set(write.key, { ...place, id });
    }
  }
  if (findings.checked === 0) findings.cannotTell('nothing that was acknowledged is in the log');
  return findings.done();
}

/** A retry leaves copies: the last one is behind everything that was sent before. */
function lastPlaces(run: ObservedRun): ReadonlyMap<ValueId, number> {
  const places = new Map<ValueId, number>();
  for (const [partition, log] of run.logs)
    for (const [index, id] of log.ids.entries())
      if (id !== undefined) places.set(id, placeNumber(partition, log.start + index));
  return places;
}

/** Where the acknowledgement says, if the record is there; else where it lies. */
function placeOf(
  run: ObservedRun,
  places: ReadonlyMap<ValueId, number>,
  id: ValueId,
  write: ObservedRun['writes'][number],
  index: number,
): Place | undefined {
  const { partition } = write;
  const offset = write.offset === undefined ? undefined : write.offset + index;
  if (partition !== undefined && offset !== undefined) {
    const log = run.logs.get(partition);
    if (log !== undefined && log.ids[offset - log.start] === id) return { partition, offset };
  }
  const last = places.get(id);
  return last === undefined ? undefined : placeOfNumber(last);
}
