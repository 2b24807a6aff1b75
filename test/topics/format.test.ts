/** What people read: each entry with its reason, and nothing but a line where nothing changes. */
import { expect, test } from 'vitest';
import { noController } from '../../clients/errors.ts';
import { verifyTopics } from '../../topics/apply/verify.ts';
import { formatOutcomes, formatPlan, formatVerification } from '../../topics/format.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { planTopics } from '../../topics/plan/plan.ts';
import { observeTopics } from '../../topics/plan/state.ts';
import { ModelCluster } from './model-cluster.ts';

const escapeCharacter = String.fromCharCode(27);

async function formatted(...topics: readonly unknown[]) {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2);
  cluster.add('b', 3, 2);
  const manifest = parseManifest({ file: 'topics.yaml', text: JSON.stringify({ topics }) });
  const report = await verifyTopics(cluster, manifest, { timeoutMs: 0 });
  return { plan: planTopics(manifest, await observeTopics(cluster, manifest)), report };
}

test('a plan without entries is one line', async () => {
  expect(formatPlan((await formatted('a', 'b')).plan)).toBe('No changes: 2 topics are as declared.');
  expect(formatPlan((await formatted('a')).plan)).toBe('No changes: 1 topic is as declared.');
});

test('a plan shows each change, the reason of what is blocked, and the sum', async () => {
  const text = formatPlan((await formatted('a:2', { name: 'b', config: { 'retention.ms': 1 } }, 'c:1:1')).plan);
  expect(text).toContain('it has 3 partitions and the manifest says 2');
  expect(text).toContain('retention.ms: 604800000 -> 1');
  expect(text).toContain('1 partition, 1 replica');
  expect(text).toContain('1 to create, 1 with new settings, 1 blocked.');
  expect(text).not.toContain(escapeCharacter);
});

test('colour is there only where it is asked for', async () => {
  expect(formatPlan((await formatted('c')).plan, { colour: true })).toContain(escapeCharacter);
});

test('a table fits a terminal of 120 columns', async () => {
  const text = formatPlan((await formatted('a:2', 'b:9')).plan);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
});

test('outcomes name each change that was not made, with its reason, and why the run ended', () => {
  const text = formatOutcomes({
    outcomes: [
      { topic: 'a', action: 'create', status: 'done' },
      { topic: 'b', action: 'create', status: 'failed', why: 'no room' },
      { topic: 'c', action: 'addPartitions', status: 'not-sent' },
    ],
    reassigned: undefined,
    stoppedBy: noController(30_000),
  });
  expect(text).toMatch(/failed .* b .* no room/);
  expect(text).toMatch(/not sent .* c /);
  expect(text).toContain('1 of 3 changes made. no broker acted as the controller for 30000 ms.');
});

test('a verdict has a row for each topic, with what differs', async () => {
  const text = formatVerification((await formatted('a', 'b:4')).report);
  expect(text).toMatch(/a .* 3 .* 2 .* 2 .* 3\/3 .* as declared/);
  expect(text).toMatch(/b .* has 3 partitions, not 4/);
});

test('in colour the reason of a blocked entry stands out and its next step back; a changed setting never does', async () => {
  const { plan } = await formatted('a:2', { name: 'b', config: { 'retention.ms': 1 } }, 'c');
  const faint = new RegExp(`${escapeCharacter}\\[2m(.*?)${escapeCharacter}\\[22m`, 'g');
  const dimmed = [...formatPlan(plan, { colour: true }).matchAll(faint)].map(([, text]) => text).join(' ');
  for (const entry of plan.entries) {
    if (entry.action === 'blocked') {
      expect(dimmed).toContain(entry.next);
      expect(dimmed).not.toContain(entry.reason.slice(0, 40));
    }
    if (entry.action === 'changeConfig') for (const { name } of entry.changes) expect(dimmed).not.toContain(`${name}:`);
  }
});

test('a verification of no topics is a sentence, not an empty table', async () => {
  expect(formatVerification({ ...(await formatted()).report, topics: [] })).toBe(
    'The manifest declares no topics to verify.',
  );
});
