/** `ensemble topics status` */
import { setTimeout as delay } from 'node:timers/promises';
import { exitStatus } from '../../../contracts/error.ts';
import { topicsStatus } from '../../../operations/topics-reports.ts';
import { formatStatus } from '../../../topics/status/format-status.ts';
import type { TopicsStatus } from '../../../topics/status/status.ts';
import { hasColour } from '../../present/colour.ts';
import { printJson, printLine } from '../../present/terminal.ts';
import type { Invocation } from '../invocation.ts';
import { targetOf } from './target.ts';

const watchMs = 2_000;

export async function status(invocation: Invocation): Promise<number> {
  const { positional, options, signal } = invocation;
  const target = await targetOf(invocation);
  if (options.watch) return await watch(() => topicsStatus(target, positional, signal), signal);
  const seen = await topicsStatus(target, positional, signal);
  if (options.json) printJson(seen);
  else printLine(formatStatus(seen, { colour: hasColour }));
  return isWell(seen) ? exitStatus.ok : exitStatus.blocked;
}

function isWell({ brokers, topics, silent }: TopicsStatus): boolean {
  return (
    brokers.every(({ up }) => up) &&
    silent.length === 0 &&
    topics.every(({ leaderless, underReplicated }) => leaderless.length === 0 && underReplicated.length === 0)
  );
}

/** Draws over the same screen until the signal; where no terminal is, one after the other. A cluster that does not answer is shown, and asked again. */
async function watch(look: () => Promise<TopicsStatus>, signal: AbortSignal): Promise<number> {
  const { isTTY } = process.stdout;
  while (!signal.aborted) {
    const text = await look().then(
      (seen) => formatStatus(seen, { colour: hasColour, ...(isTTY ? { lines: process.stdout.rows - 2 } : {}) }),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (signal.aborted) break;
    process.stdout.write(`${isTTY ? '\u001b[2J\u001b[H' : ''}${text}\n${new Date().toISOString()}\n`);
    await delay(watchMs, undefined, { signal }).catch(() => undefined);
  }
  return exitStatus.ok;
}
