/**
 * What would change: manifest + observed state -> a value that can be printed, saved, and applied exactly. No I/O.
 *
 * A change that must not be made is an entry too, with its reason, so that one plan shows every problem at once. Partitions are never taken away:
 * Kafka cannot, and making the topic anew would lose its messages.
 */
import { type ExitStatus, exitStatus } from '../contracts/error.ts';
import { planStale } from './errors.ts';
import { contentHash } from './fingerprint.ts';
import type { DeclaredTopic, TopicsManifest } from './manifest.ts';
import type { ObservedTopic, TopicsState } from './state.ts';
import { collisionKey } from './topic-name.ts';
import { sameValue, throttleSettings } from './topic-settings.ts';

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
  readonly because: 'replicas' | 'racks';
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
  | 'changes-replicas'
  | 'too-few-brokers'
  | 'below-min-in-sync'
  | 'name-collides'
  | 'internal-topic'
  | 'unreadable';

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

/** Depends on the set of topics alone, not on the order in which either side lists them. */
export function planTopics(manifest: TopicsManifest, state: TopicsState): TopicPlan {
  const observed = new Map(state.topics.map((topic) => [topic.name, topic]));
  const others = new Map(state.others.map((name) => [collisionKey(name), name]));
  const topics = [...manifest.topics].sort((a, b) => (a.name < b.name ? -1 : 1));
  const planned = topics.map((topic) => {
    const seen = observed.get(topic.name);
    const rival = others.get(collisionKey(topic.name));
    return { name: topic.name, entries: seen === undefined ? planNew(topic, rival, state) : planExisting(topic, seen) };
  });
  return {
    version: 1,
    clusterId: state.clusterId,
    manifestHash: manifest.hash,
    fingerprint: fingerprintOf(state),
    entries: planned.flatMap(({ entries }) => entries),
    unchanged: planned.filter(({ entries }) => entries.length === 0).map(({ name }) => name),
  };
}

/** The entries that would be sent. */
export function changesOf(plan: TopicPlan): readonly Change[] {
  return plan.entries.filter((entry) => entry.action !== 'blocked');
}

export function blockedOf(plan: TopicPlan): readonly Blocked[] {
  return plan.entries.filter((entry) => entry.action === 'blocked');
}

/** 3 where anything is blocked, 2 where changes are pending, else 0. */
export function planExitStatus(plan: TopicPlan): ExitStatus {
  if (blockedOf(plan).length > 0) return exitStatus.blocked;
  return plan.entries.length > 0 ? exitStatus.changesPending : exitStatus.ok;
}

/** Throws TOPICS_PLAN_STALE unless a plan was made for this manifest and for what is seen now. @internal */
export function requireFresh(plan: TopicPlan, manifest: TopicsManifest, state: TopicsState): void {
  if (plan.clusterId !== state.clusterId) {
    throw planStale(`it was made for the cluster ${plan.clusterId}, and this is ${state.clusterId}`);
  }
  if (plan.manifestHash !== manifest.hash) throw planStale(`${manifest.file} declares something else by now`);
  if (plan.fingerprint !== fingerprintOf(state)) throw planStale('the topics have changed since it was made');
}

function planNew(topic: DeclaredTopic, rival: string | undefined, state: TopicsState): readonly PlanEntry[] {
  const { name, partitions, replicas, config } = topic;
  if (rival !== undefined) {
    return blocked(name, 'name-collides', {
      reason: `the cluster has ${rival}, which differs in "." and "_" only; Kafka refuses the second`,
      next: 'Rename the topic in the manifest.',
    });
  }
  if (replicas > state.brokers.length) {
    return blocked(name, 'too-few-brokers', {
      reason: `${replicas} replicas need ${replicas} brokers, and ${state.brokers.length} ${state.brokers.length === 1 ? 'is' : 'are'} registered`,
      next: 'Start the brokers that are down, or lower the replicas.',
    });
  }
  const least = Number(config['min.insync.replicas'] ?? state.minInSyncReplicas ?? 1);
  if (replicas < least) return belowMinInSync(name, replicas, least);
  return [{ action: 'create', topic: name, partitions, replicas, config }];
}

function planExisting(topic: DeclaredTopic, seen: ObservedTopic): readonly PlanEntry[] {
  const { name } = topic;
  if (seen.internal) {
    return blocked(name, 'internal-topic', {
      reason: 'it is one of Kafka’s own',
      next: 'Remove it from the manifest.',
    });
  }
  if (seen.fault !== undefined) {
    return blocked(name, 'unreadable', {
      reason: `its settings cannot be read: ${seen.fault.message} (${seen.fault.name})`,
      next: 'Give this user the right to describe the topic, or mend the broker.',
    });
  }
  return [...planPartitions(topic, seen), ...planReplicas(topic, seen), ...planConfig(topic, seen)];
}

function planPartitions({ name, partitions: to }: DeclaredTopic, { partitions }: ObservedTopic): readonly PlanEntry[] {
  const from = partitions.length;
  if (to === from) return [];
  if (to < from) {
    return blocked(name, 'shrinks-partitions', {
      reason: `it has ${from} partitions and the manifest says ${to}; Kafka cannot take partitions away, and making the topic anew would lose its messages`,
      next: `Set its partitions to ${from} in the manifest, or move to a new topic with ${to}.`,
    });
  }
  const risk = `keys change their partition: a key’s messages before and after lie in different ones, and their order is lost across the change`;
  return [{ action: 'addPartitions', topic: name, from, to, risk }];
}

function planReplicas({ name, replicas }: DeclaredTopic, { partitions }: ObservedTopic): readonly PlanEntry[] {
  const counts = [...new Set(partitions.map((partition) => partition.replicas.length))].sort((a, b) => a - b);
  if (counts.every((count) => count === replicas)) return [];
  return blocked(name, 'changes-replicas', {
    reason: `its partitions have ${counts.join(' or ')} replicas and the manifest says ${replicas}; moving replicas is not offered yet`,
    next: `Set its replicas to ${counts.at(-1)} in the manifest.`,
  });
}

function planConfig({ name, config, replicas }: DeclaredTopic, seen: ObservedTopic): readonly PlanEntry[] {
  const changes = Object.entries(config)
    .filter(([setting]) => !throttleSettings.has(setting))
    .map(([setting, to]) => ({ name: setting, from: seen.config[setting]?.value, to }))
    .filter((change) => !sameValue(change.name, change.from, change.to))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const least = changes.find((change) => change.name === 'min.insync.replicas')?.to;
  if (least !== undefined && replicas < Number(least)) return belowMinInSync(name, replicas, Number(least));
  return changes.length === 0 ? [] : [{ action: 'changeConfig', topic: name, changes }];
}

function belowMinInSync(topic: string, replicas: number, least: number): readonly Blocked[] {
  return blocked(topic, 'below-min-in-sync', {
    reason: `${replicas} ${replicas === 1 ? 'replica is' : 'replicas are'} fewer than min.insync.replicas (${least}): nobody could write with acks=all`,
    next: 'Raise the replicas, or set min.insync.replicas for this topic.',
  });
}

function blocked(topic: string, because: BlockedBecause, words: Pick<Blocked, 'reason' | 'next'>): readonly Blocked[] {
  return [{ action: 'blocked', topic, because, ...words }];
}

/** What a plan rests on; who leads and who is in sync comes and goes, and changes no plan. */
function fingerprintOf({ topics }: TopicsState): string {
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
  return contentHash(seen.sort((a, b) => (a.name < b.name ? -1 : 1)));
}
