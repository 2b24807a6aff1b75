/** `ensemble topics plan` and `ensemble topics apply` */
import { exitStatus } from '../../contracts/error.ts';
import { openDeployment } from '../../operations/deployment.ts';
import { applyDeployedTopics, planDeployedTopics } from '../../operations/topics.ts';
import { applyExitStatus } from '../../topics/apply.ts';
import { formatOutcomes, formatPlan, formatVerification } from '../../topics/format.ts';
import { blockedOf, changesOf, planExitStatus, type TopicPlan } from '../../topics/plan.ts';
import { confirm } from '../present/confirm.ts';
import { printJson, printLine, printNotice } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

export async function topicsPlan({ options, deployment, signal }: Invocation): Promise<number> {
  const plan = await planDeployedTopics(await openDeployment(deployment), signal);
  if (options.json) printJson(plan);
  else printLine(formatPlan(plan, { colour }));
  return planExitStatus(plan);
}

export async function topicsApply({ options, deployment, signal }: Invocation): Promise<number> {
  const opened = await openDeployment(deployment);
  const agree = async (plan: TopicPlan) => {
    if (!options.json) printLine(formatPlan(plan, { colour }));
    return changesOf(plan).length > 0 && (options.yes || (await confirm('Apply these changes?', signal)));
  };
  const run = { timeoutMs: options.timeout * 1000, report: () => {}, signal };
  const { plan, applied, verified } = await applyDeployedTopics(opened, agree, run);
  if (options.json) printJson({ plan, applied, verified });
  else {
    if (plan.entries.length === 0) printLine(formatPlan(plan, { colour }));
    if (applied !== undefined) printLine(formatOutcomes(applied, { colour }));
    if (verified !== undefined) printLine(formatVerification(verified, { colour }));
  }
  if (applied !== undefined && applyExitStatus(applied) !== exitStatus.ok) return applyExitStatus(applied);
  if (blockedOf(plan).length > 0) return exitStatus.blocked;
  if (verified === undefined) printNotice('nothing was changed; it needs a yes, or --yes');
  return verified?.ok === true ? exitStatus.ok : exitStatus.error;
}
