/**
 * Who a process is: its pid together with the moment it started, as this operating system says it.
 *
 * A pid alone is reused, after a reboot soon; whoever signals a remembered pid may hit a stranger. The pair is never reused.
 * Linux: field 22 of /proc/<pid>/stat (clock ticks since boot, proc(5)) with the boot's id. Elsewhere: `ps -o stat=,lstart=` in UTC, to the second.
 * A zombie has ended and only waits for its parent, so it counts as dead.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { noProcessTable } from './errors.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: compare it, do not read it. Differs between two processes that had the same pid. */
  readonly startedAt: string;
}

/** The identity of the process that has this pid now; undefined if none lives. Throws PLATFORM_NO_PROCESS_TABLE where the system cannot say. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined;
  const startedAt = process.platform === 'linux' ? startedAtFromProc(pid) : startedAtFromPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** Whether exactly this process, and not a later one with its pid, still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

/** Opaque: another one after each boot of this machine. Undefined where the system does not say. */
export function currentBoot(): string | undefined {
  return process.platform === 'linux' ? bootId() : undefined;
}

/**
 * Opaque: within which pids are told from one another, this machine since its boot, or a container of it. A process of another one cannot be looked for.
 * Undefined where the system does not say: two machines may have the same name.
 */
export function processSpace(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  return [hostname(), bootId(), readlinkSync('/proc/self/ns/pid')].join(' ');
}

function startedAtFromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // ENOENT, or ESRCH when it ends between open and read.
    return undefined;
  }
  const ticks = parseProcStat(stat);
  return ticks === undefined ? undefined : `${bootId()}:${ticks}`;
}

/** Field 22, `starttime`, of the text of /proc/<pid>/stat; undefined for a process that is a zombie or dead. @internal */
export function parseProcStat(stat: string): string | undefined {
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  if (state === undefined || state === 'Z' || state === 'X' || state === 'x') return undefined;
  return fields[19];
}

let knownBootId: string | undefined;

function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return knownBootId;
}

function startedAtFromPs(pid: number): string | undefined {
  const result = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    // A start time printed in local time would change with the season.
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  });
  if (result.error) throw noProcessTable(result.error);
  return parsePs(result.stdout);
}

/** The start time of `ps -o stat=,lstart=`; undefined for no line or a zombie. @internal */
export function parsePs(output: string): string | undefined {
  const match = /^\s*(\S+)\s+(\S.*\S)\s*$/.exec(output);
  if (match?.[1] === undefined || match[1].startsWith('Z')) return undefined;
  return match[2];
}
