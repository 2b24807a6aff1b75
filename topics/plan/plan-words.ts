/** Entries, outcomes and verdicts in words, the same for a terminal and for Markdown. No layout and no colour. */

import type { ChangeOutcome } from '../apply/settle.ts';
import type { VerifiedTopic } from '../apply/verify.ts';
import { type ChangeConfig, changesOf, type PlanEntry, type TopicPlan } from './plan.ts';

export const actionNames: Readonly<Record<PlanEntry['action'], string>> = {
  create: 'create',
  addPartitions: 'add partitions',
  changeConfig: 'change settings',
  reassign: 'move replicas',
  delete: 'delete',
  blocked: 'blocked',
};

/** In lines: what changes, then what it risks; of a blocked entry the reason, then the next step. */
export function describeEntry(entry: PlanEntry): readonly string[] {
  switch (entry.action) {
    case 'create':
      return [
        `${numbered(entry.partitions, 'partition')}, ${numbered(entry.replicas, 'replica')}`,
        ...Object.entries(entry.config).map(([name, value]) => `${name} = ${value}`),
      ];
    case 'addPartitions':
      return [`${entry.from} -> ${entry.to} partitions`, entry.risk];
    case 'changeConfig':
      return entry.changes.map(describeSetting);
    case 'reassign': {
      const where = `in ${numbered(entry.moves.length, 'partition')}`;
      const what = {
        racks: 'replicas to more racks',
        leaving: 'replicas to brokers that stay',
        replicas: `${entry.fromReplicas} -> ${numbered(entry.toReplicas, 'replica')}`,
      };
      return [`${what[entry.because]}, ${where}`, entry.risk];
    }
    case 'delete':
      return [
        `${numbered(entry.partitions, 'partition')} and all that is in ${entry.partitions === 1 ? 'it' : 'them'}`,
        entry.risk,
      ];
    case 'blocked':
      return [entry.reason, entry.next];
  }
}

function describeSetting({ name, from, to }: ChangeConfig['changes'][number]): string {
  return to === undefined
    ? `${name}: ${from ?? 'nothing'} -> the broker's own (the manifest does not name it)`
    : `${name}: ${from ?? 'nothing'} -> ${to}`;
}

/** `No changes: 4 topics are as declared.` or `1 to create, 1 blocked, 2 unchanged.` */
export function summarizePlan(plan: TopicPlan): string {
  const unchanged = plan.unchanged.length;
  if (plan.entries.length === 0) {
    return `No changes: ${unchanged === 1 ? '1 topic is' : `${unchanged} topics are`} as declared.`;
  }
  const blocked = plan.entries.length - changesOf(plan).length;
  const counts = [
    ...Object.entries(sums).map(([action, words]) => {
      const number = plan.entries.filter((entry) => entry.action === action).length;
      return number === 0 ? '' : `${number} ${words}`;
    }),
    blocked > 0 ? `${blocked} blocked` : '',
    unchanged > 0 ? `${unchanged} unchanged` : '',
  ];
  return `${counts.filter((text) => text !== '').join(', ')}.`;
}

const sums = {
  create: 'to create',
  addPartitions: 'to extend',
  changeConfig: 'with new settings',
  reassign: 'to move',
  delete: 'to delete',
} satisfies Partial<Record<PlanEntry['action'], string>>;

export function describeStatus({ status }: ChangeOutcome): string {
  return status.replace('-', ' ');
}

export function describeState({ differences }: VerifiedTopic): string {
  return differences.length === 0 ? 'as declared' : differences.map(({ says }) => says).join('; ');
}

function numbered(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
