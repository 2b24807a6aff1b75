/**
 * A refusal of this machine's file system, said to a person: it is no defect of ensemble when a disk is full. Where a room knows better what a
 * missing or unreadable file means, it says so itself and nothing comes here. Codes: errno(3).
 */
import { EnsembleError } from '../../contracts/error.ts';

interface Remedy {
  readonly why: string;
  readonly next: string;
}

const elsewhere = 'or keep the state elsewhere with --state, the cache with ENSEMBLE_CACHE';
const mayWrite = `Give this user the right to write there, ${elsewhere}.`;

const remedies: ReadonlyMap<string, Remedy> = new Map([
  ['ENOSPC', { why: 'the disk is full', next: `Free some space there, ${elsewhere}; then run the command again.` }],
  ['EDQUOT', { why: 'the quota is used up', next: `Free some space there, ${elsewhere}; then run the command again.` }],
  ['EROFS', { why: 'it can only be read', next: `Mount it so that it can be written, ${elsewhere}.` }],
  ['EACCES', { why: 'this user may not', next: mayWrite }],
  ['EPERM', { why: 'this user may not', next: mayWrite }],
  ['ENOTDIR', { why: 'a part of the path is a file, not a folder', next: `Move that file away, ${elsewhere}.` }],
  ['EISDIR', { why: 'a folder lies where a file belongs', next: `Move that folder away, ${elsewhere}.` }],
  ['EMFILE', { why: 'too many files are open', next: 'Raise the limit (`ulimit -n`), then run the command again.' }],
]);

/** Undefined for what is not a file system's refusal. */
export function systemFault(error: unknown): EnsembleError | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  // Node says ENOENT of a folder that cannot be made in one that can only be read (mkdir with `recursive`).
  const unmade: Remedy | undefined =
    error.code === 'ENOENT' && error.syscall === 'mkdir'
      ? { why: 'the folder cannot be made', next: mayWrite }
      : undefined;
  const remedy = unmade ?? remedies.get(String(error.code));
  if (remedy === undefined) return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? ` ${error.path}` : '';
  return new EnsembleError({
    code: 'COMMAND_FILE_SYSTEM',
    message: `${String(error.syscall)}${path}: ${remedy.why} (${String(error.code)})`,
    next: remedy.next,
    cause: error,
  });
}
