/**
 * `roll`: what the environment file means now, applied to nodes that run with other settings, one node at a time, and only while everything is whole.
 * It keeps no journal: what is left to do is asked of the driver and of the cluster each time, so that a run that stopped, or was killed, is run again.
 * Decision 0033.
 */
import type { Id } from '../cluster/model.ts';
import { EnsembleError } from '../contracts/error.ts';
import { nothingSoNamed, rollStale } from './errors.ts';
import { applyStep, type StepTimes } from './roll/apply-step.ts';
import { observeRoll } from './roll/observe.ts';
import { planRoll, type RollChoice, type RollPlan, type RollStep } from './roll/plan.ts';
import type { RollTarget } from './roll/target.ts';
import type { Step } from './step.ts';
import { findTroubles } from './wholeness.ts';

/** Who reads takes time, in which the cluster may change; who agreed beforehand takes none. */
export type RollDecision = 'declined' | 'agreed before' | 'agreed after reading';

export interface RollOptions extends RollChoice {
  /** For a service to serve, and then for everything to be whole. */
  readonly timeoutMs: number;
  confirm(plan: RollPlan): Promise<RollDecision>;
}

export interface RolledNode extends Partial<StepTimes> {
  readonly node: Id;
  /** `stopped`: the roll ended here; `untouched`: it did not come to it. */
  readonly outcome: 'rolled' | 'stopped' | 'untouched';
}

export interface RollReport {
  readonly plan: RollPlan;
  readonly nodes: readonly RolledNode[];
  /** Why it did not go on; undefined where every node of the plan was rolled, or none was agreed to. */
  readonly stopped: { readonly node: Id; readonly error: EnsembleError } | undefined;
  /** False where the plan was declined. */
  readonly applied: boolean;
}

interface Context {
  readonly nodes: Map<Id, RolledNode>;
  stopped: RollReport['stopped'];
  touched: boolean;
}

/** What is to be done, and what of the platform is not whole now. Changes nothing. @throws EnsembleError OPERATIONS_NOTHING_SO_NAMED */
export async function previewRoll(
  target: RollTarget,
  choice: RollChoice,
): Promise<{ readonly plan: RollPlan; readonly troubles: readonly string[] }> {
  const plan = await planOf(target, choice);
  const troubles = await findTroubles(target.cluster, await target.driver.status(), target.wholeness);
  return { plan, troubles: troubles.map(({ what }) => what) };
}

/**
 * Plans, lets `confirm` see it, and applies exactly that. Stops at the first node that fails, and says so in the report.
 * @throws EnsembleError OPERATIONS_NOT_WHOLE, OPERATIONS_ROLL_STALE, OPERATIONS_NOTHING_SO_NAMED: no node was touched; the signal's reason
 */
export async function rollCluster(
  target: RollTarget,
  options: RollOptions,
  signal: AbortSignal,
  run: (steps: readonly Step<Context>[], context: Context, signal: AbortSignal) => Promise<void>,
): Promise<RollReport> {
  return await target.exclusively(async () => {
    const plan = await planOf(target, options);
    const context: Context = { nodes: new Map(), stopped: undefined, touched: false };
    const reportOf = (applied: boolean): RollReport => ({
      plan,
      nodes: plan.steps.map(({ node }) => context.nodes.get(node) ?? { node, outcome: 'untouched' }),
      stopped: context.stopped,
      applied,
    });
    if (plan.steps.length === 0) return reportOf(true);
    const decision = await options.confirm(plan);
    if (decision === 'declined') return reportOf(false);
    if (decision === 'agreed after reading' && !isSamePlan(plan, await planOf(target, options))) throw rollStale();
    try {
      await run(stepsOf(plan, target, options), context, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!context.touched || context.stopped === undefined) throw error;
    }
    return reportOf(true);
  });
}

async function planOf(target: RollTarget, choice: RollChoice): Promise<RollPlan> {
  const { groups } = target.cluster;
  const known = groups.flatMap(({ role, services, nodes }) => [role, ...services, ...nodes.map(({ id }) => id)]);
  const pairs = groups.flatMap(({ services, nodes }) =>
    nodes.flatMap(({ id }) => services.map((service) => `${id}/${service}`)),
  );
  for (const name of choice.only)
    if (!known.includes(name) && !pairs.includes(name)) throw nothingSoNamed(name, [...new Set(known)]);
  await target.assertDeployed();
  return planRoll(target.cluster, await observeRoll(target), choice);
}

function isSamePlan(a: RollPlan, b: RollPlan): boolean {
  return JSON.stringify(a.steps) === JSON.stringify(b.steps);
}

function stepsOf(plan: RollPlan, target: RollTarget, { timeoutMs }: RollOptions): readonly Step<Context>[] {
  const jobsRun = new Set<string>();
  const refs = plan.steps.flatMap(({ node, actions }) => actions.map(({ service }) => ({ node, service })));
  return [
    {
      title: 'Programs and certificates',
      run: async () => {
        await target.prepare();
        await target.driver.preflight(refs);
        return 'at hand';
      },
    },
    ...plan.steps.map((step, index) => ({
      title: titleOf(step),
      run: async (context: Context, report: (progress: string) => void, signal: AbortSignal) => {
        const later = plan.steps.slice(index + 1).filter(({ broken }) => broken);
        const onTouch = () => {
          context.touched = true;
        };
        try {
          const times = await applyStep(step, {
            target,
            timeoutMs,
            report,
            signal,
            brokenLater: new Set(later.map(({ node }) => node)),
            jobsRun,
            onTouch,
          });
          context.nodes.set(step.node, { node: step.node, outcome: 'rolled', ...times });
          return `serves after ${seconds(times.servesMs)}, whole again after ${seconds(times.wholeMs)} more`;
        } catch (error) {
          context.nodes.set(step.node, { node: step.node, outcome: 'stopped' });
          if (error instanceof EnsembleError) context.stopped = { node: step.node, error };
          throw error;
        }
      },
    })),
  ];
}

/** `worker-2: restart kafka (server.properties: num.io.threads)` */
function titleOf({ node, actions }: RollStep): string {
  const said = actions.map(({ kind, service, because }) => `${kind} ${service} (${because.join('; ')})`);
  return `${node}: ${said.join(', ')}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
