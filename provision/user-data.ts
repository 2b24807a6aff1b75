/**
 * The script that makes a Debian machine a node, as a cloud runs it at a machine's first start: the same bytes for every node and environment, so that no
 * setting ever replaces a machine. It is written as two files, so that a linter reads each: script/node.sh, and script/node.py within it for what a shell
 * cannot do (signed requests). The only module of this room that reads files.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../platform/installation-root.ts';

let script: string | undefined;

/** POSIX sh, less than the 16 KiB that AWS takes. */
export function userData(): string {
  script ??= read('node.sh').replace('@node.py@\n', () => read('node.py'));
  return script;
}

function read(name: string): string {
  return readFileSync(join(installationRoot(), 'provision', 'script', name), 'utf8');
}
