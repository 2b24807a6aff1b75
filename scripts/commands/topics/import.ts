/** `ensemble topics import` */
import { writeFile } from 'node:fs/promises';
import { EnsembleError, exitStatus } from '../../../contracts/error.ts';
import { importTopics } from '../../../operations/topics-reports.ts';
import { printJson, printNotice } from '../../present/terminal.ts';
import type { Invocation } from '../invocation.ts';
import { targetOf } from './target.ts';

export async function importCommand(invocation: Invocation): Promise<number> {
  const { options, signal } = invocation;
  const { include, exclude, out, force } = options;
  const imported = await importTopics(await targetOf(invocation), { include, exclude, signal });
  if (out !== undefined) {
    await writeFile(out, imported.text, { flag: force ? 'w' : 'wx' }).catch((cause: unknown) => {
      throw notWritten(out, cause);
    });
  }
  if (options.json) printJson(imported);
  else if (out === undefined) process.stdout.write(imported.text);
  else
    printNotice(
      `${imported.topics.length} topics written to ${out}, ${imported.skipped.length} left out; \`ensemble topics plan --manifest ${out}\` finds no changes`,
    );
  return exitStatus.ok;
}

function notWritten(file: string, cause: unknown): EnsembleError {
  const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
  return new EnsembleError({
    code: 'COMMAND_FILE_NOT_WRITTEN',
    message: exists
      ? `${file} is there already`
      : `${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: exists
      ? 'Name another file with --out, or add --force to replace it.'
      : 'Check the folder and who may write there.',
    cause,
  });
}
