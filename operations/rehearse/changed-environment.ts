/**
 * The environment as its operator changes it in the course of a rehearsal: each time a copy of the file in the rehearsal's own folder, never the operator's
 * own. What it names relative to itself is named absolutely there.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import { openAwsEnvironment } from '../aws/aws-environment.ts';
import type { Rehearsal } from './rehearsal.ts';

/** Puts what it became into the rehearsal. Nothing is synthesized or applied yet. @throws EnsembleError what loading it throws */
export async function changeEnvironment(rehearsal: Rehearsal, edit: (file: Document) => void): Promise<void> {
  const { aws, options, folder } = rehearsal;
  const { file } = aws.environment;
  const text = changedText(await readFile(file, 'utf8'), dirname(file), edit);
  const copy = join(folder, 'environments', `${aws.place.environment}.yaml`);
  await mkdir(dirname(copy), { recursive: true });
  await writeFile(copy, text);
  const { environmentsDirectory } = options;
  rehearsal.aws = await openAwsEnvironment({ environment: copy, environmentsDirectory }, 'rehearse');
}

/** @internal */
export function changedText(text: string, folder: string, edit: (file: Document) => void): string {
  const document = parseDocument(text);
  for (const path of [['topics'], ['aws', 'agent', 'from']]) {
    const named = document.getIn(path);
    if (typeof named === 'string' && !/^https?:/.test(named)) document.setIn(path, resolve(folder, named));
  }
  edit(document);
  return String(document);
}
