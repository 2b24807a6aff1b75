/**
 * Draws docs/topics.svg from a real run: `node --import tsx scripts/generate-terminal-picture.ts`. It brings up a platform of its own on loopback addresses of its
 * own, in a folder that it removes again, runs the commands that the picture shows as they stand there, and purges the platform.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createColors } from 'picocolors';
import { installationRoot } from '../platform/installation-root.ts';
import { drawTerminal } from './generate-terminal-picture/draw.ts';

const before = `topics:
  - monitoring.pms:3:2
  - monitoring.mppt:3:1
  - system.feature:6:2
  - name: system.audit
    config: { retention.ms: 604800000 }
`;

const after = `groups:
  - match: monitoring.*
    config: { compression.type: zstd }
topics:
  - monitoring.pms:6:2
  - monitoring.mppt:3:2
  - monitoring.battery
  - system.feature:3:2
  - name: system.audit
    config: { retention.ms: 2592000000 }
`;

/** What is shown, each word as it is run. */
const shown = ['topics plan', 'topics apply --yes', "topics status 'monitoring.*'"];

const colors = createColors(true);
const root = installationRoot();
const folder = await mkdtemp(join(tmpdir(), 'ensemble-picture-'));
const [environmentFile, manifestFile] = [join(folder, 'solar.yaml'), join(folder, 'topics.yaml')];
const variables = {
  ...process.env,
  ENSEMBLE_ENVIRONMENT: environmentFile,
  ENSEMBLE_STATE: join(folder, 'state'),
  FORCE_COLOR: '1',
};

/** A shell reads the words, as a person's would. */
function ensemble(words: string): { readonly output: string; readonly status: number } {
  const { stdout, stderr, status } = spawnSync(
    'sh',
    ['-c', `exec "$0" "$1" ${words}`, process.execPath, join(root, 'bin/ensemble.js')],
    {
      env: variables,
      encoding: 'utf8',
    },
  );
  if (status === null || status === 1) throw new Error(`ensemble ${words} ended with ${status}:\n${stdout}${stderr}`);
  return { output: stdout.trimEnd(), status };
}

try {
  const local = await readFile(join(root, 'environments/local.yaml'), 'utf8');
  const own = local
    .replace(/^name: .*$/m, 'name: solar')
    .replace(/^( *subnet:) .*$/m, '$1 127.0.29.0/24')
    .replace(/^topics: .*$/m, `topics: ${manifestFile}`);
  await writeFile(environmentFile, own);
  await writeFile(manifestFile, before);
  ensemble('up');
  await writeFile(manifestFile, after);
  let plan = '';
  const blocks = shown.map((words) => {
    const { output, status } = ensemble(words);
    // An apply shows its plan first, which stands above already.
    const repeats = plan !== '' && output.startsWith(plan);
    const lines = repeats ? `${colors.dim('... the plan, as above')}\n\n${output.slice(plan.length).trim()}` : output;
    if (words === 'topics plan') plan = output;
    return `${colors.green('$')} ${colors.bold(`ensemble ${words}`)}\n${lines}\n${colors.dim(`exit status ${status}`)}\n`;
  });
  const file = join(root, 'docs/topics.svg');
  await writeFile(file, drawTerminal({ title: 'ensemble topics: plan, apply, status', text: blocks.join('\n') }));
  console.log(file);
} finally {
  ensemble('down --purge --yes');
  await rm(folder, { recursive: true, force: true });
}
