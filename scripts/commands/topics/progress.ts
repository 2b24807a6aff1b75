/** The line that stands while topics are changed. */
import type { ApplyProgress } from '../../../topics/apply/apply.ts';
import { formatProgress } from '../../../topics/reassign/format-reassign.ts';
import type { ProgressState } from '../../present/progress.ts';

export function describeProgress({ done, failed, total, moving }: ApplyProgress): ProgressState {
  const failures = failed === 0 ? '' : `, ${failed} failed`;
  const words = `${done} of ${total} changes${failures}`;
  if (moving === undefined) return { share: total === 0 ? 1 : done / total, words };
  // While replicas move the copying is what takes time: the bar shows bytes.
  const share =
    moving.totalBytes === 0 ? moving.done / Math.max(1, moving.total) : moving.copiedBytes / moving.totalBytes;
  return { share, words: formatProgress(moving) };
}
