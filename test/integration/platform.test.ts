/** The lock and the identities among real processes, many of which are killed while they hold it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { acquireFileLock } from '../../platform/file-lock.ts';
import { identify, isAlive } from '../../platform/process-identity.ts';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ensemble-platform-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function run(script: string, args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.push(child);
  return child;
}

const ended = (child: ChildProcess) =>
  new Promise<void>((resolve) =>
    child.exitCode !== null || child.signalCode !== null ? resolve() : child.once('exit', () => resolve()),
  );

test('a process is alive until it ends; its identity is not given to anybody after', async () => {
  const child = spawn('sleep', ['60']);
  children.push(child);
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity === undefined) throw new Error('the child has no identity');
  expect(isAlive(identity)).toBe(true);
  child.kill('SIGKILL');
  await ended(child);
  expect(isAlive(identity)).toBe(false);
});

test('of many processes, each of which dies with the lock at a random moment, no two ever hold it together', async () => {
  const script = join(folder, 'contender.mts');
  const room = join(import.meta.dirname, '../../platform/file-lock.ts');
  // The work: create a file that must not exist, count up, remove it. Every third round the process kills itself while it holds the lock.
  await writeFile(
    script,
    `import { readFileSync, writeFileSync, rmSync, appendFileSync } from 'node:fs';
     import { acquireFileLock } from ${JSON.stringify(room)};
     import { identify, isAlive } from ${JSON.stringify(room.replace('file-lock', 'process-identity'))};
     const [folder, rounds, dies] = process.argv.slice(2);
     for (let round = 0; round < Number(rounds); round++) {
       const lock = await acquireFileLock(folder + '/x.lock');
       const inside = folder + '/inside';
       try {
         const other = JSON.parse(readFileSync(inside, 'utf8'));
         if (isAlive(other)) appendFileSync(folder + '/violations', process.pid + ' met ' + other.pid + '\\n');
       } catch {}
       writeFileSync(inside, JSON.stringify(identify(process.pid)));
       const count = Number(readFileSync(folder + '/count', 'utf8'));
       await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
       writeFileSync(folder + '/count', String(count + 1));
       if (dies === 'yes' && round === Number(rounds) - 1) process.kill(process.pid, 'SIGKILL');
       rmSync(inside, { force: true });
       await lock.release();
     }`,
  );
  await writeFile(join(folder, 'count'), '0');
  const contenders = Array.from({ length: 10 }, (_, index) =>
    run(script, [folder, '6', index % 2 === 0 ? 'yes' : 'no']),
  );
  await Promise.all(contenders.map(ended));
  await expect(readFile(join(folder, 'violations'), 'utf8')).rejects.toThrow('ENOENT');
  expect(await readFile(join(folder, 'count'), 'utf8')).toBe('60');
  expect(contenders.filter((child) => child.signalCode === 'SIGKILL')).toHaveLength(5);
});

test('who waits is told for whom, and has the lock once that one is killed', async () => {
  const script = join(folder, 'holder.mts');
  const room = join(import.meta.dirname, '../../platform/file-lock.ts');
  await writeFile(
    script,
    `import { writeFileSync } from 'node:fs';
     import { acquireFileLock } from ${JSON.stringify(room)};
     await acquireFileLock(process.argv[2] + '/x.lock');
     writeFileSync(process.argv[2] + '/held', '');
     setInterval(() => {}, 1000);`,
  );
  const holder = run(script, [folder]);
  await vi.waitFor(() => readFile(join(folder, 'held')), { timeout: 20_000, interval: 50 });
  const told = new Promise<number>((resolve) => {
    acquireFileLock(join(folder, 'x.lock'), { onWait: (other) => resolve(other.pid) }).then((lock) => lock.release());
  });
  expect(await told).toBe(holder.pid);
  holder.kill('SIGKILL');
  await ended(holder);
  const lock = await acquireFileLock(join(folder, 'x.lock'));
  await lock.release();
});
