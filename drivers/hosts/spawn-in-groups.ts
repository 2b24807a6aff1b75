/** Starts a program that outlives the command, as a member of control groups from its first moment on: whoever ends the groups ends it. */
import { spawn } from 'node:child_process';

/** @param folders as makeGroup gives them; @param output where it writes, a file that is open */
export function spawnInGroups(folders: readonly string[], command: readonly string[], output: number): void {
  const args = ['-c', joinScript, 'groups', folders.join('\n'), ...command];
  const child = spawn('sh', args, { detached: true, stdio: ['ignore', output, output] });
  child.on('error', () => undefined).unref();
}

const joinScript = `set -eu
groups=$1
shift
for group in $groups; do echo $$ >"$group/cgroup.procs"; done
exec "$@"
`;
