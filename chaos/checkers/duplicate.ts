/**
 * Duplicates: a value that lies at more than one place of the log after healing. Each is sent by one operation, so a second one comes from a retry
 * whose first attempt was written. What a consumer is handed again after a rebalance lies at one place, and is no duplicate.
 */
import type { ObservedRun } from '../observed-run.ts';
import { ValueNumbers } from '../values.ts';
import { type Finding, Findings, placeNumber, placeOfNumber, unreadPartitions } from './finding.ts';

export function checkDuplicate(run: ObservedRun): Finding {
  const findings = new Findings('duplicate');
  for (const why of unreadPartitions(run)) findings.cannotTell(why);
  const first = new ValueNumbers(run.values);
  for (const [partition, log] of run.logs) {
    for (const [index, id] of log.ids.entries()) {
      if (id === undefined) continue;
      findings.checked += 1;
      const before = first.get(id);
      const offset = log.start + index;
      if (before === undefined) {
        first.set(id, placeNumber(partition, offset));
        continue;
      }
      const there = placeOfNumber(before);
      const says = `${run.say(id)} lies at partition ${there.partition}, offset ${there.offset}, and again at partition ${partition}, offset ${offset}`;
      findings.add({ value: run.say(id), op: undefined, partition, offset, at: undefined, says });
    }
  }
  if (findings.checked === 0) findings.cannotTell('the log after healing holds nothing of this run');
  return findings.done();
}
