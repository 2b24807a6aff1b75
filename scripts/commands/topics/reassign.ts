/** `ensemble topics reassign status` and `ensemble topics reassign cancel` */
import { exitStatus } from '../../../contracts/error.ts';
import { cancelReassigns, statusOfReassign } from '../../../operations/topics-reports.ts';
import { formatCancelReport, formatReassignStatus } from '../../../topics/reassign/format-reassign.ts';
import { confirm } from '../../present/confirm.ts';
import { printJson, printLine, printNotice } from '../../present/terminal.ts';
import type { Invocation } from '../invocation.ts';
import { targetOf } from './target.ts';

export async function reassignStatus(invocation: Invocation): Promise<number> {
  const seen = await statusOfReassign(await targetOf(invocation), invocation.signal);
  if (invocation.options.json) printJson(seen);
  else printLine(formatReassignStatus(seen));
  return seen.moving.length === 0 ? exitStatus.ok : exitStatus.changesPending;
}

export async function reassignCancel(invocation: Invocation): Promise<number> {
  const { positional, options, signal } = invocation;
  const which = positional.length === 0 ? 'every move of the cluster' : `the moves of ${positional.join(', ')}`;
  if (!options.yes && !(await confirm(`Take back ${which}?`, signal))) {
    printNotice('nothing was changed; it needs a yes, or --yes');
    return exitStatus.error;
  }
  const report = await cancelReassigns(await targetOf(invocation), positional, invocation);
  if (options.json) printJson(report);
  else printLine(formatCancelReport(report));
  const settled = report.outcomes.every(({ status }) => status === 'cancelled' || status === 'ended');
  return settled ? exitStatus.ok : exitStatus.partlyApplied;
}
