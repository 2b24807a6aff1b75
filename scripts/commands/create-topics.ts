/** The post-deploy entry: a cluster's topics made and verified without a person. */
import { exitStatus } from '../../contracts/error.ts';
import { createTopics } from '../../operations/create-topics.ts';
import { openTopicsTarget, reachFromOutputs } from '../../operations/topics-target.ts';
import { applyExitStatus } from '../../topics/apply/apply.ts';
import { formatOutcomes, formatPlan, formatVerification } from '../../topics/format.ts';
import { blockedOf } from '../../topics/plan/plan.ts';
import { hasColour } from '../present/colour.ts';
import { progressLine } from '../present/progress.ts';
import { printJson, printLine } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';
import { describeProgress } from './topics/progress.ts';

export async function createTopicsCommand({ options, deployment, signal }: Invocation): Promise<number> {
  const { commandConfig, manifest, environmentGiven, outputs } = options;
  const reach = outputs === undefined ? undefined : await reachFromOutputs(outputs);
  const bootstrap = typeof reach === 'object' ? reach.bootstrap : options.bootstrap;
  // With a manifest of its own the cluster needs no environment; else the manifest is the environment's, given or default.
  const target = await openTopicsTarget({
    ...deployment,
    bootstrap,
    commandConfig,
    manifest,
    environmentGiven: environmentGiven || manifest === undefined || reach === 'function',
  });
  const progress = progressLine();
  const result = await createTopics(target, {
    waitMs: options.wait * 1000,
    signal,
    throttleBytesPerSecond: options.throttle,
    onProgress: (seen) => progress.show(describeProgress(seen)),
  }).finally(() => progress.end());
  const { plan, applied, verified, ok } = result;
  if (options.json) printJson(result);
  else {
    printLine(formatPlan(plan, { colour: hasColour }));
    if (applied !== undefined) printLine(formatOutcomes(applied, { colour: hasColour }));
    if (verified !== undefined) printLine(formatVerification(verified, { colour: hasColour }));
  }
  if (ok) return exitStatus.ok;
  if (blockedOf(plan).length > 0) return exitStatus.blocked;
  return applied === undefined ? exitStatus.error : applyExitStatus(applied) || exitStatus.error;
}
