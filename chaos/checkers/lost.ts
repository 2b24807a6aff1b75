/**
 * Lost acknowledged writes: a record that was acknowledged and is not in the log after healing. Compared with the ends of the log, which are asked for
 * first: a lost tail is missed by whoever only reads. A write that timed out is unknown, never lost.
 */
import type { ObservedRun } from '../observed-run.ts';
import { type ValueId, ValueSet } from '../values.ts';
import { acknowledged, type Finding, Findings, unreadPartitions } from './finding.ts';

export function checkLost(run: ObservedRun): Finding {
  const findings = new Findings('lost');
  const unread = unreadPartitions(run);
  for (const why of unread) findings.cannotTell(why);
  const present = new ValueSet(run.values);
  for (const log of run.logs.values()) for (const id of log.ids) if (id !== undefined) present.add(id);
  let expired = 0;
  for (const { write, id, partition, offset } of acknowledged(run)) {
    findings.checked += 1;
    if (present.has(id)) continue; // elsewhere than acknowledged: a conflict, not a loss
    const log = run.logs.get(partition);
    if (log === undefined) continue;
    if (offset < log.start) {
      expired += 1;
      continue;
    }
    // Not there yet, as far as was read: whether it lies behind is not known.
    if (log.readTo < log.end && offset >= log.readTo) continue;
    const where =
      offset >= log.end
        ? `the log of partition ${partition} ends at ${log.end}`
        : `${said(run, log.ids[offset - log.start])} lies there`;
    const at = write.endedAt;
    const says = `${run.say(id)} was acknowledged at partition ${partition}, offset ${offset}; ${where}`;
    findings.add({ value: run.say(id), op: write.op, partition, offset, at, says });
  }
  checkUnplaced(run, present, findings);
  if (expired > 0) findings.cannotTell(`${expired} acknowledged records lie before the beginning of the log by now`);
  if (findings.checked === 0) findings.cannotTell('nothing was acknowledged');
  return findings.done();
}

/** Those whose acknowledgement named no place: they must lie somewhere. */
function checkUnplaced(run: ObservedRun, present: ValueSet, findings: Findings): void {
  const allRead = unreadPartitions(run).length === 0;
  for (const write of run.writes) {
    if (write.outcome !== 'ok' || write.offset !== undefined) continue;
    for (let index = 0; index < write.count; index += 1) {
      findings.checked += 1;
      const id = run.idOf(write.key, write.first + index);
      if (present.has(id) || !allRead) continue;
      const says = `${run.say(id)} was acknowledged and is in no partition`;
      const { op, endedAt: at } = write;
      findings.add({ value: run.say(id), op, partition: undefined, offset: undefined, at, says });
    }
  }
}

function said(run: ObservedRun, id: ValueId | undefined): string {
  return id === undefined ? 'nothing' : run.say(id);
}
