/** `ensemble topics reassign away` */
import { exitStatus } from '../../../contracts/error.ts';
import type { Decision } from '../../../operations/topics.ts';
import { type AwayPlan, type AwayReport, type LeavingBroker, moveAway } from '../../../operations/topics-away.ts';
import { applyExitStatus } from '../../../topics/apply/apply.ts';
import { formatOutcomes, formatPlan } from '../../../topics/format.ts';
import { formatBytes } from '../../../topics/format-quantities.ts';
import { blockedOf } from '../../../topics/plan/plan.ts';
import { formatReassignReport } from '../../../topics/reassign/format-reassign.ts';
import { hasColour } from '../../present/colour.ts';
import { confirm } from '../../present/confirm.ts';
import { progressLine } from '../../present/progress.ts';
import { printJson, printLine, printNotice } from '../../present/terminal.ts';
import type { Invocation } from '../invocation.ts';
import { describeProgress } from './progress.ts';
import { targetOf } from './target.ts';

export async function reassignAway(invocation: Invocation): Promise<number> {
  const { positional, options, signal, onWaitForLock } = invocation;
  const progress = progressLine();
  const result = await moveAway(await targetOf(invocation), positional, (planned) => agree(planned, invocation), {
    throttleBytesPerSecond: options.throttle,
    signal,
    onWaitForLock,
    onProgress: (seen) => progress.show(describeProgress(seen)),
  }).finally(() => progress.end());
  if (options.json) printJson(result);
  else show(result);
  return statusOf(result);
}

async function agree(planned: AwayPlan, { options, signal }: Invocation): Promise<Decision> {
  if (!options.json) showPlan(planned);
  if (options.yes) return 'agreed before';
  return (await confirm('Move these replicas?', signal)) ? 'agreed after reading' : 'declined';
}

function showPlan({ plan, brokers }: AwayPlan): void {
  for (const each of brokers) {
    const size = each.sizeBytes === undefined ? 'of unknown size' : formatBytes(each.sizeBytes);
    printLine(`${named(each)} holds ${each.replicas} ${each.replicas === 1 ? 'replica' : 'replicas'}, ${size}`);
  }
  printLine(formatPlan(plan, { colour: hasColour }));
}

function show(result: AwayReport): void {
  const { plan, brokers, applied, left } = result;
  const all = brokers.map(named).join(', ');
  const hold = brokers.length === 1 ? 'holds' : 'hold';
  if (plan.entries.length === 0) {
    printLine(`Nothing moves: ${all} ${hold} nothing.`);
    return;
  }
  if (blockedOf(plan).length > 0) {
    showPlan(result);
    printNotice('nothing was changed, since not everything could be moved');
    return;
  }
  if (applied === undefined) {
    printNotice('nothing was changed; it needs a yes, or --yes');
    return;
  }
  printLine(formatOutcomes(applied, { colour: hasColour }));
  if (applied.reassigned !== undefined) printLine(formatReassignReport(applied.reassigned));
  if (left === 0) printLine(`${all} ${hold} nothing.`);
  else if (left !== undefined) printNotice(`${all} ${hold} ${left} replicas still: run the command again`);
}

function statusOf({ plan, applied, left }: AwayReport): number {
  if (blockedOf(plan).length > 0) return exitStatus.blocked;
  if (applied === undefined) return left === 0 ? exitStatus.ok : exitStatus.error;
  if (applyExitStatus(applied) !== exitStatus.ok) return applyExitStatus(applied);
  return left === 0 ? exitStatus.ok : exitStatus.partlyApplied;
}

function named({ node, broker }: LeavingBroker): string {
  return node === undefined ? `broker ${broker}` : `${node} (broker ${broker})`;
}
