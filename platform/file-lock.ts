/**
 * A lock between processes of one machine, held by a folder of tickets. A holder that died, in whatever way, holds nothing from that instant on.
 *
 * This is Lamport's bakery ("A New Solution of Dijkstra's Concurrent Programming Problem", 1974) with files for its registers. Everybody who wants
 * the lock draws a ticket numbered above those that he sees and waits until no smaller one of a living process is left. Each file's name is unique
 * and says whose it is, so removing a dead one's is harmless however many do it at once: the race of the usual single lock file, where the second
 * of two that found a dead holder removes the first one's fresh lock, cannot arise. It is fair too.
 *
 * Limits: processes must see each other's pids, so two containers that share the folder do not exclude each other. What the lock guards must
 * therefore stay correct without it (atomic renames); the lock saves double work, and keeps apart tools that have no lock of their own.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { noProcessTable } from './errors.ts';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

export interface FileLockOptions {
  /** Gives up waiting; the abort's reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Called once, when another living process is found before us. */
  readonly onWait?: ((holder: ProcessIdentity) => void) | undefined;
}

export interface FileLock {
  /** Safe to call twice. */
  release(): Promise<void>;
}

/** How often a waiting process looks again. A lock is held for seconds, so this costs nothing that anyone feels. */
const pollMs = 25;

interface Ticket {
  readonly file: string;
  readonly kind: 'choosing' | 'ticket';
  readonly number: number;
  readonly owner: ProcessIdentity;
}

/** Runs `work` while holding the lock; frees it whether `work` succeeds or throws. `path` becomes a folder, which stays. */
export async function withFileLock<T>(path: string, options: FileLockOptions, work: () => Promise<T>): Promise<T> {
  const lock = await acquireFileLock(path, options);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** Waits for the lock. Not re-entrant: a second acquisition by the same process waits for the first one's release. @internal */
export async function acquireFileLock(path: string, options: FileLockOptions = {}): Promise<FileLock> {
  options.signal?.throwIfAborted();
  const self = identify(process.pid);
  if (self === undefined) throw noProcessTable(undefined);
  const id = randomUUID();
  const choosing = join(path, nameOf('choosing', 0, self, id));
  await writeIn(path, choosing);
  let ticket: string;
  let file: string;
  try {
    const last = (await readTickets(path)).reduce((highest, each) => Math.max(highest, each.number), 0);
    file = nameOf('ticket', last + 1, self, id);
    ticket = join(path, file);
    await writeFile(ticket, '');
  } finally {
    await rm(choosing, { force: true });
  }
  const release = () => rm(ticket, { force: true });

  try {
    let waiting = false;
    for (;;) {
      const before = await firstBefore(path, file);
      if (before === undefined) return { release };
      if (!waiting && before.owner.pid !== self.pid) {
        waiting = true;
        options.onWait?.(before.owner);
      }
      await delay(pollMs, undefined, { signal: options.signal });
    }
  } catch (error) {
    await release();
    options.signal?.throwIfAborted();
    throw error;
  }
}

/** Whoever removes what the lock guarded may remove the lock's folder too while nobody holds a ticket, between our making it and our first file. */
async function writeIn(path: string, file: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await mkdir(path, { recursive: true });
    try {
      return await writeFile(file, '');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 10) throw error;
    }
  }
}

/** A living process's entry that has the right to go before `own`. */
async function firstBefore(path: string, own: string): Promise<Ticket | undefined> {
  // Two readings, in this order: who was choosing when we looked may have drawn a number below ours that we cannot see yet; who began to choose
  // after our ticket lay there has drawn a higher one; who is no longer choosing in the first reading has his ticket there in the second.
  for (const each of await readTickets(path)) {
    if (each.kind !== 'choosing') continue;
    if (isAlive(each.owner)) return each;
    await rm(join(path, each.file), { force: true });
  }
  for (const each of await readTickets(path)) {
    // Names sort by number (zero-padded), then by owner and id: a total order, also between equal numbers.
    if (each.kind === 'choosing' || each.file >= own) continue;
    if (isAlive(each.owner)) return each;
    await rm(join(path, each.file), { force: true });
  }
  return undefined;
}

function nameOf(kind: Ticket['kind'], number: number, owner: ProcessIdentity, id: string): string {
  return [
    kind,
    String(number).padStart(12, '0'),
    owner.pid,
    Buffer.from(owner.startedAt).toString('base64url'),
    id,
  ].join('.');
}

async function readTickets(path: string): Promise<Ticket[]> {
  const tickets: Ticket[] = [];
  for (const file of (await readdir(path)).sort()) {
    const match = /^(choosing|ticket)\.(\d{12})\.(\d+)\.([\w-]+)\.[\w-]+$/.exec(file);
    const [, kind, number, pid, startedAt] = match ?? [];
    if (number === undefined || pid === undefined || startedAt === undefined) continue;
    const owner = { pid: Number(pid), startedAt: Buffer.from(startedAt, 'base64url').toString() };
    tickets.push({ file, kind: kind === 'choosing' ? 'choosing' : 'ticket', number: Number(number), owner });
  }
  return tickets;
}
