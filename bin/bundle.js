/**
 * The bundle that bin/ensemble.js and bin/synth.js run: their sources and what those import, a file each and shared chunks, made by esbuild in
 * .build/<digest>/ when a source changed. The digest covers the path, size and modification time of every source (about 5 ms for a few
 * hundred files), so that an unchanged checkout starts without loading a compiler. Packages stay outside and load from node_modules.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What is run, by name. */
const entries = { ensemble: 'scripts/ensemble.ts', synth: 'stacks/main.ts' };
const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
/** Folders that the command never imports: a changed test makes no new bundle. */
const outside = new Set(['node_modules', 'test', 'bench', 'docs', 'coverage']);
const source = /\.(ts|js|json)$/;
/** Builds that survive the pruning whatever their age, and the age below which every build survives: a command that runs may yet load a chunk of it. */
const keptBuilds = 3;
const keptHours = 48;

/** Runs one of the entries, from an up-to-date bundle. Throws what it throws, and what esbuild throws when a source does not compile. */
export async function runBundled(name) {
  const bundle = await currentBundle(name);
  if (bundle === undefined) {
    // The checkout cannot be written to (a read-only mount, another user's): compile as the sources load, which is slower but the same.
    const { register } = await import('tsx/esm/api');
    register();
    await import(pathToFileURL(join(checkout, entries[name])).href);
  } else {
    // Stacks then name the .ts file and line. Node reads a chunk's map when it loads the chunk, and lazy chunks keep that small.
    process.setSourceMapsEnabled(true);
    await import(pathToFileURL(bundle).href);
  }
}

/**
 * The entry file of an up-to-date bundle, or undefined, with a notice on stderr, where .build/ cannot be written.
 * Throws what esbuild throws when a source does not compile.
 */
export async function currentBundle(name = 'ensemble', root = checkout) {
  const builds = join(root, '.build');
  const build = join(builds, sourceDigest(root));
  const entry = join(build, `${name}.js`);
  if (existsSync(entry)) {
    touch(build);
    return entry;
  }
  let scratch;
  try {
    mkdirSync(builds, { recursive: true });
    scratch = mkdtempSync(join(builds, 'unfinished-'));
  } catch (error) {
    console.error(`ensemble: ${builds} cannot be written (${error.code}); compiling at each start, which is slower`);
    return undefined;
  }
  try {
    await bundle(root, scratch);
    publish(scratch, build);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  prune(builds);
  return entry;
}

async function bundle(root, outdir) {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'error',
  });
}

/** A rename is atomic: others see a whole build or none. Whoever comes second finds the same content there and drops their own. */
function publish(scratch, build) {
  chmodSync(scratch, 0o755); // a scratch folder is its maker's alone; a build is for everyone who may read the sources
  try {
    renameSync(scratch, build);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'EPERM') throw error;
  }
}

function prune(builds) {
  const oldest = Date.now() - keptHours * 3_600_000;
  const dated = readdirSync(builds).flatMap((name) => {
    const stats = statSync(join(builds, name), { throwIfNoEntry: false }); // another run may prune too
    return stats === undefined ? [] : [{ name, usedAt: stats.mtimeMs }];
  });
  dated.sort((a, b) => b.usedAt - a.usedAt);
  for (const { name, usedAt } of dated.slice(keptBuilds)) {
    if (usedAt < oldest) rmSync(join(builds, name), { recursive: true, force: true });
  }
}

/** Marks a build as in use, for prune(). A build that another user made still runs. */
function touch(build) {
  try {
    const now = new Date();
    utimesSync(build, now, now);
  } catch {}
}

function sourceDigest(root) {
  const hash = createHash('sha256');
  const visit = (folder) => {
    for (const item of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (item.name.startsWith('.') || (folder === '' && outside.has(item.name))) continue;
      const path = join(folder, item.name);
      if (item.isDirectory()) visit(path);
      else if (source.test(item.name)) {
        const { size, mtimeMs } = statSync(join(root, path));
        hash.update(`${path}\0${size}\0${mtimeMs}\n`);
      }
    }
  };
  visit('');
  return hash.digest('hex').slice(0, 16);
}
