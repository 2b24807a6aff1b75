/**
 * The script that makes a Debian machine a node, as a cloud runs it at a machine's first start: the same bytes for every node and environment, so that no
 * setting ever replaces a machine. It is put together from script/node.sh and the parts that this names in lines of their own; node.py among them is for
 * what a shell cannot do (signed requests). The only module of this room that reads files.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../platform/installation-root.ts';

let script: string | undefined;

/** POSIX sh, less than the 16 KiB that AWS takes: without the comments that explain its lines, but for those at its head. */
export function userData(): string {
  script ??= assembled();
  return script;
}

function assembled(): string {
  const [head = '', ...rest] = provisionScript('node.sh').split(/(?<=\n)(?!#)/);
  return head + spoken(rest.join('').replace(/^@([a-z.]+)@\n/gm, (_, part: string) => provisionScript(part)));
}

/** One of the files of script/, as it stands there. */
export function provisionScript(name: string): string {
  return readFileSync(join(installationRoot(), 'provision', 'script', name), 'utf8');
}

/** Whole lines of comment and of Python's documentation are left out; four spaces are a tab. */
function spoken(text: string): string {
  const said = text.replace(/^[ \t]*(#(?! shellcheck).*|""".*""")\n/gm, '');
  return said.replace(/^( {4})+/gm, (indent) => '\t'.repeat(indent.length / 4));
}
