/**
 * The rendered files of one master and one worker of each shipped environment, as they are committed. `UPDATE_GOLDEN=1 npm run test:quick -- --filter golden`
 * writes them anew; the difference is for a person to read.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { namedAddressing } from '../../cluster/addressing.ts';
import { loadEnvironment } from '../../cluster/load.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { loopback, renderAll, textOf } from './rendering.ts';

const shown = ['master-1', 'worker-3'];

test.each(['local', 'staging', 'production'])('%s is rendered as its golden says', async (name) => {
  const { cluster } = await loadEnvironment(name, join(installationRoot(), 'environments'));
  const addressing = cluster.target === 'local' ? loopback(cluster) : namedAddressing(cluster);
  const text = renderAll(cluster, addressing)
    .filter(({ node }) => shown.includes(node))
    .map((file) => `==> ${file.node}: ${file.path} (${file.mode.toString(8)})\n${textOf(file)}`)
    .join('\n');
  const golden = join(installationRoot(), 'test', 'golden', `${name}.txt`);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(golden), { recursive: true });
    writeFileSync(golden, text);
  }
  expect(text).toBe(readFileSync(golden, 'utf8'));
});
