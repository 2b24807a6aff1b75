/** Moves as text for people: how far they are, what became of them, and whose throttles there are. */

import { formatBytes, formatDuration } from '../format-quantities.ts';
import { formatTable } from '../table.ts';
import type { CancelReport } from './cancel-reassign.ts';
import type { ReassignProgress, ReassignReport } from './reassign.ts';
import type { ReassignStatus } from './reassign-status.ts';

/** One line that can be written over itself: bytes, rate and time left. */
export function formatProgress(progress: ReassignProgress): string {
  const { total, done, failed, copiedBytes, totalBytes, bytesPerSecond, leftMs, waitingFor } = progress;
  return [
    `${done} of ${total} partitions moved${failed > 0 ? `, ${failed} failed` : ''}`,
    `${formatBytes(copiedBytes)} of ${formatBytes(totalBytes)}`,
    ...(bytesPerSecond === undefined ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
    ...(leftMs === undefined ? [] : [`${formatDuration(leftMs)} left`]),
    ...(waitingFor.length === 0 ? [] : [`waiting for broker ${waitingFor.join(', ')}, which is down`]),
  ].join(', ');
}

/** What moves now, and whose throttles there are. */
export function formatReassignStatus(status: ReassignStatus): string {
  const { moving, rates, silent, leftBytes, bytesPerSecond, leftMs } = status;
  const rows = moving.map(({ topic, partition, from, to, copiedBytes, totalBytes, waitingFor }) => [
    topic,
    String(partition),
    `${from.join(' ')} -> ${to.join(' ')}`,
    `${formatBytes(copiedBytes)} of ${formatBytes(totalBytes)}`,
    waitingFor.length === 0 ? '' : `broker ${waitingFor.join(', ')} is down`,
  ]);
  const left = [
    `${formatBytes(leftBytes)} left`,
    ...(bytesPerSecond === undefined ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
    ...(leftMs === undefined ? [] : [`${formatDuration(leftMs)} to go`]),
  ];
  return [
    moving.length === 0
      ? 'Nothing moves.'
      : `${formatTable(['Topic', 'Partition', 'Replicas', 'Copied', 'Remarks'], rows, { right: [1] })}\n${left.join(', ')}.`,
    ...rates.map(
      ({ broker, side, bytesPerSecond: rate, ours }) =>
        `broker ${broker}: ${side} throttle ${formatBytes(rate)}/s, ${ours ? `ours${moving.length === 0 ? ' and left over: the next apply removes it' : ''}` : 'set by someone else'}`,
    ),
    ...silent.map(({ broker, why }) => `broker ${broker} did not answer: ${why}`),
  ].join('\n');
}

/** What was moved, each partition that was not, and what stays to be cleaned up. */
export function formatReassignReport({ outcomes, copiedBytes, stoppedBy, throttle, released }: ReassignReport): string {
  const open = outcomes.filter(({ status }) => status !== 'done');
  const rows = open.map(({ topic, partition, status, why }) => [
    status.replace('-', ' '),
    topic,
    String(partition),
    why ?? '',
  ]);
  const kept = throttle?.kept ?? [];
  return [
    ...(rows.length === 0 ? [] : [formatTable(['Status', 'Topic', 'Partition', 'Why'], rows, { right: [2] })]),
    `${outcomes.length - open.length} of ${outcomes.length} partitions moved, ${formatBytes(copiedBytes)} copied.`,
    ...(stoppedBy === undefined ? [] : [`${stoppedBy.message}. ${stoppedBy.next}`]),
    ...kept.map(
      ({ broker, side, bytesPerSecond }) =>
        `broker ${broker} kept the ${side} throttle of ${formatBytes(bytesPerSecond)}/s that someone else had set`,
    ),
    ...(released === undefined
      ? ['The throttle could not be removed, since the cluster did not answer: the next apply removes it.']
      : released.silent.map(
          ({ broker, why }) =>
            `broker ${broker} may keep a throttle until the next apply, since it did not answer: ${why}`,
        )),
  ].join('\n');
}

export function formatCancelReport({ outcomes, released }: CancelReport): string {
  const count = (status: string) => outcomes.filter((outcome) => outcome.status === status).length;
  const rows = outcomes
    .filter(({ status }) => status === 'failed' || status === 'unknown')
    .map(({ topic, partition, status, why }) => [status, topic, String(partition), why ?? '']);
  const throttles = released.lists.length + released.rates.length > 0 ? ' Throttles of ours are removed.' : '';
  return [
    ...(rows.length === 0 ? [] : [formatTable(['Status', 'Topic', 'Partition', 'Why'], rows, { right: [2] })]),
    outcomes.length === 0
      ? `Nothing moves.${throttles}`
      : `${count('cancelled')} of ${outcomes.length} moves taken back, ${count('ended')} had ended.${throttles}`,
  ].join('\n');
}
