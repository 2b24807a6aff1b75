/** How topics fare, as text for people: one screen, trouble first. Nothing here computes beyond adding up. */
import { createColors } from 'picocolors';
import { formatBytes } from '../format-quantities.ts';
import { formatTable } from '../table.ts';
import { type GroupStatus, isTroubled, type TopicStatus, type TopicsStatus } from './status.ts';

export interface FormatStatusOptions {
  /** Default false: a pipe and a test read plain text. */
  readonly colour?: boolean;
  /** Lines that the screen has; topics and groups that are well are left out first. Default: no limit. */
  readonly lines?: number;
}

/** Brokers, topics and groups as tables, under a line that sums them up. */
export function formatStatus(status: TopicsStatus, { colour = false, lines }: FormatStatusOptions = {}): string {
  const paint = createColors(colour);
  const bad = (text: string, isBad: boolean) => (isBad ? paint.red(text) : text);
  const { brokers, topics, groups, silent } = status;
  const brokerRows = brokers.map(({ id, address, rack, up, leaders, replicas, sizeBytes }) => [
    String(id),
    address ?? '',
    rack ?? '',
    up ? paint.green(id === status.controllerId ? 'controller' : 'up') : paint.red('down'),
    String(leaders),
    String(replicas),
    sizeBytes === undefined ? 'unknown' : formatBytes(sizeBytes),
  ]);
  const fixed = brokers.length + silent.length + 9; // the summary, three heads, blank lines, "and so many more"
  const room = lines === undefined ? Number.POSITIVE_INFINITY : Math.max(lines - fixed, 4);
  const groupsShown = shown(groups, Math.ceil(room / 3), ({ lag }) => lag > 0);
  const topicsShown = shown(topics, room - groupsShown.length, isTroubled);
  const topicRows = topicsShown.map((topic) => [
    topic.topic,
    String(topic.partitions),
    topic.replicas.fewest === topic.replicas.most
      ? String(topic.replicas.most)
      : `${topic.replicas.fewest}-${topic.replicas.most}`,
    bad(`${topic.partitions - topic.leaderless.length}/${topic.partitions}`, topic.leaderless.length > 0),
    bad(`${topic.inSync}/${topic.assigned}`, topic.underReplicated.length > 0),
    `${topic.sizeIsPartial ? 'over ' : ''}${formatBytes(topic.sizeBytes)}`,
    remarks(topic),
  ]);
  const groupRows = groupsShown.map((group) => [
    group.group,
    group.state,
    String(group.members),
    String(group.lag),
    group.topics.map(({ topic, lag }) => `${topic} ${lag}`).join(', ') + gaps(group),
  ]);
  const blocks = [
    paint.bold(summary(status)),
    formatTable(['Broker', 'Address', 'Rack', 'State', 'Leads', 'Replicas', 'On disk'], brokerRows, {
      right: [4, 5, 6],
      colour,
    }),
    table(['Topic', 'Partitions', 'Replicas', 'Led', 'In sync', 'On disk', 'Remarks'], topicRows, [1, 2, 3, 4, 5], {
      colour,
      rest: more(topics.length - topicsShown.length, topics, topicsShown, isTroubled),
    }),
    table(['Group', 'State', 'Members', 'Lag', 'By topic'], groupRows, [2, 3], {
      colour,
      rest: more(groups.length - groupsShown.length, groups, groupsShown, ({ lag }) => lag > 0),
    }),
    silent.map(({ broker, why }) => paint.yellow(`broker ${broker} did not answer: ${why}`)).join('\n'),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
  { colour, rest }: { readonly colour: boolean; readonly rest: string },
): string {
  if (rows.length === 0) return '';
  return [formatTable(head, rows, { right, colour }), ...(rest === '' ? [] : [rest])].join('\n');
}

/** Trouble first; within each, by name. */
function shown<T>(all: readonly T[], room: number, isFirst: (item: T) => boolean): readonly T[] {
  return [...all.filter(isFirst), ...all.filter((item) => !isFirst(item))].slice(0, room);
}

function more<T>(count: number, all: readonly T[], seen: readonly T[], isFirst: (item: T) => boolean): string {
  if (count === 0) return '';
  const hidden = all.filter(isFirst).length - seen.filter(isFirst).length;
  return `and ${count} more${hidden === 0 ? '' : `, ${hidden} of them like these`}`;
}

function summary({ clusterId, brokers, topics }: TopicsStatus): string {
  const total = (of: (topic: TopicStatus) => number) => topics.reduce((sum, topic) => sum + of(topic), 0);
  const down = brokers.filter(({ up }) => !up).length;
  const said = [
    counted(down, 'broker down', 'brokers down'),
    counted(
      total(({ leaderless }) => leaderless.length),
      'partition without a leader',
      'partitions without a leader',
    ),
    counted(
      total(({ underReplicated }) => underReplicated.length),
      'under-replicated',
    ),
    counted(
      total(({ belowMinInSync }) => belowMinInSync?.length ?? 0),
      'closed to writers with acks=all',
    ),
    counted(
      total(({ moving }) => moving.length),
      'moving',
    ),
  ].flat();
  const sizes = formatBytes(total(({ sizeBytes }) => sizeBytes));
  const partitions = total((topic) => topic.partitions);
  const whole = [counted(topics.length, 'topic', 'topics'), counted(partitions, 'partition', 'partitions')].flat();
  return `Cluster ${clusterId}: ${[...whole, `${sizes} on disk`].join(', ')}; ${said.length === 0 ? 'all led and in sync' : said.join(', ')}.`;
}

/** Nothing for nothing. */
function counted(count: number, one: string, many = one): readonly string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
}

function remarks({ leaderless, underReplicated, belowMinInSync, moving }: TopicStatus): string {
  return [
    ...numbered('no leader', leaderless),
    ...numbered('out of sync', underReplicated),
    ...numbered('closed to acks=all', belowMinInSync ?? []),
    ...numbered('moving', moving),
  ].join('; ');
}

function gaps({ topics }: GroupStatus): string {
  const uncommitted = topics.reduce((sum, topic) => sum + topic.uncommitted.length, 0);
  const unknown = topics.reduce((sum, topic) => sum + topic.unknown.length, 0);
  const said = [
    ...(uncommitted > 0 ? [`${uncommitted} without a commit`] : []),
    ...(unknown > 0 ? [`${unknown} without a leader to ask`] : []),
  ];
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

function numbered(words: string, partitions: readonly number[]): readonly string[] {
  const more = partitions.length > 8 ? ` and ${partitions.length - 8} more` : '';
  return partitions.length === 0 ? [] : [`${words}: ${partitions.slice(0, 8).join(' ')}${more}`];
}
