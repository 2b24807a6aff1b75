/** What `cdktf synth`, `diff` and `deploy` run: every shipped environment of target aws. Offline. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadEnvironment } from '../cluster/load.ts';
import { installationRoot } from '../platform/installation-root.ts';
import { synthesize } from './synthesize.ts';

const folder = join(installationRoot(), 'environments');
const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort();
const environments = await Promise.all(files.map((file) => loadEnvironment(join(folder, file), folder)));
synthesize(
  environments.flatMap(({ cluster }) => (cluster.target === 'aws' ? [cluster] : [])),
  { archives: {} },
);
