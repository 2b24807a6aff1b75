/** How each kind of change is sent: the request, the faults that leave a doubt, and what the cluster shows once the change is made. */
import { alterConfigs } from '../../clients/kafka/requests/alter-configs.ts';
import { createPartitions } from '../../clients/kafka/requests/create-partitions.ts';
import { createTopics, type TopicOutcome } from '../../clients/kafka/requests/create-topics.ts';
import { deleteTopics } from '../../clients/kafka/requests/delete-topics.ts';
import { readActiveGroups } from '../plan/active-groups.ts';
import type { AddPartitions, ChangeConfig, CreateTopic, DeleteTopic, Reassign } from '../plan/plan.ts';
import {
  type MoveOutcome,
  type ReassignOptions,
  type ReassignReport,
  reassignPartitions,
} from '../reassign/reassign.ts';
import { type Answers, type ChangeOutcome, type Step, settling } from './settle.ts';

/** REQUEST_TIMED_OUT: the controller goes on with what it was asked. */
const requestTimedOut = 7;
const topicAlreadyExists = 36;
/** It has as many already. */
const invalidPartitions = 37;

export const creating = (chunk: readonly CreateTopic[]): Step =>
  settling(chunk, {
    send: async (pending, { connection, brokerTimeoutMs, signal }) => {
      const topics = pending.map(({ action: _, ...topic }) => topic);
      return answersOf(await createTopics(connection, topics, { brokerTimeoutMs, signal }));
    },
    doubtful: [topicAlreadyExists, requestTimedOut],
    check: ({ partitions, replicas }, seen) => {
      if (seen === undefined) return 'again';
      const actual = seen.partitions;
      if (actual.length === partitions && actual.every((each) => each.replicas.length === replicas)) return 'done';
      return `it is there with ${actual.length}:${actual[0]?.replicas.length ?? 0}, not ${partitions}:${replicas}; make a new plan`;
    },
  });

export const adding = (chunk: readonly AddPartitions[]): Step =>
  settling(chunk, {
    send: async (pending, { connection, brokerTimeoutMs, signal }) => {
      const topics = pending.map(({ topic, to }) => ({ topic, count: to }));
      return answersOf(await createPartitions(connection, topics, { brokerTimeoutMs, signal }));
    },
    doubtful: [invalidPartitions, requestTimedOut],
    check: ({ from, to }, seen) => {
      const has = seen?.partitions.length;
      if (has === to) return 'done';
      return has === undefined || has === from ? 'again' : `it has ${has} partitions by now; make a new plan`;
    },
  });

export const configuring = (chunk: readonly ChangeConfig[]): Step =>
  settling(chunk, {
    send: async (pending, { connection, signal }) => {
      const resources = pending.map(({ topic, changes }) => ({
        type: 'topic' as const,
        name: topic,
        changes: changes.map(({ name, to }) => ({
          name,
          operation: to === undefined ? ('delete' as const) : ('set' as const),
          value: to,
        })),
      }));
      const outcomes = await alterConfigs(connection, resources, { signal });
      return new Map(outcomes.map(({ name, error }) => [name, error]));
    },
    doubtful: [],
    check: () => 'again', // setting a value twice is setting it once
  });

/** Groups are looked at once more: between a plan and its last step lie a person's reading and every other change. */
export const deleting =
  (chunk: readonly DeleteTopic[]): Step =>
  async (settle, run) => {
    const names = chunk.map(({ topic }) => topic);
    const active = await readActiveGroups(run.connection, names, { signal: run.signal });
    const free = chunk.filter((change) => {
      const groups = active.get(change.topic);
      if (groups?.length === 0) return true;
      const why =
        groups === undefined ? 'nobody could say whether groups use it' : `${groups.join(', ')} uses it by now`;
      settle(change, { status: 'failed', why });
      return false;
    });
    await deletingFree(free)(settle, run);
  };

const deletingFree = (chunk: readonly DeleteTopic[]): Step =>
  settling(chunk, {
    send: async (pending, { connection, brokerTimeoutMs, signal }) => {
      const topics = pending.map(({ topic }) => topic);
      return answersOf(await deleteTopics(connection, topics, { brokerTimeoutMs, signal }));
    },
    doubtful: [requestTimedOut],
    check: (_, seen) => (seen === undefined ? 'done' : 'again'),
  });

/** All moves in one go: the throttle is set once, and a window of partitions goes on without pauses between topics. */
export const reassigning =
  (
    changes: readonly Reassign[],
    options: Pick<ReassignOptions, 'throttleBytesPerSecond' | 'onProgress' | 'handOver' | 'earlier'>,
    tell: (report: ReassignReport) => void,
  ): Step =>
  async (settle, { connection, signal }) => {
    const report = await reassignPartitions(connection, changes, { ...options, signal });
    tell(report);
    for (const change of changes) {
      const outcome = outcomeOf(report.outcomes.filter(({ topic }) => topic === change.topic));
      if (outcome !== undefined) settle(change, outcome);
    }
    if (report.stoppedBy !== undefined) throw report.stoppedBy;
  };

/** The worst of a topic's partitions; `undefined` where none was sent. */
function outcomeOf(moves: readonly MoveOutcome[]): Pick<ChangeOutcome, 'status' | 'why'> | undefined {
  const failed = moves.find(({ status }) => status === 'failed');
  if (failed !== undefined)
    return { status: 'failed', why: `partition ${failed.partition}: ${failed.why ?? 'no reason given'}` };
  if (moves.every(({ status }) => status === 'done')) return { status: 'done' };
  if (moves.every(({ status }) => status === 'not-sent')) return undefined;
  const open = moves.filter(({ status }) => status !== 'done').length;
  return {
    status: 'moving',
    why: `${open} of ${moves.length} partitions are not there yet; run the command again to follow them`,
  };
}

function answersOf(outcomes: readonly TopicOutcome[]): Answers {
  return new Map(outcomes.map(({ topic, error }) => [topic, error]));
}
