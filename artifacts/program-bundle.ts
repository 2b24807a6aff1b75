/**
 * A program of ours as one file: programs/<name>/main.ts and every package that it uses, bundled by esbuild, so that a node needs nothing but node itself.
 * The same sources give the same bytes in whatever folder they lie, and the file is kept in the cache by its SHA-256. See decision 0024.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { installationRoot } from '../platform/installation-root.ts';
import { hashFile } from './archive.ts';
import { cacheRootOf, newWorkFolder, publish } from './cache.ts';
import { programAbsent } from './errors.ts';

/** The programs, by what they are called in the model: each a folder of programs/ with a main.ts. @internal */
export const programs = [
  'messaging-api',
  'push-server',
  'auth',
  'seed',
  'replica-set',
  'fill',
  'topics-applier',
  'node-watch',
] as const;
export type ProgramName = (typeof programs)[number];

export interface ProgramBundle {
  /** Absolute. Started as `node FILE --config …`; its source map lies beside it. */
  readonly file: string;
  /** Of that file, lower-case hexadecimal. */
  readonly sha256: string;
}

export interface EnsureProgramOptions {
  /** The checkout whose sources are bundled: this installation's, but for tests. */
  readonly root?: string | undefined;
  /** Instead of ENSEMBLE_CACHE and the user's cache folder. */
  readonly cacheDirectory?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** Counts up when the same sources are bundled otherwise. */
const recipe = 1;

/** What a program can import (.dependency-cruiser.cjs), and what says which packages are installed. */
const sourceFolders = ['programs', 'contracts', 'clients', 'topics', 'documents', 'platform'];
const sourceFiles = ['package.json', 'package-lock.json', 'tsconfig.json', 'node_modules/.package-lock.json'];

/** Packages that the mongodb driver takes where they are installed and does without where not: compiled ones, and ways to sign in that nothing here offers. */
const optionalPackages = [
  '@aws-sdk/credential-providers',
  '@mongodb-js/zstd',
  'aws4',
  'gcp-metadata',
  'kerberos',
  'mongodb-client-encryption',
  'snappy',
  'socks',
];

/** Packages in the old module format ask for these two, which the new one does not have. The names are such as no source has. */
const oldFormat = `import { createRequire as ensembleCreateRequire } from 'node:module';
import { fileURLToPath as ensembleFileUrlToPath } from 'node:url';
const require = ensembleCreateRequire(import.meta.url);
const __dirname = ensembleFileUrlToPath(new URL('.', import.meta.url));`;

/** A bundle that was not used for this long goes when another is made; a running program has read its own whole. */
const keptHours = 6;

/** Throws ARTIFACTS_PROGRAM_ABSENT, and what esbuild throws where a source does not compile. I/O throughout. */
export async function ensureProgram(name: ProgramName, options: EnsureProgramOptions = {}): Promise<ProgramBundle> {
  const root = options.root ?? installationRoot();
  const folder = join(cacheRootOf(options.cacheDirectory, options.env ?? process.env), 'programs');
  const known = join(folder, `sources-${await sourceDigest(root, name)}`);
  const before = await readFile(known, 'utf8').catch(() => undefined);
  if (before !== undefined) {
    const bundle = bundleOf(folder, name, before.trim());
    if (await isWhole(bundle)) {
      await markUsed(known, join(bundle.file, '..'));
      return bundle;
    }
  }

  const { program, sourceMap } = await bundleProgram(name, root);
  const bundle = bundleOf(folder, name, createHash('sha256').update(program).digest('hex'));
  if (!(await isWhole(bundle))) {
    const work = await newWorkFolder(folder);
    try {
      await writeFile(join(work.path, `${name}.mjs`), program);
      await writeFile(join(work.path, `${name}.mjs.map`), sourceMap);
      await publish(work, join(bundle.file, '..'), () => isWhole(bundle));
    } finally {
      await work.remove();
    }
  }
  const unfinished = `${known}.${randomUUID()}`;
  await writeFile(unfinished, `${bundle.sha256}\n`);
  await rename(unfinished, known);
  await prune(folder);
  return bundle;
}

function bundleOf(folder: string, name: ProgramName, sha256: string): ProgramBundle {
  return { file: join(folder, `${name}-${sha256.slice(0, 12)}`, `${name}.mjs`), sha256 };
}

async function isWhole({ file, sha256 }: ProgramBundle): Promise<boolean> {
  return (await hashFile(file).catch(() => undefined)) === sha256;
}

/** The program's text and its source map's. Throws ARTIFACTS_PROGRAM_ABSENT. */
async function bundleProgram(
  name: ProgramName,
  root: string,
): Promise<{ readonly program: Uint8Array; readonly sourceMap: Uint8Array }> {
  const main = posix.join('programs', name, 'main.ts');
  if (!(await stat(join(root, main)).catch(() => undefined))) throw programAbsent(name, join(root, main));
  // A third of a second to load, and most commands bundle nothing.
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { [name]: main },
    // Nothing is written: the place is what the source map's paths start from.
    outdir: join(root, '.build', 'programs'),
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: oldFormat },
    external: optionalPackages,
    // Else a node_modules that is a link would leave its place in the file's comments.
    preserveSymlinks: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'eof',
    logLevel: 'silent',
  });
  const ending = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.contents ?? new Uint8Array();
  return { program: ending('.mjs'), sourceMap: ending('.mjs.map') };
}

/** Of the path, size and time of every source: about 5 ms, and no compiler is loaded where nothing changed. */
async function sourceDigest(root: string, name: ProgramName): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([recipe, name, root]));
  const note = async (path: string) => {
    const found = await stat(join(root, path)).catch(() => undefined);
    hash.update(`${path}\0${found?.size}\0${found?.mtimeMs}\n`);
  };
  for (const file of sourceFiles) await note(file);
  for (const folder of sourceFolders) {
    const items = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
    const paths = items.filter((item) => item.isFile()).map((item) => join(item.parentPath, item.name));
    for (const path of paths.sort()) await note(path.slice(root.length + 1));
  }
  return hash.digest('hex').slice(0, 16);
}

async function markUsed(...paths: readonly string[]): Promise<void> {
  const now = new Date();
  for (const path of paths) await utimes(path, now, now).catch(() => undefined); // another user's cache may be read alone
}

async function prune(folder: string): Promise<void> {
  const oldest = Date.now() - keptHours * 3_600_000;
  for (const item of await readdir(folder)) {
    if (item.startsWith('.')) continue;
    const path = join(folder, item);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < oldest) await rm(path, { recursive: true, force: true });
  }
}
