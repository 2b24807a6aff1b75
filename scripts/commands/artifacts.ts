/** `ensemble artifacts build`, `list` and `verify` */
import type { ArchiveFile } from '../../artifacts/archive-files.ts';
import { exitStatus } from '../../contracts/error.ts';
import {
  buildProjectArchives,
  examineProjectArchives,
  type ProjectArchivesOptions,
} from '../../operations/node-archives.ts';
import { paint } from '../present/colour.ts';
import { formatMs, formatTable, printJson, printLine, printNotice } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function build(invocation: Invocation): Promise<number> {
  const { archives, removed } = await buildProjectArchives(optionsOf(invocation), ({ name, version }, ms) =>
    printNotice(`${name} ${version} was made in ${formatMs(ms)}`),
  );
  if (invocation.options.json) printJson({ archives, removed });
  else {
    const megabytes = archives.reduce((sum, { size = 0 }) => sum + size, 0) / 1e6;
    const dropped = removed === 0 ? '' : `; ${removed} of before removed`;
    printLine(table(archives));
    printLine(`${archives.length} archives, ${Math.round(megabytes)} MB, in .ensemble/archives${dropped}`);
  }
  return statusOf(archives);
}

export async function list(invocation: Invocation): Promise<number> {
  const archives = await examineProjectArchives(optionsOf(invocation));
  if (invocation.options.json) printJson({ archives });
  else printLine(table(archives));
  return exitStatus.ok;
}

export async function verify(invocation: Invocation): Promise<number> {
  const archives = await examineProjectArchives(optionsOf(invocation));
  const faulty = archives.filter(({ state }) => state !== 'whole');
  if (invocation.options.json) printJson({ archives });
  else if (faulty.length === 0) printLine(paint.green(`All ${archives.length} archives are there, every byte.`));
  else {
    printLine(table(faulty));
    printLine(`\`ensemble artifacts build\` makes ${faulty.length === 1 ? 'it' : 'them'}.`);
  }
  return statusOf(archives);
}

function optionsOf({ positional, options, deployment, signal }: Invocation): ProjectArchivesOptions {
  return {
    environment: positional[0] ?? (options.environmentGiven ? options.environment : undefined),
    environmentsDirectory: deployment.environmentsDirectory,
    projectFolder: process.cwd(),
    onProgress: deployment.onProgress,
    signal,
  };
}

function statusOf(archives: readonly ArchiveFile[]): number {
  return archives.every(({ state }) => state === 'whole') ? exitStatus.ok : exitStatus.blocked;
}

function table(archives: readonly ArchiveFile[]): string {
  const look = { whole: paint.green('whole'), absent: paint.yellow('absent'), damaged: paint.red('damaged') };
  return formatTable(
    ['Archive', 'Version', 'MB', 'SHA-256', ''],
    archives.map(({ name, version, size, sha256, state }) => [
      name,
      version,
      size === undefined ? '-' : (size / 1e6).toFixed(1),
      sha256,
      look[state],
    ]),
  );
}
