/**
 * What would change: manifest + observed state -> a value that can be printed, saved, and applied exactly. No I/O.
 *
 * A change that must not be made is an entry too, with its reason, so that one plan shows every problem at once. Partitions are never taken away:
 * Kafka cannot, and making the topic anew would lose its messages.
 */
import { type ExitStatus, exitStatus } from '../../contracts/error.ts';
import { planStale } from '../errors.ts';
import type { TopicsManifest } from '../manifest/manifest.ts';
import { collisionKey } from '../manifest/topic-name.ts';
import { throttleSettings } from '../manifest/topic-settings.ts';
import { contentHash } from './fingerprint.ts';
import { planAbsent, planExisting, planNew } from './plan-topic.ts';
import type { TopicsState } from './state.ts';

export interface CreateTopic {
  readonly action: 'create';
  readonly topic: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface AddPartitions {
  readonly action: 'addPartitions';
  readonly topic: string;
  readonly from: number;
  readonly to: number;
  /** What the change does to those who use the topic. */
  readonly risk: string;
}

export interface ChangeConfig {
  readonly action: 'changeConfig';
  readonly topic: string;
  readonly changes: readonly {
    readonly name: string;
    /** What holds now; `undefined` where nothing is set. */
    readonly from: string | undefined;
    /** `undefined` takes the setting off the topic: the broker's own value holds then. */
    readonly to: string | undefined;
  }[];
}

export interface PartitionMoves {
  readonly partition: number;
  /** Broker ids, the preferred leader first. */
  readonly from: readonly number[];
  readonly to: readonly number[];
}

export interface Reassign {
  readonly action: 'reassign';
  readonly topic: string;
  /** `leaving`: they stand on brokers that are to leave. */
  readonly because: 'replicas' | 'racks' | 'leaving';
  /** The most that any partition has. */
  readonly fromReplicas: number;
  readonly toReplicas: number;
  /** Only partitions that change, by their numbers. */
  readonly moves: readonly PartitionMoves[];
  readonly risk: string;
}

export interface DeleteTopic {
  readonly action: 'delete';
  readonly topic: string;
  readonly partitions: number;
  readonly risk: string;
}

export type BlockedBecause =
  | 'shrinks-partitions'
  | 'too-few-brokers'
  | 'below-min-in-sync'
  | 'name-collides'
  | 'internal-topic'
  | 'unreadable'
  | 'moves-under-way'
  | 'needs-consent'
  | 'groups-unknown'
  | 'has-active-groups';

export interface Blocked {
  readonly action: 'blocked';
  readonly topic: string;
  readonly because: BlockedBecause;
  /** One sentence with the values, for people. */
  readonly reason: string;
  readonly next: string;
}

export type Change = CreateTopic | AddPartitions | ChangeConfig | Reassign | DeleteTopic;
export type PlanEntry = Change | Blocked;

export interface TopicPlan {
  /** Of this shape. */
  readonly version: 1;
  readonly clusterId: string;
  readonly manifestHash: string;
  /** Of what was seen of the declared topics. */
  readonly fingerprint: string;
  /** By topic, then in the order in which they are applied. */
  readonly entries: readonly PlanEntry[];
  /** Topics that are as declared. */
  readonly unchanged: readonly string[];
}

export interface PlanOptions {
  /** Takes settings off that topics have of their own and the manifest no longer names. Default false. */
  readonly prune?: boolean;
  /** The second consent to deletions, beside `state: absent`; the third is typed by a person who sees the plan. Default false. */
  readonly allowDelete?: boolean;
  /** By topic, the consumer groups that use it. A topic that is not in it has unknown groups, and is not deleted. */
  readonly activeGroups?: ReadonlyMap<string, readonly string[]> | undefined;
}

/** Depends on the set of topics alone, not on the order in which either side lists them. */
export function planTopics(manifest: TopicsManifest, state: TopicsState, options: PlanOptions = {}): TopicPlan {
  const observed = new Map(state.topics.map((topic) => [topic.name, topic]));
  const others = new Map(state.others.map((name) => [collisionKey(name), name]));
  const declared = manifest.topics.map((topic) => {
    const seen = observed.get(topic.name);
    const rival = others.get(collisionKey(topic.name));
    const entries = seen === undefined ? planNew(topic, rival, state) : planExisting(topic, seen, state, options);
    return { name: topic.name, entries };
  });
  const absent = manifest.absent.map((name) => {
    const seen = observed.get(name);
    return { name, entries: seen === undefined ? [] : planAbsent(seen, options) };
  });
  const planned = [...declared, ...absent].sort((a, b) => (a.name < b.name ? -1 : 1));
  const entries = planned.flatMap((each) => each.entries);
  return {
    version: 1,
    clusterId: state.clusterId,
    manifestHash: manifest.hash,
    fingerprint: fingerprintOf(entries, state),
    entries,
    unchanged: planned.filter((each) => each.entries.length === 0).map(({ name }) => name),
  };
}

/** The entries that would be sent. */
export function changesOf(plan: TopicPlan): readonly Change[] {
  return plan.entries.filter((entry) => entry.action !== 'blocked');
}

export function blockedOf(plan: TopicPlan): readonly Blocked[] {
  return plan.entries.filter((entry) => entry.action === 'blocked');
}

/** What a person must type the names of before the plan is applied. */
export function deletionsOf(plan: TopicPlan): readonly DeleteTopic[] {
  return plan.entries.filter((entry) => entry.action === 'delete');
}

/** 3 where anything is blocked, 2 where changes are pending, else 0. */
export function planExitStatus(plan: TopicPlan): ExitStatus {
  if (blockedOf(plan).length > 0) return exitStatus.blocked;
  return plan.entries.length > 0 ? exitStatus.changesPending : exitStatus.ok;
}

/**
 * Throws TOPICS_PLAN_STALE unless a plan was made for this manifest and for what is seen now; and where it deletes topics, unless it is still known
 * that no group uses them.
 */
export function requireFresh(
  plan: TopicPlan,
  manifest: TopicsManifest,
  state: TopicsState,
  { activeGroups }: Pick<PlanOptions, 'activeGroups'> = {},
): void {
  if (plan.clusterId !== state.clusterId) {
    throw planStale(`it was made for the cluster ${plan.clusterId}, and this is ${state.clusterId}`);
  }
  if (plan.manifestHash !== manifest.hash) throw planStale(`${manifest.file} declares something else by now`);
  if (plan.fingerprint !== fingerprintOf(plan.entries, state)) {
    throw planStale('the topics or the brokers have changed since it was made');
  }
  const absent = new Set(manifest.absent);
  const known = new Set([...manifest.absent, ...manifest.topics.map(({ name }) => name)]);
  const foreign = plan.entries.find(({ action, topic }) => !(action === 'delete' ? absent : known).has(topic));
  if (foreign !== undefined) throw planStale(`${manifest.file} does not ask for what it does to ${foreign.topic}`);
  for (const { topic } of deletionsOf(plan)) {
    const groups = activeGroups?.get(topic);
    if (groups === undefined) throw planStale(`nobody can say whether groups use ${topic}, which it deletes`);
    if (groups.length > 0) throw planStale(`${groups.join(', ')} uses ${topic} by now, which it deletes`);
  }
}

/**
 * What a plan rests on; who leads and who is in sync comes and goes, and changes no plan. The brokers are part of it only where replicas are placed on them.
 */
export function fingerprintOf(entries: readonly PlanEntry[], { topics, brokers }: TopicsState): string {
  const seen = topics.map(({ name, partitions, config, fault }) => ({
    name,
    replicas: partitions.map(({ replicas }) => replicas),
    config: Object.fromEntries(
      Object.entries(config)
        .filter(([setting]) => !throttleSettings.has(setting))
        .map(([setting, { value }]) => [setting, value]),
    ),
    fault: fault?.name,
  }));
  const placed = entries.some(({ action }) => action === 'reassign');
  return contentHash({
    topics: seen.sort((a, b) => (a.name < b.name ? -1 : 1)),
    brokers: placed ? brokers.map(({ id, rack }) => ({ id, rack })) : [],
  });
}
