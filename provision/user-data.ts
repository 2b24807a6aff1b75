/**
 * The script that makes a Debian machine a node, as a cloud runs it at a machine's first start: the same bytes for every node and environment, so that no
 * setting ever replaces a machine. It is written as two files, so that a linter reads each: script/node.sh, and script/node.py within it for what a shell
 * cannot do (signed requests). The only module of this room that reads files.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../platform/installation-root.ts';

let script: string | undefined;

/** POSIX sh, less than the 16 KiB that AWS takes: without the comments that explain its lines, but for those at its head. */
export function userData(): string {
  script ??= spoken(provisionScript('node.sh')).replace('@node.py@\n', () => spoken(provisionScript('node.py')));
  return script;
}

/** One of the files of script/, as it stands there. */
export function provisionScript(name: string): string {
  return readFileSync(join(installationRoot(), 'provision', 'script', name), 'utf8');
}

/** Whole lines of comment and of Python's documentation are left out; four spaces are a tab. */
function spoken(text: string): string {
  const [head = '', ...rest] = text.split(/(?<=\n)(?!#)/);
  const said = rest.join('').replace(/^[ \t]*(#(?! shellcheck).*|""".*""")\n/gm, '');
  return head + said.replace(/^( {4})+/gm, (indent) => '\t'.repeat(indent.length / 4));
}
