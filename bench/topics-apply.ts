/**
 * What our applier costs above the work that the controller has to do: 1,000 new topics of 3:2, against CreateTopics requests of the same chunks
 * through the same connection, and nothing else. Each run has a cluster of its own, fresh, purged afterwards.
 */
import assert from 'node:assert/strict';
import type { KafkaConnection } from '../clients/kafka/connection.ts';
import { applyPlan } from '../topics/apply/apply.ts';
import { verifyTopics } from '../topics/apply/verify.ts';
import { loadManifest } from '../topics/manifest/load-manifest.ts';
import { planTopics } from '../topics/plan/plan.ts';
import { observeTopics } from '../topics/plan/state.ts';
import { sweepThrottles } from '../topics/reassign/throttle.ts';
import { compare, type Figure, Samples } from './figure.ts';
import {
  assertRequests,
  chunked,
  connected,
  createRaw,
  formatRequests,
  manyTopics,
  measured,
  type RequestCounts,
  withTopicsCluster,
} from './topics-cluster.ts';

const rounds = 3;
const topics = manyTopics('many', 1_000, 3, 2);
const requestsToCreate = chunked(topics).length;

const names = {
  whole: 'ensemble: manifest read, planned, made, verified',
  plan: 'ensemble: manifest read, throttles looked for, planned',
  made: 'ensemble: made (applyPlan)',
  wire: 'of it, waiting for the answers to CreateTopics',
  verified: 'ensemble: verified',
  raw: 'raw CreateTopics requests',
};

export const topicsApply: Figure = {
  name: 'topics-apply',
  async measure(progress) {
    const samples = new Samples('ms');
    let sent: RequestCounts = {};
    for (let round = 1; round <= rounds; round += 1) {
      // A B, B A, A B: a machine that grows slower or faster meanwhile favours neither.
      if (round % 2 === 0) await timeRaw(samples);
      sent = await timeApply(samples);
      if (round % 2 === 1) await timeRaw(samples);
      const last = samples.all().map(({ name, values }) => `${name} ${Math.round(values.at(-1) ?? 0)}`);
      progress(`round ${round} of ${rounds}: ${last.join('; ')}`);
    }
    const [whole, made, wire] = [samples.get(names.whole), samples.get(names.made), samples.get(names.wire)];
    const raw = samples.get(names.raw);
    return {
      figure: 'topics-apply',
      about: `${topics.length} new topics of 3 partitions and 2 replicas on a fresh cluster of three workers with 512 MiB of heap each.`,
      samples: samples.all(),
      comparisons: [
        compare('ensemble, whole / raw', whole, raw, 1.15),
        compare('ensemble, made / raw', made, raw, 1.15),
        compare('ensemble, whole / its own waiting for answers to CreateTopics', whole, wire, 1.15),
        compare('ensemble, made / its own waiting for answers to CreateTopics', made, wire),
      ],
      notes: [
        'The floor sends the same chunks (300 topics) through the same connection layer, one after the other, and looks at nothing. Each run has a cluster of its own, brought up anew.',
        'Both make the same requests, so where the machine is busy the ratio to the floor is mostly what else it does at the time: the floor’s own least and most say how much. The ratio to the applier’s own waiting is taken within one run, and has no such noise.',
        `Requests of the whole run: ${formatRequests(sent)}; the ${requestsToCreate} CreateTopics are asserted to be all that making the topics sends, and those before it too. Verifying polls, so its Metadata requests vary.`,
      ],
    };
  },
};

/** As operations/topics.ts goes about it, with a person who said yes beforehand. Returns the requests of the whole. */
function timeApply(samples: Samples): Promise<RequestCounts> {
  return withTopicsCluster(async ({ writeManifest }) => {
    const file = await writeManifest(topics);
    return await connected(async (connection) => {
      const planning = await measured(connection, async () => {
        const manifest = await loadManifest(file);
        await sweepThrottles(connection);
        return { manifest, plan: planTopics(manifest, await observeTopics(connection, manifest)) };
      });
      const { manifest, plan } = planning.result;
      let waitedMs = 0;
      const timed = waiting(connection, (ms) => {
        waitedMs += ms;
      });
      const making = await measured(connection, () => applyPlan(timed, plan));
      const verifying = await measured(connection, () => verifyTopics(connection, manifest, { timeoutMs: 120_000 }));
      assert.equal(making.result.outcomes.filter(({ status }) => status === 'done').length, topics.length);
      assert.equal(verifying.result.ok, true);
      // The brokers and their throttles, three of them; every topic there is, and one broker's min.insync.replicas.
      assertRequests('planning', planning.requests, { Metadata: 2, DescribeConfigs: 4 });
      assertRequests('making', making.requests, { CreateTopics: requestsToCreate });
      assert.deepEqual(Object.keys(verifying.requests), ['Metadata']);
      samples.add(names.whole, planning.ms + making.ms + verifying.ms);
      samples.add(names.plan, planning.ms);
      samples.add(names.made, making.ms);
      samples.add(names.wire, waitedMs);
      samples.add(names.verified, verifying.ms);
      const polls = verifying.requests.Metadata ?? 0;
      return { ...planning.requests, ...making.requests, Metadata: (planning.requests.Metadata ?? 0) + polls };
    });
  });
}

/** The same connection, which tells how long each answer took. */
function waiting(connection: KafkaConnection, tell: (ms: number) => void): KafkaConnection {
  return {
    requests: connection.requests,
    metadata: (...args) => connection.metadata(...args),
    close: () => connection.close(),
    async send(...args) {
      const before = performance.now();
      const response = await connection.send(...args);
      tell(performance.now() - before);
      return response;
    },
  };
}

function timeRaw(samples: Samples): Promise<void> {
  return withTopicsCluster(() =>
    connected(async (connection) => {
      const { ms, requests } = await measured(connection, () => createRaw(connection, topics));
      assertRequests('the floor', requests, { CreateTopics: requestsToCreate });
      samples.add(names.raw, ms);
    }),
  );
}
