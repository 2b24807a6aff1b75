/**
 * Memory of a plan at 10,000 topics of 3:2: the whole command as a person runs it, against answers made at the wire's level (wire-cluster.ts), since a
 * cluster on two cores takes a quarter of an hour and more to make so many. topics-plan has the same command on a real cluster of up to 5,000.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewTopic } from '../clients/kafka/requests/create-topics.ts';
import { installationRoot } from '../platform/installation-root.ts';
import { compare, type Figure, Samples } from './figure.ts';
import { idleResidentMB, peakResidentMB } from './memory.ts';
import { runCommand } from './platform.ts';
import { assertRequests, chunked, manifestOf, manyTopics } from './topics-cluster.ts';
import { wireCluster } from './wire-cluster.ts';

const rounds = 3;
const topics = manyTopics('many', 10_000, 3, 2);

const names = {
  same: `ensemble topics plan, ${topics.length} as declared, peak resident`,
  fresh: `ensemble topics plan --json, ${topics.length} to create, peak resident`,
  idle: 'node -e 0, peak resident',
};

export const topicsMemory: Figure = {
  name: 'topics-memory',
  async measure(progress) {
    const memory = new Samples('MB');
    for (let round = 1; round <= rounds; round += 1) {
      // 34 requests of 300 topics.
      const described = { DescribeConfigs: chunked(topics).length };
      memory.add(names.same, await peakOfPlan({ there: topics, status: 0, requests: described }));
      // One for the broker's min.insync.replicas.
      memory.add(names.fresh, await peakOfPlan({ there: [], status: 2, requests: { DescribeConfigs: 1 } }));
      memory.add(names.idle, idleResidentMB());
      progress(`round ${round} of ${rounds}: ${Math.round(memory.get(names.same).values.at(-1) ?? 0)} MB`);
    }
    const [same, fresh, idle] = [memory.get(names.same), memory.get(names.fresh), memory.get(names.idle)];
    const target = { atMost: 300 };
    return {
      figure: 'topics-memory',
      about: `Planning ${topics.length} topics of 3 partitions and 2 replicas, whole command.`,
      samples: [{ ...same, target }, { ...fresh, target }, idle],
      comparisons: [compare('plan of as declared / node -e 0', same, idle)],
      notes: [
        'No brokers: the answers come from `bench/wire-cluster.ts`, as long as those of Kafka 3.9 (every setting of every topic). The requests that it sees are asserted: two Metadata (the connection’s and the plan’s), and DescribeConfigs of 300 topics each.',
        'Memory is the process’s own high-water mark (VmHWM, 10^6 bytes). Linux only.',
      ],
    };
  },
};

interface Planned {
  readonly there: readonly NewTopic[];
  /** 0 where nothing is to do, 2 where changes are pending. */
  readonly status: 0 | 2;
  readonly requests: { readonly DescribeConfigs: number };
}

async function peakOfPlan({ there, status, requests }: Planned): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'ensemble-bench-'));
  const cluster = await wireCluster(there);
  try {
    const file = join(folder, 'many.yaml');
    await writeFile(file, manifestOf(topics));
    const command = [
      join(installationRoot(), 'bin/ensemble.js'),
      'topics',
      'plan',
      ...(status === 0 ? [] : ['--json']),
    ];
    const args = [...command, '--manifest', file, '--bootstrap', cluster.bootstrap];
    const peak = await peakResidentMB((onStart) => runCommand(process.execPath, args, { onStart, accepted: [status] }));
    const { ApiVersions: _, ...sent } = cluster.takeCounts();
    assertRequests('the plan', sent, { Metadata: 2, ...requests });
    return peak;
  } finally {
    await cluster.close();
    await rm(folder, { recursive: true, force: true });
  }
}
