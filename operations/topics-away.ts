/**
 * Takes every replica off brokers that are to leave: planned, confirmed, moved under a throttle, and looked at afterwards. It is what comes before
 * `ensemble retire`. Whoever runs it again goes on with what is left.
 */
import type { ApplyReport } from '../topics/apply/apply.ts';
import { blockedOf, type TopicPlan } from '../topics/plan/plan.ts';
import { asTheyAre, planAway } from '../topics/plan/plan-away.ts';
import type { TopicsWork } from '../topics/topics-work.ts';
import { notABroker } from './errors.ts';
import { type ApplyRun, type Decision, whileStale } from './topics.ts';
import { exclusively, type TopicsTarget, withTopics } from './topics-target.ts';

/** A broker that is to hold nothing. */
export interface LeavingBroker {
  readonly broker: number;
  /** Undefined where only its number is known. */
  readonly node: string | undefined;
  /** Replicas that it holds when the plan is made. */
  readonly replicas: number;
  /** Of these; undefined where it does not say. */
  readonly sizeBytes: number | undefined;
}

export interface AwayPlan {
  readonly brokers: readonly LeavingBroker[];
  readonly plan: TopicPlan;
}

export interface AwayReport extends AwayPlan {
  /** Undefined where the plan was declined, is blocked, or has nothing to do. */
  readonly applied: ApplyReport | undefined;
  /** Replicas that they hold at the end, all together; undefined where nothing was applied though something is to be. */
  readonly left: number | undefined;
}

export type AwayRun = Pick<ApplyRun, 'throttleBytesPerSecond' | 'onProgress' | 'signal' | 'onWaitForLock'>;

/**
 * `names`: nodes of the environment, or broker ids. Where anything is blocked, nothing moves.
 * @throws EnsembleError OPERATIONS_NOT_A_BROKER, TOPICS_BROKER_UNKNOWN, TOPICS_PLAN_STALE, TOPICS_REASSIGNMENTS_UNREADABLE, and as the connection
 */
export async function moveAway(
  target: TopicsTarget,
  names: readonly string[],
  confirm: (planned: AwayPlan) => Promise<Decision>,
  run: AwayRun,
): Promise<AwayReport> {
  const ids = names.map((name) => brokerOf(target, name));
  return await exclusively(target, run, () =>
    withTopics(target, (work) =>
      whileStale({}, confirm, (decide: typeof confirm) => moveOnce(work, target, ids, decide, run)),
    ),
  );
}

async function moveOnce(
  work: TopicsWork,
  { name, nodes }: TopicsTarget,
  ids: readonly number[],
  confirm: (planned: AwayPlan) => Promise<Decision>,
  { signal, onProgress, throttleBytesPerSecond }: AwayRun,
): Promise<AwayReport> {
  const status = await work.status(['*'], signal);
  const manifest = asTheyAre(name, status.topics);
  // A run that was killed while replicas moved left its throttle: nobody else would remove it.
  const { state } = await work.observe(manifest, { sweep: true, signal });
  const shun = nodes.filter(({ leaving }) => leaving).map(({ broker }) => broker);
  const plan = planAway(manifest, state, { empty: ids, shun });
  const brokers = ids.map((id): LeavingBroker => {
    const seen = status.brokers.find((each) => each.id === id);
    const node = nodes.find(({ broker }) => broker === id)?.node;
    return { broker: id, node, replicas: seen?.replicas ?? 0, sizeBytes: seen?.sizeBytes };
  });
  const planned = { brokers, plan };
  if (plan.entries.length === 0) return { ...planned, applied: undefined, left: 0 };
  if (blockedOf(plan).length > 0) return { ...planned, applied: undefined, left: undefined };
  const decision = await confirm(planned);
  if (decision === 'declined') return { ...planned, applied: undefined, left: undefined };
  const applied = await work.apply(manifest, plan, {
    check: decision === 'agreed after reading',
    signal,
    onProgress,
    ...(throttleBytesPerSecond === undefined ? {} : { throttleBytesPerSecond }),
  });
  if (applied.stoppedBy !== undefined) return { ...planned, applied, left: undefined };
  const after = await work.health(signal);
  const held = after.brokers.filter(({ id }) => ids.includes(id)).map(({ replicas }) => replicas);
  return { ...planned, applied, left: held.reduce((sum, replicas) => sum + replicas, 0) };
}

function brokerOf({ nodes, name }: TopicsTarget, named: string): number {
  const found = nodes.find(({ node }) => node === named);
  if (found !== undefined) return found.broker;
  if (/^\d{1,9}$/.test(named)) return Number(named);
  throw notABroker(
    named,
    name,
    nodes.map(({ node }) => node),
  );
}
