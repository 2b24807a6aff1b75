/**
 * Skips and unseen records. A skip: within one assignment a consumer goes from one offset to a later one although records lie between, and it goes
 * back for none of them. Unseen: an acknowledged record that is in the log and that nobody of the group was handed, although the group read to the end.
 */
import type { ObservedRun } from '../observed-run.ts';
import { ValueSet } from '../values.ts';
import { acknowledged, type Finding, Findings } from './finding.ts';

export function checkSkip(run: ObservedRun): Finding {
  const findings = new Findings('skip');
  if (readThroughApi(run)) return besides(findings);
  const seen = seenIds(run);
  const next = new Map<string, number>();
  for (const { consumer, session, partition, offset, ids, at } of run.polls) {
    findings.checked += ids.length;
    const reader = `${consumer}\n${session}\n${partition}`;
    const expected = next.get(reader);
    next.set(reader, offset + ids.length);
    const log = run.logs.get(partition);
    if (expected === undefined || log === undefined) continue;
    for (let skipped = expected; skipped < offset; skipped += 1) {
      const id = log.ids[skipped - log.start];
      if (id === undefined || seen.has(id)) continue;
      const says = `${consumer} went from offset ${expected - 1} to ${offset} of partition ${partition}, over ${run.say(id)} at ${skipped}`;
      findings.add({ value: run.say(id), op: undefined, partition, offset: skipped, at, says });
    }
  }
  if (findings.checked === 0) findings.cannotTell('no consumer read anything');
  return findings.done();
}

export function checkUnseen(run: ObservedRun): Finding {
  const findings = new Findings('unseen');
  if (readThroughApi(run)) return besides(findings);
  if (run.polls.length === 0) findings.cannotTell('no consumer read anything');
  if (run.drained !== true) {
    findings.cannotTell('the consumers did not read up to the end after healing');
    return findings.done();
  }
  const seen = seenIds(run);
  for (const { write, id, partition, offset } of acknowledged(run)) {
    const log = run.logs.get(partition);
    if (log?.ids[offset - log.start] !== id) continue; // lost or moved: not the consumers' doing
    findings.checked += 1;
    if (seen.has(id)) continue;
    const says = `${run.say(id)} lies at partition ${partition}, offset ${offset}, and no consumer was handed it`;
    findings.add({ value: run.say(id), op: write.op, partition, offset, at: write.endedAt, says });
  }
  return findings.done();
}

function seenIds(run: ObservedRun): ValueSet {
  const seen = new ValueSet(run.values);
  for (const { ids } of run.polls) for (const id of ids) seen.add(id);
  return seen;
}

/** Such a run has no group: the checker of deliveries looks at what its subscriptions had. */
function readThroughApi({ polls, deliveries }: ObservedRun): boolean {
  return polls.length === 0 && deliveries.length > 0;
}

function besides(findings: Findings): Finding {
  findings.note('nobody read as a group of Kafka’s: see delivery');
  return findings.done();
}
