/**
 * What takes every replica off brokers that are to leave: what was seen of a cluster's topics -> a plan like any other, with a move for each partition that has
 * a replica there. No I/O.
 *
 * Where a replica goes is the decision of placement.ts, told that the partition has lost those it has on brokers that leave and wants as many as before: the
 * others stay where they are, and the new one stands in a rack that the partition has not yet, where there is one.
 */
import { brokerUnknown, reassignmentsUnreadable } from '../errors.ts';
import { manifestHash, type TopicsManifest } from '../manifest/manifest.ts';
import { placeReplicas } from './placement.ts';
import { fingerprintOf, type PartitionMoves, type PlanEntry, type TopicPlan } from './plan.ts';
import { counted, riskOf } from './plan-topic.ts';
import type { ObservedTopic, TopicsState } from './state.ts';

/** A topic as it is there, of which nothing but the place of its replicas is to change. */
interface TopicAsItIs {
  readonly topic: string;
  readonly partitions: number;
  readonly replicas: { readonly most: number };
}

/**
 * What is observed, and looked at again before a plan of moves away is applied: every topic, Kafka's own included. Replicas are one more than there are,
 * since moves under way are asked for where the count is another than what is there (state.ts); a plan of moves away reads the count off the cluster.
 */
export function asTheyAre(name: string, topics: readonly TopicAsItIs[]): TopicsManifest {
  const declared = topics.map(({ topic, partitions, replicas: { most } }) => ({
    name: topic,
    partitions,
    replicas: most + 1,
    racks: 'any' as const,
    config: {},
  }));
  return { file: name, topics: declared, absent: [], hash: manifestHash({ topics: declared, absent: [] }) };
}

export interface Leaving {
  /** The brokers that are to hold nothing. */
  readonly empty: readonly number[];
  /** Others that are to get nothing, since they leave too. */
  readonly shun: readonly number[];
}

/**
 * Moves that are under way to where nothing leaves are taken up. Blocked are topics with more replicas than brokers stay, and those that another reassignment
 * moves to a broker that leaves.
 * @throws EnsembleError TOPICS_BROKER_UNKNOWN, TOPICS_REASSIGNMENTS_UNREADABLE
 */
export function planAway(manifest: TopicsManifest, state: TopicsState, leaving: Leaving): TopicPlan {
  const known = [...state.brokers.map(({ id }) => id), ...state.down];
  // One that the environment lists as leaving may be down and hold nothing: it is empty then, and not unknown.
  const unknown = leaving.empty.find((id) => !known.includes(id) && !leaving.shun.includes(id));
  if (unknown !== undefined) throw brokerUnknown(unknown, known);
  if (state.movingFault !== undefined) throw reassignmentsUnreadable(state.movingFault);
  const planned = state.topics.map((topic) => ({ name: topic.name, entries: planTopicAway(topic, state, leaving) }));
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

function planTopicAway(topic: ObservedTopic, state: TopicsState, leaving: Leaving): readonly PlanEntry[] {
  const { name, partitions } = topic;
  const { empty, shun } = leaving;
  const brokers = state.brokers.filter(({ id }) => !empty.includes(id) && !shun.includes(id));
  const affected = new Set(
    partitions.filter(({ replicas }) => replicas.some((id) => empty.includes(id))).map(({ partition }) => partition),
  );
  if (affected.size === 0) return [];
  const targets = new Map(
    state.moving
      .filter(({ topic }) => topic === name)
      .map(
        ({ partition, replicas, removing }) => [partition, replicas.filter((id) => !removing.includes(id))] as const,
      ),
  );
  const astray = [...targets].find(([, to]) => to.some((id) => empty.includes(id)));
  if (astray !== undefined)
    return [
      {
        action: 'blocked',
        topic: name,
        because: 'moves-under-way',
        reason: `another move is under way: partition ${astray[0]} goes to the brokers ${astray[1].join(', ')}`,
        next: 'Wait until it has ended, or cancel it, and run the command again.',
      },
    ];
  const wanted = new Map<number, readonly number[]>();
  const now = partitions.map(({ partition, replicas, inSync }) => ({
    partition,
    replicas: targets.get(partition) ?? replicas,
    inSync,
  }));
  // Partitions of one topic may have different counts; each keeps its own.
  for (const count of new Set(now.map(({ replicas }) => replicas.length))) {
    const alike = now.filter(({ replicas }) => replicas.length === count);
    const left = alike.map((each) => ({ ...each, replicas: each.replicas.filter((id) => !empty.includes(id)) }));
    const placed = placeReplicas({ topic: name, partitions: left, replicas: count, racks: 'any', brokers });
    if (placed.some(({ replicas }) => replicas.length < count))
      return [tooFewLeft(topic, count, brokers.length, empty)];
    for (const { partition, replicas } of placed) wanted.set(partition, replicas);
  }
  const moves = partitions.flatMap(({ partition, replicas: from }): PartitionMoves[] => {
    const to = wanted.get(partition) ?? targets.get(partition);
    return to === undefined || !affected.has(partition) ? [] : [{ partition, from, to }];
  });
  const most = now.reduce((sum, { replicas }) => Math.max(sum, replicas.length), 0);
  const underWay = moves.filter(({ partition }) => targets.has(partition)).length;
  const risk = riskOf(moves, underWay);
  return [{ action: 'reassign', topic: name, because: 'leaving', fromReplicas: most, toReplicas: most, moves, risk }];
}

function tooFewLeft(
  { name, internal }: ObservedTopic,
  replicas: number,
  stay: number,
  empty: readonly number[],
): PlanEntry {
  return {
    action: 'blocked',
    topic: name,
    because: 'too-few-brokers',
    reason: `${counted(replicas, 'replica')} need ${counted(replicas, 'broker')}, and without broker ${empty.join(', ')} there ${stay === 1 ? 'is' : 'are'} ${stay}`,
    next: internal
      ? 'Add a broker first: it is one of Kafka’s own, whose replicas no manifest lowers.'
      : 'Add a broker first, or lower the topic’s replicas in the manifest and apply that.',
  };
}
