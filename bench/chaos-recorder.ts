/**
 * What keeping a history costs the workload that it is kept of: the chaos runner's own producers and consumers as fast as they go, with the recorder and with
 * one that writes nothing, turn by turn on one topic of three workers.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openHistory, type Recorder } from '../chaos/history.ts';
import type { Scenario } from '../chaos/scenario.ts';
import { startWorkload } from '../chaos/workload.ts';
import { createTopics } from '../clients/kafka/requests/create-topics.ts';
import { compare, type Figure, Samples } from './figure.ts';
import { bootstrap, connected, withTopicsCluster } from './topics-cluster.ts';

const rounds = 6;
/** Of one turn, after a moment in which clients find their brokers. */
const [warmMs, turnMs] = [3_000, 8_000];
const partitions = 3;

/** More than the machine does: each key's lane is always late, so that it sends at once what is due. */
const workload: Scenario['workload'] = {
  acks: 'all',
  retries: 8,
  ratePerSecond: 100_000,
  keys: 12,
  consumers: 2,
  through: 'kafka',
  push: false,
};

const names = { with: 'with the recorder', without: 'with one that writes nothing' };

export const chaosRecorder: Figure = {
  name: 'chaos-recorder',
  async measure(progress) {
    const [rates, processor] = [new Samples('1/s'), new Samples('µs')];
    await withTopicsCluster(async () => {
      for (let round = 1; round <= rounds; round += 1) {
        // Who is first has the colder caches: in turn.
        const order = round % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const);
        for (const kind of order) {
          const { rate, processorUs } = await turn(`recorder-${round}-${kind}`, kind === 'with');
          rates.add(names[kind], rate);
          processor.add(`${names[kind]}, processor time of a record`, processorUs);
        }
        progress(`round ${round} of ${rounds}: ${Math.round(rates.get(names.with).values.at(-1) ?? 0)} 1/s`);
      }
    });
    const [with_, without] = [rates.get(names.with), rates.get(names.without)];
    const [ours, theirs] = [names.with, names.without].map((name) =>
      processor.get(`${name}, processor time of a record`),
    );
    if (ours === undefined || theirs === undefined) throw new TypeError('nothing was measured');
    return {
      figure: 'chaos-recorder',
      about:
        'Records a second that were acknowledged to the chaos runner’s producers, read by its consumers at the same time: acks=all, 2 replicas, 120 bytes.',
      samples: [with_, without, ours, theirs],
      comparisons: [
        compare('throughput with the recorder / without', with_, without, { atLeast: 0.97 }),
        compare('processor time with the recorder / without', ours, theirs),
      ],
      notes: [
        'The brokers run on the same cores. Processor time is the whole process’s, clients and all, for each acknowledged record.',
        'Scenarios send 400 to 1,000 records a second: what is measured here is a multiple of that.',
      ],
    };
  },
};

async function turn(topic: string, records: boolean): Promise<{ readonly rate: number; readonly processorUs: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'ensemble-bench-'));
  await connected(async (connection) => {
    await createTopics(connection, [{ topic, partitions, replicas: 2, config: {} }], {
      brokerTimeoutMs: 30_000,
    });
  });
  const recorder = records ? await openHistory(join(folder, 'history.jsonl')) : silent();
  try {
    const running = await startWorkload({ bootstrap, topic, partitions, workload, recorder });
    try {
      await running.ready;
      const acknowledged = () => [0, 1, 2].reduce((sum, partition) => sum + running.acknowledged(partition), 0);
      await delay(warmMs);
      const [before, began, used] = [acknowledged(), performance.now(), process.cpuUsage()];
      await delay(turnMs);
      const [count, tookMs, { user, system }] = [
        acknowledged() - before,
        performance.now() - began,
        process.cpuUsage(used),
      ];
      return { rate: (count * 1000) / tookMs, processorUs: (user + system) / count };
    } finally {
      await running.stopProducing(10_000);
      await running.close();
    }
  } finally {
    await recorder.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function silent(): Recorder {
  const origin = performance.now();
  const now = () => performance.now() - origin;
  return { now, record: now, flush: async () => {}, close: async () => {} };
}
