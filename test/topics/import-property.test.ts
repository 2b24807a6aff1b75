/** Importing a cluster and planning with the result changes nothing: over random clusters, behind the interface of a connection. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { importManifest } from '../../topics/import/import.ts';
import { observeForImport } from '../../topics/import/observe-import.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { planTopics } from '../../topics/plan/plan.ts';
import { observeTopics } from '../../topics/plan/state.ts';
import { ModelCluster } from './model-cluster.ts';

const at = new Date('2026-11-22T04:00:00Z');

const settingArbitrary = fc.constantFrom(
  ['retention.ms', '604800000'],
  ['retention.ms', '-1'],
  ['retention.ms', '86400001'],
  ['segment.ms', '9223372036854775807'],
  ['cleanup.policy', 'compact, delete'],
  ['cleanup.policy', 'delete,compact'],
  ['preallocate', 'TRUE'],
  ['min.cleanable.dirty.ratio', '0.50'],
  ['compression.type', 'lz4'],
  ['min.insync.replicas', '2'],
  ['follower.replication.throttled.replicas', '0:1,1:2'],
  ['vendor.thing', '  # not: [a comment]'],
  ['max.message.bytes', 'lots'],
);
const nameArbitrary = fc.oneof(
  fc.stringMatching(/^[a-zA-Z0-9._-]{1,12}$/),
  fc.stringMatching(/^[ab]\.[a-z.]{1,3}$/),
  fc.constantFrom(
    'true',
    'null',
    '1e3',
    '0x1f',
    '12:30',
    '-',
    '---',
    '__consumer_offsets',
    'a.b',
    'a_b',
    'monitoring.pms',
    'x'.repeat(249),
  ),
);
const topicArbitrary = fc.record({
  name: nameArbitrary,
  partitions: fc.integer({ min: 1, max: 7 }),
  replicas: fc.integer({ min: 1, max: 3 }),
  config: fc
    .array(settingArbitrary, { maxLength: 4 })
    .map((pairs) => Object.fromEntries(pairs) as Record<string, string>),
  uneven: fc.boolean(),
});

/** Of two families, with settings that some or all of them share. */
const relativeArbitrary = fc.record({
  name: fc.stringMatching(/^[ab]\.[a-f]$/),
  partitions: fc.constant(3),
  replicas: fc.constant(2),
  config: fc
    .subarray([
      ['retention.ms', '1000'],
      ['preallocate', 'true'],
      ['vendor.thing', 'x'],
    ] as const)
    .map((pairs): Record<string, string> => Object.fromEntries(pairs)),
  uneven: fc.constant(false),
});

test('importing any cluster and planning with the result changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.array(topicArbitrary, { maxLength: 12 }), fc.array(relativeArbitrary, { maxLength: 8 })),
      fc.boolean(),
      async (topics, withBrokers) => {
        const cluster = new ModelCluster();
        for (const { name, partitions, replicas, config, uneven } of topics) {
          cluster.add(name, partitions, replicas, config);
          const known = cluster.topics.get(name);
          const first = known?.partitions[0];
          if (uneven && known !== undefined && first !== undefined) {
            known.partitions[0] = { ...first, replicas: first.replicas.slice(0, 1) };
          }
        }
        const policy = withBrokers ? { brokers: 3, minInSyncReplicas: 1 } : {};
        const imported = importManifest(await observeForImport(cluster), { at, policy });
        const manifest = parseManifest({ file: 'topics.yaml', text: imported.text }, policy);
        const state = await observeTopics(cluster, manifest);
        const plan = planTopics(manifest, state);
        expect(plan.entries).toEqual([]);
        // What pruning would take away is remarked; nothing else would go.
        const pruned = planTopics(manifest, state, { prune: true }).entries.map(({ topic }) => topic);
        if (!imported.text.includes('removed by --prune-configs')) expect(pruned).toEqual([]);
        expect(plan.unchanged).toEqual([...imported.topics]);
        // Nothing is lost in silence.
        const told = [...imported.topics, ...imported.skipped.map(({ topic }) => topic)].sort();
        expect(told).toEqual([...cluster.topics.keys()].sort());
      },
    ),
    { numRuns: 300 },
  );
});
