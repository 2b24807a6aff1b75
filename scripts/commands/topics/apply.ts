/** `ensemble topics apply` */
import { exitStatus } from '../../../contracts/error.ts';
import { type AppliedTopics, applyTarget, type Decision, readPlanFile } from '../../../operations/topics.ts';
import { applyExitStatus } from '../../../topics/apply/apply.ts';
import { formatOutcomes, formatPlan, formatVerification } from '../../../topics/format.ts';
import {
  formatOutcomesMarkdown,
  formatPlanMarkdown,
  formatVerificationMarkdown,
} from '../../../topics/format-markdown.ts';
import { blockedOf, changesOf, deletionsOf, type TopicPlan } from '../../../topics/plan/plan.ts';
import { formatReassignReport } from '../../../topics/reassign/format-reassign.ts';
import { hasColour } from '../../present/colour.ts';
import { confirm, confirmTyped } from '../../present/confirm.ts';
import { progressLine } from '../../present/progress.ts';
import { printJson, printLine, printNotice } from '../../present/terminal.ts';
import type { Invocation } from '../invocation.ts';
import { describeProgress } from './progress.ts';
import { targetOf } from './target.ts';

export async function apply(invocation: Invocation): Promise<number> {
  const { positional, options, signal, onWaitForLock } = invocation;
  const [file] = positional;
  const saved = file === undefined ? undefined : await readPlanFile(file);
  const progress = progressLine();
  const result = await applyTarget(await targetOf(invocation), (plan) => agree(plan, invocation), {
    saved,
    prune: options.pruneConfigs,
    allowDelete: options.allowDelete,
    throttleBytesPerSecond: options.throttle,
    timeoutMs: options.timeout * 1000,
    signal,
    onWaitForLock,
    onProgress: (seen) => progress.show(describeProgress(seen)),
  }).finally(() => progress.end());
  show(result, invocation);
  return statusOf(result);
}

/** Shows the plan and asks. Deletions are typed out by a person at a terminal, whatever --yes says: the third of their consents. */
async function agree(plan: TopicPlan, { options, signal }: Invocation): Promise<Decision> {
  if (!options.json) printLine(options.markdown ? formatPlanMarkdown(plan) : formatPlan(plan, { colour: hasColour }));
  const changes = changesOf(plan);
  if (changes.length === 0) return 'declined';
  const deleted = deletedBy(plan);
  if (deleted.length > 0) {
    const warning = `This deletes ${deleted.join(', ')} with all messages, for good.`;
    if (await confirmTyped(warning, `delete ${deleted.join(' ')}`, signal)) return 'agreed after reading';
    printNotice(
      'nothing was changed: deletions are confirmed by hand, in a terminal; leave --allow-delete out for the rest',
    );
    return 'declined';
  }
  if (options.yes) return 'agreed before';
  return (await confirm('Apply these changes?', signal)) ? 'agreed after reading' : 'declined';
}

function deletedBy(plan: TopicPlan): readonly string[] {
  return deletionsOf(plan).map(({ topic }) => topic);
}

function show({ plan, applied, verified }: AppliedTopics, { options }: Invocation): void {
  if (options.json) {
    printJson({ plan, applied, verified });
    return;
  }
  const colour = hasColour;
  if (plan.entries.length === 0) printLine(options.markdown ? formatPlanMarkdown(plan) : formatPlan(plan, { colour }));
  if (applied !== undefined) {
    printLine(options.markdown ? formatOutcomesMarkdown(applied) : formatOutcomes(applied, { colour }));
    // What was copied, and what became of the throttle: kept rates of others, and brokers that could not be asked, are nowhere else said.
    if (applied.reassigned !== undefined) printLine(formatReassignReport(applied.reassigned));
  }
  if (verified !== undefined)
    printLine(options.markdown ? formatVerificationMarkdown(verified) : formatVerification(verified, { colour }));
}

function statusOf({ plan, applied, verified }: AppliedTopics): number {
  if (applied !== undefined && applyExitStatus(applied) !== exitStatus.ok) return applyExitStatus(applied);
  if (blockedOf(plan).length > 0) return exitStatus.blocked;
  if (verified === undefined) {
    if (deletedBy(plan).length === 0) printNotice('nothing was changed; it needs a yes, or --yes');
    return exitStatus.error;
  }
  return verified.ok ? exitStatus.ok : exitStatus.error;
}
