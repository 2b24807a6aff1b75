/**
 * Faults that stand, a file each: written and synced before a fault is made, removed once it is healed. Whoever comes after a run that was killed heals what
 * the files say; what was written and never made is healed as well, which changes nothing.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { faultKinds } from '../../contracts/fault.ts';

const plannedShape = z.strictObject({
  id: z.string().regex(/^[0-9a-z-]+$/),
  kind: z.enum(faultKinds),
  node: z.string(),
  /** Of one service alone; the whole machine where absent. */
  service: z.string().optional(),
  /** The other side: these nodes; every other one, and the cloud, where absent. */
  from: z.array(z.string()).readonly().optional(),
  delayMs: z.int().min(1).optional(),
  /** ISO 8601 */
  time: z.string(),
  /** How it is made here, which its healing goes by. */
  way: z.string(),
  /** In which way it is less than its name says. */
  weaker: z.string().optional(),
});

export type PlannedFault = z.output<typeof plannedShape>;

/** @throws what is wrong with it */
export function parseNote(value: unknown): PlannedFault {
  return plannedShape.parse(value);
}

export async function noteFault(folder: string, fault: PlannedFault): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${fault.id}.json`);
  const file = await open(`${path}.next`, 'w');
  try {
    await file.writeFile(`${JSON.stringify(fault)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.next`, path);
}

export async function forgetFault(folder: string, id: string): Promise<void> {
  await rm(join(folder, `${id}.json`), { force: true });
}

/** The oldest first. */
export async function standingFaults(folder: string): Promise<readonly PlannedFault[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')));
  const faults = texts.flatMap((text) => (text === '' ? [] : [parseNote(JSON.parse(text))]));
  return faults.sort((a, b) => (a.time + a.id < b.time + b.id ? -1 : 1));
}
