/**
 * The environment as its operator changes it in the course of a rehearsal: each time a copy of the file in the rehearsal's own folder, never the operator's
 * own. What it names relative to itself is named absolutely there.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import { z } from 'zod';
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

/** One worker more, with the next number. */
export function enlarge(file: Document): void {
  const { count, ids } = workersIn(file);
  if (ids === undefined) file.setIn(['workers', 'count'], count + 1);
  else file.setIn(['workers', 'ids'], [...ids, Math.max(...ids) + 1]);
}

/** The worker of that number leaves; the last, where workers are counted. */
export function listRetired(file: Document, ordinal: number): void {
  const { count, ids } = workersIn(file);
  if (ids === undefined) file.setIn(['workers', 'count'], count - 1);
  else
    file.setIn(
      ['workers', 'ids'],
      ids.filter((id) => id !== ordinal),
    );
  file.set('retired', [...retiredIn(file), `worker-${ordinal}`]);
}

export function forgetRetired(file: Document, node: string): void {
  const left = retiredIn(file).filter((id) => id !== node);
  if (left.length > 0) file.set('retired', left);
  else file.delete('retired');
}

const shape = z.object({
  workers: z.object({ count: z.int().default(1), ids: z.array(z.int()).optional() }).default({ count: 1 }),
  retired: z.array(z.string()).default([]),
});

function workersIn(file: Document): z.output<typeof shape>['workers'] {
  return shape.parse(file.toJS()).workers;
}

function retiredIn(file: Document): readonly string[] {
  return shape.parse(file.toJS()).retired;
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
