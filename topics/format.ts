/** Plans, outcomes and verdicts as text for people. Each value is JSON as it is; nothing here computes. */
import Table from 'cli-table3';
import { createColors } from 'picocolors';
import type { ApplyReport } from './apply.ts';
import { type ChangeConfig, changesOf, type PlanEntry, type TopicPlan } from './plan.ts';
import type { VerifyReport } from './verify.ts';

export interface FormatOptions {
  /** Default false: a pipe and a test read plain text. */
  readonly colour?: boolean;
}

/** "No changes: 4 topics are as declared." or a table, one row an entry, and a line that sums it up. */
export function formatPlan(plan: TopicPlan, { colour = false }: FormatOptions = {}): string {
  const paint = createColors(colour);
  if (plan.entries.length === 0) return `No changes: ${topics(plan.unchanged.length)} as declared.`;
  const rows = plan.entries.map((entry) => {
    const mark = {
      create: paint.green,
      addPartitions: paint.yellow,
      changeConfig: paint.yellow,
      reassign: paint.yellow,
      delete: paint.red,
      blocked: paint.red,
    };
    return [mark[entry.action](actionNames[entry.action]), entry.topic, describeEntry(entry)];
  });
  const blocked = plan.entries.length - changesOf(plan).length;
  const counts = [
    count(plan, 'create', 'to create'),
    count(plan, 'addPartitions', 'to extend'),
    count(plan, 'changeConfig', 'with new settings'),
    count(plan, 'reassign', 'to move'),
    count(plan, 'delete', 'to delete'),
    blocked > 0 ? `${blocked} blocked` : '',
    plan.unchanged.length > 0 ? `${plan.unchanged.length} unchanged` : '',
  ];
  return `${table(['Change', 'Topic', 'What'], rows)}\n${counts.filter((text) => text !== '').join(', ')}.`;
}

/** What was done, and each change that was not, with its reason. */
export function formatOutcomes({ outcomes, stoppedBy }: ApplyReport, { colour = false }: FormatOptions = {}): string {
  const paint = createColors(colour);
  const open = outcomes.filter(({ status }) => status !== 'done');
  const rows = open.map(({ topic, action, status, why }) => [
    paint.red(status.replace('-', ' ')),
    topic,
    actionNames[action],
    why ?? '',
  ]);
  const done = `${outcomes.length - open.length} of ${outcomes.length} changes made.`;
  return [
    ...(rows.length === 0 ? [] : [table(['Status', 'Topic', 'Change', 'Why'], rows)]),
    stoppedBy === undefined ? done : `${done} ${stoppedBy.message}.`,
  ].join('\n');
}

/** A table, one row a topic, with what differs. */
export function formatVerification({ topics: verified }: VerifyReport, { colour = false }: FormatOptions = {}): string {
  const paint = createColors(colour);
  const rows = verified.map(({ topic, partitions, replicas, inSync, led, differences }) => [
    topic,
    String(partitions),
    String(replicas),
    String(inSync),
    `${led}/${partitions}`,
    differences.length === 0 ? paint.green('as declared') : paint.red(differences.map(({ says }) => says).join('; ')),
  ]);
  return table(['Topic', 'Partitions', 'Replicas', 'In sync', 'Led', 'State'], rows);
}

const actionNames: Readonly<Record<PlanEntry['action'], string>> = {
  create: 'create',
  addPartitions: 'add partitions',
  changeConfig: 'change settings',
  reassign: 'move replicas',
  delete: 'delete',
  blocked: 'blocked',
};

function describeEntry(entry: PlanEntry): string {
  switch (entry.action) {
    case 'create': {
      const config = Object.entries(entry.config).map(([name, value]) => `\n${name} = ${value}`);
      return `${numbered(entry.partitions, 'partition')}, ${numbered(entry.replicas, 'replica')}${config.join('')}`;
    }
    case 'addPartitions':
      return `${entry.from} -> ${entry.to} partitions\n${entry.risk}`;
    case 'changeConfig':
      return entry.changes.map(describeSetting).join('\n');
    case 'reassign':
      return `${entry.fromReplicas} -> ${numbered(entry.toReplicas, 'replica')}, ${numbered(entry.moves.length, 'partition')}\n${entry.risk}`;
    case 'delete':
      return `${numbered(entry.partitions, 'partition')}\n${entry.risk}`;
    case 'blocked':
      return `${entry.reason}\n${entry.next}`;
  }
}

function describeSetting({ name, from, to }: ChangeConfig['changes'][number]): string {
  return `${name}: ${from ?? 'nothing'} -> ${to ?? 'removed'}`;
}

function count(plan: TopicPlan, action: PlanEntry['action'], words: string): string {
  const number = plan.entries.filter((entry) => entry.action === action).length;
  return number === 0 ? '' : `${number} ${words}`;
}

function numbered(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function topics(number: number): string {
  return number === 1 ? '1 topic is' : `${number} topics are`;
}

/** Text wider than this is wrapped, so that a table fits a terminal of about 120 columns. */
const widestText = 72;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, index) =>
    rows.some((row) => (row[index] ?? '').split('\n').some((line) => line.length > widestText)),
  );
  const drawn = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
    wordWrap: true,
    colWidths: widths.map((wide) => (wide ? widestText + 2 : null)),
  });
  for (const row of rows) drawn.push([...row]);
  return drawn.toString();
}
