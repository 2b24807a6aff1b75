/** Plans, outcomes and verdicts as text for a terminal. Each value is JSON as it is; nothing here computes. */
import { createColors } from 'picocolors';
import type { ApplyReport } from './apply/apply.ts';
import type { VerifyReport } from './apply/verify.ts';
import type { PlanEntry, TopicPlan } from './plan/plan.ts';
import { actionNames, describeEntry, describeState, describeStatus, summarizePlan } from './plan/plan-words.ts';
import { formatTable } from './table.ts';

export interface FormatOptions {
  /** Default false: a pipe and a test read plain text. */
  readonly colour?: boolean;
}

/** One line where nothing changes; else a table, one row an entry, and a line that sums it up. */
export function formatPlan(plan: TopicPlan, { colour = false }: FormatOptions = {}): string {
  const paint = createColors(colour);
  if (plan.entries.length === 0) return paint.green(summarizePlan(plan));
  const colours = { create: 'green', delete: 'red', blocked: 'red' } as const;
  const mark = ({ action }: PlanEntry) =>
    paint[action in colours ? colours[action as keyof typeof colours] : 'yellow'](actionNames[action]);
  // What is done stands out; its risk, or what to do about it, stands back.
  const what = (entry: PlanEntry) => {
    const [first = '', ...more] = describeEntry(entry);
    if (entry.action === 'changeConfig') return wrapped([first, ...more]);
    return [wrapped([first]), ...more.flatMap(wrapLine).map((line) => paint.dim(line))].join('\n');
  };
  const rows = plan.entries.map((entry) => [mark(entry), entry.topic, what(entry)]);
  return `${formatTable(['Change', 'Topic', 'What'], rows, { colour })}\n\n${paint.bold(summarizePlan(plan))}`;
}

/** What was done, and each change that was not, with its reason. */
export function formatOutcomes({ outcomes, stoppedBy }: ApplyReport, { colour = false }: FormatOptions = {}): string {
  const paint = createColors(colour);
  const open = outcomes.filter(({ status }) => status !== 'done');
  const rows = open.map((outcome) => {
    const { topic, action, status, why = '' } = outcome;
    const text = describeStatus(outcome);
    return [status === 'moving' ? paint.yellow(text) : paint.red(text), topic, actionNames[action], wrapped([why])];
  });
  const done = (open.length === 0 ? paint.green : paint.yellow)(
    `${outcomes.length - open.length} of ${outcomes.length} changes made.`,
  );
  return [
    ...(rows.length === 0 ? [] : [`${formatTable(['Status', 'Topic', 'Change', 'Why'], rows, { colour })}\n`]),
    stoppedBy === undefined ? done : `${done} ${stoppedBy.message}.`,
  ].join('\n');
}

/** A table, one row a topic, with what differs. */
export function formatVerification({ topics }: VerifyReport, { colour = false }: FormatOptions = {}): string {
  const paint = createColors(colour);
  if (topics.length === 0) return 'The manifest declares no topics to verify.';
  const rows = topics.map((topic) => {
    const state = wrapped([describeState(topic)]);
    return [
      topic.topic,
      String(topic.partitions),
      String(topic.replicas),
      String(topic.inSync),
      `${topic.led}/${topic.partitions}`,
      topic.differences.length === 0 ? paint.green(state) : paint.red(state),
    ];
  });
  return formatTable(['Topic', 'Partitions', 'Replicas', 'In sync', 'Led', 'State'], rows, {
    right: [1, 2, 3, 4],
    colour,
  });
}

/** Longer lines are broken between words, so that a table fits a terminal of about 120 columns. */
const widestText = 72;

function wrapped(lines: readonly string[]): string {
  return lines.flatMap(wrapLine).join('\n');
}

function wrapLine(line: string): readonly string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > widestText) {
      lines.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
