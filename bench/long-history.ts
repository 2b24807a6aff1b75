/**
 * A history as a long run leaves it, made line by line: keys with one request of one record on its way at a time, a group that reads ten records at once, a
 * leader that was killed and healed, and the log after healing in pieces of a fetch's size. Nothing is amiss in it, so that a checker has to look at all of it.
 */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { UntimedEvent } from '../chaos/history.ts';

const partitions = 3;
const keys = 12;
const perSecond = 1_000;
/** Records of a poll, and of a line of the log. */
const [readAtOnce, logAtOnce] = [10, 20_000];
/** A line's worth of buffer. */
const chunkBytes = 1 << 20;

/** Of so many operations, a record each. */
export async function writeLongHistory(file: string, operations: number): Promise<void> {
  const stream = createWriteStream(file);
  let [text, at] = ['', 0];
  const line = async (event: UntimedEvent) => {
    text += `${JSON.stringify({ ...event, at: Math.round(at * 1000) / 1000 })}\n`;
    if (text.length < chunkBytes) return;
    if (!stream.write(text)) await once(stream, 'drain');
    text = '';
  };
  const logs: string[][] = Array.from({ length: partitions }, () => []);
  const read = Array.from({ length: partitions }, () => 0);
  const poll = async (partition: number) => {
    const [offset, log] = [read[partition] ?? 0, logs[partition] ?? []];
    if (log.length === offset) return;
    read[partition] = log.length;
    await line({ type: 'poll', consumer: `c${partition % 2}`, partition, offset, values: log.slice(offset) });
  };
  await line(startOf());
  await line({ type: 'joined', consumer: 'c0' });
  await line({ type: 'joined', consumer: 'c1' });
  await line(stateOf([1, 2, 3]));
  await line({ type: 'steady', phase: 'before', ok: true });
  for (let op = 1; op <= operations; op += 1) {
    const [lane, first] = [(op - 1) % keys, Math.ceil(op / keys)];
    const [key, partition] = [`k${lane + 1}`, lane % partitions];
    const log = logs[partition] ?? [];
    if (op === Math.floor(operations / 3)) {
      await line(faultOf('injecting'));
      await line(faultOf('injected'));
      at += 1;
      await line(stateOf([2, 3]));
    }
    if (op === Math.floor(operations / 2)) {
      await line(faultOf('healing'));
      await line(faultOf('healed'));
      await line(stateOf([1, 2, 3]));
    }
    await line({ type: 'send', op, key, first, count: 1, via: 'kafka' });
    at += 1000 / perSecond / 2;
    await line({ type: 'sent', op, outcome: 'ok', partition, offset: log.length });
    at += 1000 / perSecond / 2;
    log.push(`${key}:${first}`);
    if (log.length - (read[partition] ?? 0) === readAtOnce) await poll(partition);
  }
  for (const partition of logs.keys()) await poll(partition);
  for (const [partition, log] of logs.entries()) await line({ type: 'ends', partition, start: 0, end: log.length });
  await line({ type: 'drained', ok: true });
  for (const [partition, log] of logs.entries())
    for (let offset = 0; offset < log.length; offset += logAtOnce)
      await line({ type: 'log', partition, offset, values: log.slice(offset, offset + logAtOnce) });
  await line({ type: 'steady', phase: 'after', ok: true });
  await line({ type: 'end', outcome: 'completed' });
  stream.end(text);
  await once(stream, 'finish');
}

function startOf(): UntimedEvent {
  const plan = {
    title: 'made',
    partition: 0,
    prediction: { writing: 'continues', reading: 'continues', durability: 'keeps', theorem: [] },
    mustLose: false,
    failoverSeconds: 8,
    sessionSeconds: 6,
    acks: 'all',
    minInSync: 2,
    atMostDown: 1,
    ratePerSecond: perSecond,
  };
  const startedAt = '2026-11-22T12:00:00.000Z';
  const command = 'ensemble chaos run made --seed 1';
  return { type: 'start', version: 1, startedAt, scenario: 'made', seed: 1, command, topic: 'made', partitions, plan };
}

function stateOf(registered: readonly number[]): UntimedEvent {
  const all = [1, 2, 3];
  return {
    type: 'state',
    registered,
    answering: registered.map((broker) => `worker-${broker}`),
    partitions: Array.from({ length: partitions }, (_each, partition) => ({
      partition,
      leader: registered[partition % registered.length] ?? 2,
      replicas: all,
      inSync: registered,
    })),
  };
}

function faultOf(phase: 'injecting' | 'injected' | 'healing' | 'healed'): UntimedEvent {
  return { type: 'fault', fault: 0, phase, kind: 'kill', target: 'leader', node: 'worker-1', broker: 1 };
}
