/**
 * Completes the late files of a node's list: reads each template, waits for the secrets that it names, and puts the whole file in its place, with its mode
 * and its owner. A reader sees the file of before or the new one; one that is as it should be is not touched.
 */
import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EnsembleError } from '../../contracts/error.ts';
import type { FillConfig } from '../../contracts/fill-config.ts';
import { fillLate, type Late, type LateText, readLateTemplate } from '../../contracts/late.ts';
import type { ListedFile, NodeList } from '../../contracts/node-list.ts';
import { objectDamaged, ownerUnknown, secretsMissing } from './errors.ts';
import type { SecretSource } from './secret-source.ts';

export interface FillContext {
  readonly source: SecretSource;
  /** One line that a person reads; no value is ever in it. */
  tell(line: string): void;
  /** Between two looks at the secrets. */
  pause(): Promise<void>;
}

/** The paths that were written. Throws FILL_OBJECT_DAMAGED, FILL_SECRETS_MISSING, FILL_OWNER_UNKNOWN, LATE_TEMPLATE_UNREADABLE. */
export async function fillFiles(list: NodeList, config: FillConfig, context: FillContext): Promise<readonly string[]> {
  const files = list.files.filter(({ late }) => late);
  const texts: { readonly file: ListedFile; readonly text: LateText }[] = [];
  for (const file of files) texts.push({ file, text: readLateTemplate(await readObject(file, config.objects)) });
  const secrets = await awaitSecrets(secretIds(texts.map(({ text }) => text)), config.waitMs, context);
  const resolve = (late: Late) =>
    Promise.resolve('fact' in late ? config.facts.zone : (secrets.get(late.secret) ?? ''));

  // Every text first: a fault in the last one leaves all files as they were.
  const whole: { readonly file: ListedFile; readonly text: string; readonly owner: number }[] = [];
  for (const { file, text } of texts)
    whole.push({ file, text: await fillLate(text, resolve), owner: ownerOf(file, list) });
  const written: string[] = [];
  for (const { file, text, owner } of whole) {
    if (await isAsItShouldBe(file, text, owner)) continue;
    await put(file, text, owner);
    written.push(file.path);
  }
  return written;
}

async function readObject({ sha256, path }: ListedFile, objects: string): Promise<string> {
  const bytes = await readFile(join(objects, sha256)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const found = bytes === undefined ? undefined : createHash('sha256').update(bytes).digest('hex');
  if (bytes === undefined || found !== sha256) throw objectDamaged(path, sha256, found);
  return bytes.toString('utf8');
}

function secretIds(texts: readonly LateText[]): readonly string[] {
  const ids = texts.flatMap((text) =>
    text.flatMap((part) => (typeof part !== 'string' && 'secret' in part ? [part.secret] : [])),
  );
  return [...new Set(ids)].sort();
}

/** All of them, once they are there: a machine may start before its secrets are made. */
async function awaitSecrets(
  ids: readonly string[],
  waitMs: number,
  { source, tell, pause }: FillContext,
): Promise<ReadonlyMap<string, string>> {
  const deadline = performance.now() + waitMs;
  let said = '';
  for (;;) {
    let found: ReadonlyMap<string, string> = new Map();
    let why = '';
    try {
      found = ids.length === 0 ? found : await source.read(ids);
    } catch (error) {
      // A role that is a minute old may not be known everywhere yet.
      if (!(error instanceof EnsembleError) || !error.code.startsWith('CLIENT_AWS_')) throw error;
      why = error.message;
    }
    const missing = ids.filter((id) => !found.has(id));
    if (missing.length === 0) return found;
    if (performance.now() >= deadline) throw secretsMissing(missing, source.name, why, waitMs);
    const line = `waits for ${missing.join(', ')} in ${source.name}${why === '' ? '' : `: ${why}`}`;
    if (line !== said) tell(line);
    said = line;
    await pause();
  }
}

/** Throws FILL_OWNER_UNKNOWN. */
function ownerOf({ owner, path }: ListedFile, { accounts }: NodeList): number {
  if (owner === 'root') return 0;
  const account = accounts.find(({ name }) => name === owner);
  if (account === undefined) throw ownerUnknown(owner, path);
  return account.id;
}

async function isAsItShouldBe({ path, mode }: ListedFile, text: string, owner: number): Promise<boolean> {
  try {
    const found = await lstat(path);
    if (!found.isFile() || (found.mode & 0o7777) !== mode || found.uid !== owner || found.gid !== owner) return false;
    return (await readFile(path, 'utf8')) === text;
  } catch {
    return false;
  }
}

/** Written beside, for its owner alone until it is whole, and renamed. A crash leaves a file of that one name, which the next run writes over. */
async function put({ path, mode }: ListedFile, text: string, owner: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const beside = join(dirname(path), `.${basename(path)}.ensemble`);
  await rm(beside, { force: true });
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await chown(beside, owner, owner);
  await chmod(beside, mode);
  await rename(beside, path);
}
