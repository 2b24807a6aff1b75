/**
 * What keeping a history costs the workload that it is kept of: the processor time that the recorder takes for the very events of a run, against what the chaos
 * runner's producers and consumers take for the same records with a recorder that writes nothing. Throughput itself says less: the brokers share the machine, and
 * at full speed it swings by a half from turn to turn, with or without a history.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openHistory, type Recorder, type UntimedEvent } from '../chaos/history.ts';
import type { Scenario } from '../chaos/scenario.ts';
import { startWorkload } from '../chaos/workload.ts';
import { createTopics } from '../clients/kafka/requests/create-topics.ts';
import { compare, type Figure, Samples } from './figure.ts';
import { bootstrap, connected, withTopicsCluster } from './topics-cluster.ts';

const rounds = 5;
/** Of one turn, after a moment in which clients find their brokers. */
const [warmMs, turnMs] = [3_000, 10_000];
const partitions = 3;
/** As many as come in the time for which the recorder gathers lines. */
const [atOnce, pauseMs] = [600, 260];

/** The most that a scenario asks for, and more keys, so that nearly each record is a request of its own: the most lines for a record. */
const workload: Scenario['workload'] = {
  acks: 'all',
  retries: 8,
  ratePerSecond: 1_000,
  keys: 60,
  consumers: 2,
  through: 'kafka',
  push: false,
};

const names = {
  recorder: 'the recorder, processor time of a record',
  workload: 'producers and consumers, processor time of a record',
};

export const chaosRecorder: Figure = {
  name: 'chaos-recorder',
  async measure(progress) {
    const samples = new Samples('µs');
    let lines = 0;
    await withTopicsCluster(async () => {
      for (let round = 1; round <= rounds; round += 1) {
        const { events, records, processorUs } = await play(`recorder-${round}`);
        samples.add(names.workload, processorUs / records);
        samples.add(names.recorder, (await recorded(events)) / records);
        lines = events.length / records;
        progress(`round ${round} of ${rounds}: ${samples.get(names.recorder).values.at(-1)} µs`);
      }
    });
    const [recorder, clients] = [samples.get(names.recorder), samples.get(names.workload)];
    return {
      figure: 'chaos-recorder',
      about:
        'A history of 1,000 records a second, 120 bytes each, acks=all, written and read by KafkaJS: what its lines cost beside what their records cost.',
      samples: [recorder, clients],
      comparisons: [compare('recorder / producers and consumers', recorder, clients, { atMost: 0.03 })],
      notes: [
        `Processor time of the whole process, user and system. In the last round a record had ${lines.toFixed(2)} lines: its request, its acknowledgement, its delivery.`,
        'The recorder is given the events of the turn before it anew, at its own pace, and writes them to a file.',
        'Processor time stands for throughput here: records are sent at a set rate, which a history lowers only by taking the processor from the clients; how much of it, beside what they take themselves, is the figure. Throughput itself, at full speed, was not told apart from its own swing, a half from turn to turn, and is not given.',
      ],
    };
  },
};

async function play(topic: string) {
  const newTopic = { topic, partitions, replicas: 2, config: {} };
  await connected(async (connection) => {
    await createTopics(connection, [newTopic], { brokerTimeoutMs: 30_000 });
  });
  const events: UntimedEvent[] = [];
  const running = await startWorkload({ bootstrap, topic, partitions, workload, recorder: keeping(events) });
  try {
    await running.ready;
    const acknowledged = () => [0, 1, 2].reduce((sum, partition) => sum + running.acknowledged(partition), 0);
    await delay(warmMs);
    const [before, first, used] = [acknowledged(), events.length, process.cpuUsage()];
    await delay(turnMs);
    const { user, system } = process.cpuUsage(used);
    return { records: acknowledged() - before, events: events.slice(first), processorUs: user + system };
  } finally {
    await running.stopProducing(10_000);
    await running.close();
  }
}

/** Microseconds of the processor. */
async function recorded(events: readonly UntimedEvent[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'ensemble-bench-'));
  try {
    const recorder = await openHistory(join(folder, 'history.jsonl'));
    const used = process.cpuUsage();
    for (let from = 0; from < events.length; from += atOnce) {
      for (const event of events.slice(from, from + atOnce)) recorder.record(event);
      await delay(pauseMs);
    }
    await recorder.close();
    const { user, system } = process.cpuUsage(used);
    return user + system;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function keeping(events: UntimedEvent[]): Recorder {
  const now = () => performance.now();
  return {
    now,
    record(event) {
      events.push(event);
      return now();
    },
    flush: async () => {},
    close: async () => {},
  };
}
