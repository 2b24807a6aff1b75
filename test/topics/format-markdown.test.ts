/** Markdown for pull requests: every entry with its reason in tables that hold whatever Kafka or a person wrote. */
import { expect, test } from 'vitest';
import { verifyTopics } from '../../topics/apply/verify.ts';
import {
  formatOutcomesMarkdown,
  formatPlanMarkdown,
  formatVerificationMarkdown,
} from '../../topics/format-markdown.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { planTopics } from '../../topics/plan/plan.ts';
import { observeTopics } from '../../topics/plan/state.ts';
import { ModelCluster } from './model-cluster.ts';

async function of(...topics: readonly unknown[]) {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2);
  const manifest = parseManifest({ file: 'topics.yaml', text: JSON.stringify({ topics }) });
  return { cluster, manifest, plan: planTopics(manifest, await observeTopics(cluster, manifest)) };
}

/** The cells of each row; a bar that was not escaped would make one more. */
function rowsOf(markdown: string): readonly (readonly string[])[] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) => line.slice(2, -2).split(/ (?<!\\)\| /));
}

test('a plan without changes is its sum and what it is bound to, without an empty table', async () => {
  const { plan } = await of('a');
  const text = formatPlanMarkdown(plan);
  expect(text).toMatch(
    /^\*\*No changes: 1 topic is as declared\.\*\*\n\nCluster `model`, manifest `[0-9a-f]{12}`, state `[0-9a-f]{12}`\.\n$/,
  );
});

test('changes and what is blocked stand in tables of their own, each with its reason', async () => {
  const { plan } = await of('a:2', { name: 'b', config: { 'retention.ms': 5 } });
  expect(rowsOf(formatPlanMarkdown(plan))).toEqual([
    ['Topic', 'Change', 'What'],
    ['`b`', 'create', '3 partitions, 2 replicas<br>retention.ms = 5'],
    ['Topic', 'Why', 'Next'],
    [
      '`a`',
      expect.stringContaining('it has 3 partitions and the manifest says 2'),
      expect.stringContaining('Set its partitions to 3'),
    ],
  ]);
});

test('what a broker or a setting says cannot become a table, a tag, a link or code', () => {
  const why = 'a | b `c` <img src=x> [d](e)\nf';
  const text = formatOutcomesMarkdown({
    outcomes: [
      { topic: 'a', action: 'create', status: 'failed', why },
      { topic: 'b', action: 'create', status: 'done' },
    ],
    reassigned: undefined,
    stoppedBy: undefined,
  });
  expect(text).toContain('**1 of 2 changes made.**');
  expect(rowsOf(text)).toEqual([
    ['Topic', 'Change', 'Status', 'Why'],
    ['`a`', 'create', 'failed', 'a \\| b \\`c\\` \\<img src=x\\> \\[d\\](e) f'],
    ['`b`', 'create', 'done', ''],
  ]);
});

test('a verdict says in one sentence whether all is as declared, and what differs in its row', async () => {
  const { cluster, manifest } = await of('a:4');
  const report = await verifyTopics(cluster, manifest, { timeoutMs: 0 });
  const text = formatVerificationMarkdown(report);
  expect(text).toContain('**Not every topic is as declared.**');
  expect(rowsOf(text).at(-1)).toEqual(['`a`', '3', '2', '2', '3/3', 'has 3 partitions, not 4']);
});
