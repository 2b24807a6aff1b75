/** `ensemble roll` */
import { type ExitStatus, exitStatus } from '../../contracts/error.ts';
import { withRollTarget } from '../../operations/roll/open-target.ts';
import { planRows, type RollPlan } from '../../operations/roll/plan.ts';
import type { RollTarget } from '../../operations/roll/target.ts';
import { previewRoll, type RollDecision, type RollReport, rollCluster } from '../../operations/roll.ts';
import { paint } from '../present/colour.ts';
import { confirm } from '../present/confirm.ts';
import { formatError } from '../present/errors.ts';
import { stepRunner } from '../present/steps.ts';
import { formatTable, printJson, printLine, printNotice, printWords } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function roll(invocation: Invocation): Promise<number> {
  const { positional, options, deployment, signal, onWaitForLock } = invocation;
  const chosen = { ...deployment, environment: positional[0] ?? options.environment };
  return await withRollTarget(chosen, { signal, onWaitForLock }, (target) => rollTarget(target, invocation));
}

async function rollTarget(target: RollTarget, invocation: Invocation): Promise<number> {
  const { options, signal } = invocation;
  const choice = { only: options.only, restart: options.restart };
  if (options.plan) {
    const { plan, troubles } = await previewRoll(target, choice);
    if (options.json) printJson({ plan, troubles });
    else showPlan(plan, troubles);
    return plan.steps.length === 0 ? exitStatus.ok : exitStatus.changesPending;
  }
  const report = await rollCluster(
    target,
    { ...choice, timeoutMs: options.timeout * 1000, confirm: (plan) => agree(plan, invocation) },
    signal,
    stepRunner(options),
  );
  if (options.json) printJson(report);
  else show(report);
  return statusOf(report);
}

async function agree(plan: RollPlan, { options, signal }: Invocation): Promise<RollDecision> {
  if (!options.json) showPlan(plan, []);
  if (options.yes) return 'agreed before';
  return (await confirm('Roll these nodes?', signal)) ? 'agreed after reading' : 'declined';
}

function showPlan({ environment, steps, notes }: RollPlan, troubles: readonly string[]): void {
  if (steps.length === 0)
    printWords(`Every node of ${environment} runs as its environment file says: nothing to roll.`);
  else {
    const [head = [], ...rows] = planRows(steps);
    printLine(formatTable(head, rows));
  }
  for (const note of notes) printWords(`Note: ${note}`, paint.yellow, { indent: '  ' });
  for (const trouble of troubles) printWords(`Not whole: ${trouble}`, paint.red, { indent: '  ' });
}

function show({ plan, nodes, stopped, applied }: RollReport): void {
  if (plan.steps.length === 0) showPlan(plan, []);
  if (!applied) printNotice('nothing was changed; it needs a yes, or --yes');
  if (stopped === undefined) return;
  const those = (outcome: string) => nodes.filter((each) => each.outcome === outcome).map(({ node }) => node);
  const list = (names: readonly string[]) => (names.length === 0 ? 'none' : names.join(', '));
  printNotice(formatError(stopped.error));
  printNotice(`stopped at ${stopped.node}; rolled: ${list(those('rolled'))}; untouched: ${list(those('untouched'))}`);
  printNotice('Once it is mended, run the command again: it goes on with those that are left.');
}

function statusOf({ plan, stopped, applied }: RollReport): ExitStatus {
  if (plan.steps.length > 0 && !applied) return exitStatus.error;
  return stopped === undefined ? exitStatus.ok : exitStatus.partlyApplied;
}
