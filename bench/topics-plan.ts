/**
 * What looking costs: a plan that finds nothing to do, against the requests that no plan can do without, one Metadata and DescribeConfigs in the same
 * chunks. One cluster grows from 1,000 to 5,000 topics; at each size the two take turns on one connection. Memory is that of the whole command.
 */
import assert from 'node:assert/strict';
import type { KafkaConnection } from '../clients/kafka/connection.ts';
import type { NewTopic } from '../clients/kafka/requests/create-topics.ts';
import { describeConfigs } from '../clients/kafka/requests/describe-configs.ts';
import { verifyTopics } from '../topics/apply/verify.ts';
import { loadManifest } from '../topics/manifest/load-manifest.ts';
import { planTopics } from '../topics/plan/plan.ts';
import { observeTopics } from '../topics/plan/state.ts';
import { compare, type Figure, Samples } from './figure.ts';
import { idleResidentMB, peakResidentMB } from './memory.ts';
import {
  assertRequests,
  chunked,
  connected,
  createRaw,
  manyTopics,
  measured,
  type TopicsCluster,
  withTopicsCluster,
} from './topics-cluster.ts';

const growth = [
  { size: 1_000, rounds: 9, add: manyTopics('many', 1_000, 3, 2) },
  { size: 5_000, rounds: 5, add: manyTopics('more', 4_000, 1, 1) },
] as const;
const sizes = growth.map(({ size }) => size);
const everything = growth.flatMap(({ add }) => add);
/** Turns before those that count: both sides run the same code of the connection, which the first turns compile. */
const warmUps = 1;
const risings = 2;

const names = {
  plan: (size: number) => `no-op plan of ${size}: manifest read, observed, planned`,
  observe: (size: number) => `of it, the cluster observed, ${size}`,
  raw: (size: number) => `raw Metadata + DescribeConfigs of ${size}`,
  memory: (size: number) => `ensemble topics plan of ${size}, peak resident`,
  idle: 'node -e 0, peak resident',
};

export const topicsPlan: Figure = {
  name: 'topics-plan',
  async measure(progress) {
    const times = new Samples('ms');
    const memory = new Samples('MB');
    await withTopicsCluster(async (cluster) => {
      let there: readonly NewTopic[] = [];
      for (const { size, rounds, add } of growth) {
        there = [...there, ...add];
        const file = await cluster.writeManifest(there);
        await connected(async (connection) => {
          await createRaw(connection, add);
          const manifest = await loadManifest(file);
          assert.equal((await verifyTopics(connection, manifest, { timeoutMs: 120_000 })).ok, true);
          for (let turn = 1; turn <= warmUps; turn += 1) await takeTurns(new Samples('ms'), connection, file, there);
          for (let turn = 1; turn <= rounds; turn += 1) await takeTurns(times, connection, file, there);
        });
        await peaks(memory, names.memory(size), cluster, there);
        progress(`${size} topics: ${Math.round(times.get(names.plan(size)).values.at(-1) ?? 0)} ms a plan`);
      }
    });
    for (let rising = 1; rising <= risings; rising += 1) memory.add(names.idle, idleResidentMB());
    const target = { atMost: 300 };
    return {
      figure: 'topics-plan',
      about: `A real cluster of three workers with 512 MiB of heap each: the first ${growth[0].size} topics have 3 partitions and 2 replicas, those added later 1 and 1.`,
      samples: [
        ...times.all(),
        ...memory.all().map((sample) => (sample.name === names.idle ? sample : { ...sample, target })),
      ],
      comparisons: sizes.map((size) =>
        compare(`no-op plan / raw requests, ${size}`, times.get(names.plan(size)), times.get(names.raw(size)), 1.3),
      ),
      notes: [
        `Requests of a plan, asserted in every turn and the same as the floor’s: one Metadata, and DescribeConfigs of 300 topics each (${sizes.map((size) => `${requestsOf(size).DescribeConfigs} for ${size}`).join(', ')}).`,
        'The floor decodes the answers, as any client must, and keeps nothing. Both sides use the same open connection, turn by turn; the manifest of the plan is read from its file each time.',
        'Memory is the whole command’s high-water mark (VmHWM, 10^6 bytes). 10,000 topics are in topics-memory: a cluster of two cores takes too long to make them.',
      ],
    };
  },
};

function requestsOf(size: number): { readonly Metadata: number; readonly DescribeConfigs: number } {
  return { Metadata: 1, DescribeConfigs: chunked(everything.slice(0, size)).length };
}

async function takeTurns(
  times: Samples,
  connection: KafkaConnection,
  file: string,
  topics: readonly NewTopic[],
): Promise<void> {
  const size = topics.length;
  let observeMs = 0;
  const planned = await measured(connection, async () => {
    const manifest = await loadManifest(file);
    const before = performance.now();
    const state = await observeTopics(connection, manifest);
    observeMs = performance.now() - before;
    return planTopics(manifest, state);
  });
  assert.deepEqual(planned.result.entries, []);
  assert.equal(planned.result.unchanged.length, size);
  assertRequests('the plan', planned.requests, requestsOf(size));
  const raw = await measured(connection, async () => {
    await connection.metadata();
    for (const chunk of chunked(topics))
      await describeConfigs(
        connection,
        chunk.map(({ topic }) => ({ type: 'topic' as const, name: topic })),
      );
  });
  assertRequests('the floor', raw.requests, requestsOf(size));
  times.add(names.plan(size), planned.ms);
  times.add(names.observe(size), observeMs);
  times.add(names.raw(size), raw.ms);
}

async function peaks(
  memory: Samples,
  name: string,
  { platform, writeManifest }: TopicsCluster,
  topics: readonly NewTopic[],
): Promise<void> {
  const args = ['topics', 'plan', '--manifest', await writeManifest(topics)];
  for (let rising = 1; rising <= risings; rising += 1)
    memory.add(name, await peakResidentMB((onStart) => platform.ensemble(args, { onStart })));
}
