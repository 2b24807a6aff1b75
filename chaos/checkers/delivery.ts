/**
 * Delivery through the API: everything that was acknowledged to its publisher is delivered at least once, nothing that nobody sent, and nothing by a
 * pull that began after its acknowledgement was answered. A run without calls to the API has nothing to check, and says so.
 */
import type { ObservedRun } from '../observed-run.ts';
import { ValueSet } from '../values.ts';
import { type Finding, Findings } from './finding.ts';

export function checkDelivery(run: ObservedRun): Finding {
  const findings = new Findings('delivery');
  if (run.deliveries.length === 0) {
    findings.note('nobody pulled through the API');
    return findings.done();
  }
  const { sent, promised } = sentIds(run);
  const delivered = new ValueSet(run.values);
  /** The greatest acknowledged offset when each pull began. */
  const before = new Map<number, number>();
  let acknowledged = -1;
  for (const event of run.deliveries) {
    if (event.type === 'pull') before.set(event.call, acknowledged);
    if (event.type === 'acknowledged' && event.ok) acknowledged = Math.max(acknowledged, event.offset);
    if (event.type !== 'pulled') continue;
    for (const { offset, value } of event.messages) {
      findings.checked += 1;
      const id = run.read(value);
      delivered.add(id);
      const add = (says: string) => findings.add({ value, op: undefined, partition: 0, offset, at: event.at, says });
      if (!sent.has(id)) add(`${value} was delivered and never sent`);
      const settled = before.get(event.call) ?? -1;
      if (offset <= settled)
        add(`${value} at ${offset} was delivered by a pull that began after its acknowledgement (up to ${settled})`);
    }
  }
  const pushed = new ValueSet(run.values);
  for (const { at, ids } of run.pushes)
    for (const id of ids) {
      findings.checked += 1;
      pushed.add(id);
      if (sent.has(id)) continue;
      const value = run.say(id);
      const says = `${value} was pushed and never sent`;
      findings.add({ value, op: undefined, partition: undefined, offset: undefined, at, says });
    }
  if (run.drained !== true) {
    findings.cannotTell('the subscription was not read up to its end after healing');
    return findings.done();
  }
  for (const [id, { op, offset }] of promised) {
    const value = run.say(id);
    const never = (how: string) => {
      const says = `${value} was acknowledged to its publisher and never ${how}`;
      findings.add({ value, op, partition: 0, offset, at: undefined, says });
    };
    if (!delivered.has(id)) never('delivered');
    if (run.isPushed && !pushed.has(id)) never('pushed');
  }
  return findings.done();
}

function sentIds(run: ObservedRun) {
  const sent = new ValueSet(run.values);
  /** Of those that were acknowledged, the operation that sent them, and where they were to lie. */
  const promised = new Map<number, { readonly op: number; readonly offset: number | undefined }>();
  for (const write of run.writes)
    for (let index = 0; index < write.count; index += 1) {
      const id = run.idOf(write.key, write.first + index);
      sent.add(id);
      if (write.outcome === 'ok')
        promised.set(id, { op: write.op, offset: write.offset === undefined ? undefined : write.offset + index });
    }
  return { sent, promised };
}
