/** What becomes of one topic: its wish and what was seen of it -> entries of a plan. No I/O. */

import type { DeclaredTopic } from '../manifest/manifest.ts';
import { sameValue, throttleSettings } from '../manifest/topic-settings.ts';
import { type Placement, placeReplicas } from './placement.ts';
import type { Blocked, BlockedBecause, ChangeConfig, PartitionMoves, PlanEntry, PlanOptions } from './plan.ts';
import type { ObservedTopic, TopicsState } from './state.ts';

export function planNew(topic: DeclaredTopic, rival: string | undefined, state: TopicsState): readonly PlanEntry[] {
  const { name, partitions, replicas, config } = topic;
  if (rival !== undefined) {
    return blocked(name, 'name-collides', {
      reason: `the cluster has ${rival}, which differs in "." and "_" only; Kafka refuses the second`,
      next: 'Rename the topic in the manifest.',
    });
  }
  if (replicas > state.brokers.length) return tooFewBrokers(topic, state);
  const least = Number(config[minInSync] ?? state.minInSyncReplicas ?? 1);
  if (replicas < least) return belowMinInSync(name, replicas, least);
  return [{ action: 'create', topic: name, partitions, replicas, config }];
}

export function planExisting(
  topic: DeclaredTopic,
  seen: ObservedTopic,
  state: TopicsState,
  options: PlanOptions,
): readonly PlanEntry[] {
  const { name } = topic;
  if (seen.internal) return internal(name);
  if (seen.fault !== undefined) {
    return blocked(name, 'unreadable', {
      reason: `its settings cannot be read: ${seen.fault.message} (${seen.fault.name})`,
      next: 'Give this user the right to describe the topic, or mend the broker.',
    });
  }
  const config = planConfig(topic, seen, options);
  const moves = planReplicas(topic, seen, state);
  const unsafe = unsafeCount(topic, seen, { config, moves }, state);
  if (unsafe === undefined) return [...planPartitions(topic, seen, state), ...moves, ...config];
  const harmless = config.flatMap((entry) => {
    const changes = entry.changes.filter((change) => change.name !== minInSync);
    return changes.length === 0 ? [] : [{ ...entry, changes }];
  });
  return [...planPartitions(topic, seen, state), ...unsafe, ...harmless];
}

/** A topic that the manifest says is to be absent. The third consent, a typed confirmation, is the command's business. */
export function planAbsent(
  seen: ObservedTopic,
  { allowDelete = false, activeGroups }: PlanOptions,
): readonly PlanEntry[] {
  const { name, partitions } = seen;
  if (seen.internal) return internal(name);
  if (!allowDelete) {
    return blocked(name, 'needs-consent', {
      reason: 'the manifest says that it is to be absent, and this run may not delete topics',
      next: 'Run with --allow-delete if its messages may be lost; or take `state: absent` out of the manifest.',
    });
  }
  const groups = activeGroups?.get(name);
  if (groups === undefined) {
    return blocked(name, 'groups-unknown', {
      reason: 'nobody could say whether consumer groups use it',
      next: 'Make sure that every broker answers, and plan again.',
    });
  }
  if (groups.length > 0) {
    return blocked(name, 'has-active-groups', {
      reason: `${groups.length === 1 ? 'a consumer group uses it' : `${groups.length} consumer groups use it`}: ${groups.slice(0, 5).join(', ')}${groups.length > 5 ? ', ...' : ''}`,
      next: 'Stop these consumers first, and plan again.',
    });
  }
  return [
    {
      action: 'delete',
      topic: name,
      partitions: partitions.length,
      risk: 'its messages are lost, and cannot be brought back',
    },
  ];
}

function planPartitions(topic: DeclaredTopic, { partitions }: ObservedTopic, state: TopicsState): readonly PlanEntry[] {
  const { name, partitions: to } = topic;
  const from = partitions.length;
  if (to === from) return [];
  if (to < from) {
    return blocked(name, 'shrinks-partitions', {
      reason: `it has ${from} partitions and the manifest says ${to}; Kafka cannot take partitions away, and making the topic anew would lose its messages`,
      next: `Set its partitions to ${from} in the manifest, or move to a new topic with ${to}.`,
    });
  }
  // Said by planReplicas where the count of replicas differs.
  const same = partitions.every(({ replicas }) => replicas.length === topic.replicas);
  if (topic.replicas > state.brokers.length) return same ? tooFewBrokers(topic, state) : [];
  const risk = `keys change their partition: a key’s messages before and after lie in different ones, and their order is lost across the change`;
  return [{ action: 'addPartitions', topic: name, from, to, risk }];
}

function planReplicas(topic: DeclaredTopic, { partitions }: ObservedTopic, state: TopicsState): readonly PlanEntry[] {
  const { name, replicas, racks } = topic;
  const differs = partitions.some((partition) => partition.replicas.length !== replicas);
  const isMoving = state.moving.some((each) => each.topic === name);
  if (!differs && !isMoving && racks === 'any') return []; // as almost every topic of almost every plan
  if (differs && replicas > state.brokers.length) return tooFewBrokers(topic, state);
  if (replicas > state.brokers.length) return []; // a move for racks can wait until brokers are back
  if (differs && state.movingFault !== undefined) {
    return blocked(name, 'unreadable', {
      reason: `moves under way cannot be read: ${state.movingFault.message} (${state.movingFault.name})`,
      next: 'Give this user the right to describe the cluster, and plan again.',
    });
  }
  const targets = new Map(
    state.moving
      .filter((each) => each.topic === name)
      .map((each) => [each.partition, each.replicas.filter((id) => !each.removing.includes(id))] as const),
  );
  const current = partitions.map(({ partition, replicas: now, inSync }) => ({
    partition,
    replicas: targets.get(partition) ?? now,
    inSync,
  }));
  const placed = placeReplicas({ topic: name, partitions: current, replicas, racks, brokers: state.brokers });
  const astray = placed.filter(({ partition }) => targets.has(partition));
  if (astray.length > 0) return movedElsewhere(name, astray, targets);
  const wanted = new Map([...targets, ...placed.map((each) => [each.partition, each.replicas] as const)]);
  const moves = partitions.flatMap(({ partition, replicas: from }): PartitionMoves[] => {
    const to = wanted.get(partition);
    return to === undefined ? [] : [{ partition, from, to }];
  });
  if (moves.length === 0) return [];
  const before = state.moving.filter((each) => each.topic === name);
  const counts = partitions.map(({ partition, replicas: now }) => {
    const adding = before.find((each) => each.partition === partition)?.adding ?? [];
    return now.length - adding.length;
  });
  const fromReplicas = counts.reduce((a, b) => Math.max(a, b), 0);
  return [
    {
      action: 'reassign',
      topic: name,
      because: counts.every((count) => count === replicas) ? 'racks' : 'replicas',
      fromReplicas,
      toReplicas: replicas,
      moves,
      risk: riskOf(moves, targets.size),
    },
  ];
}

export function riskOf(moves: readonly PartitionMoves[], underWay: number): string {
  const copies = moves.reduce((sum, { from, to }) => sum + to.filter((id) => !from.includes(id)).length, 0);
  const leaders = moves.filter(({ from, to }) => from[0] !== to[0]).length;
  const gone = moves.reduce((sum, { from, to }) => sum + from.filter((id) => !to.includes(id)).length, 0);
  const parts = [
    copies > 0 ? `copies ${counted(copies, 'replica')} over the network` : '',
    gone > 0 ? `removes ${counted(gone, 'replica')}` : '',
    leaders > 0 ? `${counted(leaders, 'partition')} will be led by another broker` : '',
    underWay > 0 ? `${counted(underWay, 'move')} under way already ${underWay === 1 ? 'is' : 'are'} taken up` : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function movedElsewhere(
  topic: string,
  astray: readonly Placement[],
  targets: ReadonlyMap<number, readonly number[]>,
): readonly Blocked[] {
  const [{ partition } = { partition: 0 }] = astray;
  return blocked(topic, 'moves-under-way', {
    reason: `another move is under way: partition ${partition} goes to the brokers ${targets.get(partition)?.join(', ')}, which the manifest does not want`,
    next: 'Wait until it has ended, or cancel it, and plan again.',
  });
}

function planConfig(
  { name, config }: DeclaredTopic,
  seen: ObservedTopic,
  { prune = false }: PlanOptions,
): readonly ChangeConfig[] {
  const wished = Object.entries(config).map(([setting, to]) => ({
    name: setting,
    from: seen.config[setting]?.value,
    to,
  }));
  const left = Object.entries(seen.config)
    .filter(([setting, { source }]) => prune && source === 'topic' && config[setting] === undefined)
    .map(([setting, { value }]) => ({ name: setting, from: value, to: undefined }));
  const changes = [...wished.filter((change) => !sameValue(change.name, change.from, change.to)), ...left]
    .filter((change) => !throttleSettings.has(change.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return changes.length === 0 ? [] : [{ action: 'changeConfig', topic: name, changes }];
}

/** Fewer replicas than must be in sync, where this plan would make it so; what is so already is not the plan's doing. */
function unsafeCount(
  { name, replicas }: DeclaredTopic,
  seen: ObservedTopic,
  { config, moves }: { readonly config: readonly ChangeConfig[]; readonly moves: readonly PlanEntry[] },
  state: TopicsState,
): readonly Blocked[] | undefined {
  const change = config.flatMap(({ changes }) => changes).find((each) => each.name === minInSync);
  const recounts = moves.some((entry) => entry.action === 'reassign' && entry.because === 'replicas');
  if (change === undefined && !recounts) return undefined;
  const least = Number(
    change === undefined ? (seen.config[minInSync]?.value ?? 1) : (change.to ?? state.minInSyncReplicas ?? 1),
  );
  return replicas < least ? belowMinInSync(name, replicas, least) : undefined;
}

const minInSync = 'min.insync.replicas';

function belowMinInSync(topic: string, replicas: number, least: number): readonly Blocked[] {
  return blocked(topic, 'below-min-in-sync', {
    reason: `${replicas} ${replicas === 1 ? 'replica is' : 'replicas are'} fewer than min.insync.replicas (${least}): nobody could write with acks=all`,
    next: 'Raise the replicas, or set min.insync.replicas for this topic.',
  });
}

function tooFewBrokers({ name, replicas }: DeclaredTopic, { brokers, down }: TopicsState): readonly Blocked[] {
  const dead = down.length === 0 ? '' : `; down: ${down.join(', ')}`;
  return blocked(name, 'too-few-brokers', {
    reason: `${counted(replicas, 'replica')} need ${counted(replicas, 'broker')}, and ${brokers.length} ${brokers.length === 1 ? 'is' : 'are'} registered${dead}`,
    next: 'Start the brokers that are down, or lower the replicas.',
  });
}

function internal(topic: string): readonly Blocked[] {
  return blocked(topic, 'internal-topic', {
    reason: 'it is one of Kafka’s own',
    next: 'Remove it from the manifest.',
  });
}

function blocked(topic: string, because: BlockedBecause, words: Pick<Blocked, 'reason' | 'next'>): readonly Blocked[] {
  return [{ action: 'blocked', topic, because, ...words }];
}

export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
