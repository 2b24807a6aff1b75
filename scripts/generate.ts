/**
 * `npm run generate`: the committed files that are made from code or from the jars. `npm run generate -- schema` makes the JSON Schemas alone, which
 * needs nothing; `facts` asks Kafka's jars (Java 17), `launcher` compiles the stand-in's class (JDK 17), `lock` asks Maven for all jars and names what
 * it gave; `runtimes` takes the Java, Node and HAProxy that Debian and npm carry today (Debian 12). Without an argument, all of them.
 */
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Argument, Command } from 'commander';
import { artifactsLock, runtimesLock } from '../artifacts/artifacts-lock.ts';
import { cacheRootOf } from '../artifacts/cache.ts';
import { ensureArtifact } from '../artifacts/ensure-artifact.ts';
import { describeSettings, factFiles } from '../artifacts/facts.ts';
import { findJava } from '../artifacts/find-java.ts';
import { formatLock, lockArtifacts } from '../artifacts/lock.ts';
import { lockRuntimes } from '../artifacts/lock-runtimes.ts';
import { compileLauncher, launcherFile } from '../artifacts/stand-in-launcher.ts';
import { environmentJsonSchema } from '../cluster/json-schema.ts';
import { installationRoot } from '../platform/installation-root.ts';
import { manifestJsonSchema } from '../topics/manifest/manifest-schema.ts';
import { planJsonSchema } from '../topics/plan/plan-schema.ts';
import { reportError } from './present/errors.ts';

const onProgress = (line: string) => console.log(line);

async function write(file: string, text: string): Promise<void> {
  await writeFile(join(installationRoot(), file), text);
  console.log(`wrote ${file}`);
}

function asText(schema: object): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** In the order in which they depend on each other: the lock names the launcher's hash, facts are asked of the jars that the lock names, the schemas list the facts' settings. */
const makers = {
  async launcher() {
    const cacheRoot = cacheRootOf(undefined, process.env);
    await write(launcherFile, await compileLauncher(cacheRoot, await findJava(), { env: process.env, onProgress }));
  },
  async lock() {
    const services = await lockArtifacts(cacheRootOf(undefined, process.env), { env: process.env, onProgress });
    await write('artifacts/artifacts.lock.json', formatLock(services, runtimesLock));
  },
  async runtimes() {
    const cacheRoot = cacheRootOf(undefined, process.env);
    const runtimes = await lockRuntimes({ cacheRoot, env: process.env, onProgress });
    await write('artifacts/artifacts.lock.json', formatLock(artifactsLock, runtimes));
  },
  async facts() {
    const [java, jars] = [await findJava(), await ensureArtifact('kafka', { onProgress })];
    for (const kind of ['broker', 'topic'] as const)
      await write(factFiles[kind], await describeSettings(kind, jars, java));
  },
  async schema() {
    await write('environments/environment.schema.json', asText(environmentJsonSchema()));
    await write('topics/manifest.schema.json', asText(manifestJsonSchema()));
    await write('topics/plan.schema.json', asText(planJsonSchema()));
  },
} as const;

type Kind = keyof typeof makers;
const kinds = Object.keys(makers) as readonly Kind[];

const command = new Command('generate')
  .description('Makes the committed files that are made from code or from the jars. Exits with 0 when all are written.')
  .addArgument(new Argument('[kind]', 'only these').choices(kinds))
  .parse();

const [chosen] = command.args;
if (chosen !== undefined) {
  await makers[chosen as Kind]().catch((error: unknown) => {
    process.exitCode = reportError(error, { json: false, interrupted: false });
  });
} else {
  // A process reads the lock and the facts once, as it starts: each kind in a process of its own sees what the one before wrote.
  for (const kind of kinds) {
    const { status } = spawnSync(process.execPath, ['--import', 'tsx', import.meta.filename, kind], {
      stdio: 'inherit',
    });
    process.exitCode = status ?? 1;
    if (process.exitCode !== 0) break;
  }
}
