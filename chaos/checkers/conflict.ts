/**
 * Offset conflicts: one place of a partition for which two witnesses name different records. Witnesses are acknowledgements, consumers, and the log
 * after healing. A consumer that was handed a record which was truncated later is such a witness.
 */
import type { ObservedRun } from '../observed-run.ts';
import type { ValueId } from '../values.ts';
import { acknowledged, type Finding, Findings, placeNumber } from './finding.ts';

export function checkConflict(run: ObservedRun): Finding {
  const findings = new Findings('conflict');
  const seen = new Map<number, ValueId>();
  const claim = (
    partition: number,
    offset: number,
    id: ValueId,
    witness: string,
    { op, at }: { readonly op: number | undefined; readonly at: number | undefined },
  ) => {
    findings.checked += 1;
    const place = placeNumber(partition, offset);
    const log = run.logs.get(partition);
    const inLog = log?.ids[offset - log.start];
    const other = inLog ?? seen.get(place);
    if (other === undefined) seen.set(place, id);
    else if (other !== id) {
      const by = inLog === undefined ? 'another witness saw' : 'the log has';
      const says = `partition ${partition}, offset ${offset}: ${witness} ${run.say(id)}, ${by} ${run.say(other)}`;
      findings.add({ value: run.say(id), op, partition, offset, at, says });
    }
  };
  for (const { write, id, partition, offset } of acknowledged(run))
    claim(partition, offset, id, 'the acknowledgement says', { op: write.op, at: write.endedAt });
  for (const { consumer, partition, offset, ids, at } of run.polls)
    for (const [index, id] of ids.entries())
      claim(partition, offset + index, id, `${consumer} read`, { op: undefined, at });
  if (findings.checked === 0) findings.cannotTell('nobody acknowledged or read anything');
  return findings.done();
}
