/** Plans, outcomes and verdicts as Markdown, for pull requests and job summaries. Nothing here computes. */
import type { ApplyReport } from './apply/apply.ts';
import type { VerifyReport } from './apply/verify.ts';
import { changesOf, type TopicPlan } from './plan/plan.ts';
import { actionNames, describeEntry, describeState, describeStatus, summarizePlan } from './plan/plan-words.ts';

/** The sum in bold, a table of changes, a table of what is blocked, and what the plan is bound to. */
export function formatPlanMarkdown(plan: TopicPlan): string {
  const row = (entry: TopicPlan['entries'][number]) => [
    code(entry.topic),
    actionNames[entry.action],
    ...describeEntry(entry),
  ];
  const changes = changesOf(plan).map((entry) => {
    const [topic = '', action = '', ...what] = row(entry);
    return [topic, action, cell(what)];
  });
  const blocked = plan.entries
    .filter((entry) => entry.action === 'blocked')
    .map(({ topic, reason, next }) => [code(topic), cell([reason]), cell([next])]);
  return sections([
    `**${summarizePlan(plan)}**`,
    table(['Topic', 'Change', 'What'], changes),
    blocked.length === 0 ? '' : `### Blocked\n\n${table(['Topic', 'Why', 'Next'], blocked)}`,
    `Cluster ${code(plan.clusterId)}, manifest ${code(plan.manifestHash.slice(0, 12))}, state ${code(plan.fingerprint.slice(0, 12))}.`,
  ]);
}

/** Every change with what became of it. */
export function formatOutcomesMarkdown({ outcomes, stoppedBy }: ApplyReport): string {
  const done = outcomes.filter(({ status }) => status === 'done').length;
  const rows = outcomes.map((outcome) => [
    code(outcome.topic),
    actionNames[outcome.action],
    describeStatus(outcome),
    cell([outcome.why ?? '']),
  ]);
  const ended = stoppedBy === undefined ? '' : ` ${escapeText(stoppedBy.message)}.`;
  return sections([
    `**${done} of ${outcomes.length} changes made.**${ended}`,
    table(['Topic', 'Change', 'Status', 'Why'], rows),
  ]);
}

/** The verdict in one sentence, and a row for each topic. */
export function formatVerificationMarkdown({ ok, topics }: VerifyReport): string {
  const rows = topics.map((topic) => [
    code(topic.topic),
    String(topic.partitions),
    String(topic.replicas),
    String(topic.inSync),
    `${topic.led}/${topic.partitions}`,
    cell([describeState(topic)]),
  ]);
  const sum = ok ? 'Every topic is as declared.' : 'Not every topic is as declared.';
  return sections([`**${sum}**`, table(['Topic', 'Partitions', 'Replicas', 'In sync', 'Led', 'State'], rows)]);
}

function sections(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cell(lines: readonly string[]): string {
  return lines.map(escapeText).join('<br>');
}

/** Names of topics, and hashes: nothing that could end the code. */
function code(text: string): string {
  return `\`${text}\``;
}

/** Brokers' words are in here: none of them may become a table, a tag or a link. */
function escapeText(text: string): string {
  return text.replace(/[\\`*_[\]<>|#]/g, '\\$&').replace(/\s+/g, ' ');
}
