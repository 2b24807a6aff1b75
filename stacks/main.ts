/**
 * What `cdktf synth`, `diff` and `deploy` run: every shipped environment of target aws, or the one that ENSEMBLE_ENVIRONMENT names (a file, or a name in
 * environments/), as the commands take it. Offline.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeArchives } from '../artifacts/node-archives.ts';
import { ensureProgramArchives } from '../artifacts/program-archives.ts';
import { loadEnvironment } from '../cluster/load.ts';
import { installationRoot } from '../platform/installation-root.ts';
import { lockFile, synthesize } from './synthesize.ts';

const folder = join(installationRoot(), 'environments');
const shipped = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort();
const { ENSEMBLE_ENVIRONMENT: named } = process.env;
const files = named === undefined ? shipped.map((file) => join(folder, file)) : [named];
const environments = await Promise.all(files.map((file) => loadEnvironment(file, folder)));
// The project's own, where it has one (docs/aws.md, "Which provider").
const lock = await readFile(join(installationRoot(), lockFile), 'utf8').catch(() => undefined);
synthesize(
  environments.flatMap(({ cluster }) => (cluster.target === 'aws' ? [cluster] : [])),
  { archives: nodeArchives(await ensureProgramArchives()) },
  undefined,
  lock,
);
