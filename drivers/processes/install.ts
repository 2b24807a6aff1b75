/** Puts a node's files and volumes in place below the state folder. Idempotent; each file is whole or absent. */
import { mkdir, readFile, stat } from 'node:fs/promises';
import type { RenderedService } from '../../cluster/render.ts';
import { fillLate, type Late } from '../../contracts/late.ts';
import type { ServiceRef } from '../driver.ts';
import { volumeMissing } from '../errors.ts';
import { writeWhole } from './record.ts';

export interface Installation {
  readonly ref: ServiceRef;
  readonly rendered: RenderedService;
  /** Remembers which folders of the volumes were made, so that one that vanished is not made anew. */
  readonly volumesFile: string;
}

/** @throws EnsembleError DRIVER_VOLUME_MISSING */
export async function installService(
  { ref, rendered, volumesFile }: Installation,
  resolveLate: (late: Late) => Promise<string>,
): Promise<void> {
  await makeVolumes(ref, rendered.folders, volumesFile);
  for (const file of rendered.files) {
    const text = await fillLate(file.text, resolveLate);
    const present = await readFile(file.path, 'utf8').catch(() => undefined);
    if (present !== text) await writeWhole(file.path, text, file.mode);
  }
}

async function makeVolumes(ref: ServiceRef, volumes: readonly string[], volumesFile: string): Promise<void> {
  const made = await readMade(volumesFile, volumes);
  for (const volume of volumes) {
    const exists = await stat(volume).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!exists && made.includes(volume)) throw volumeMissing(ref, volume);
    await mkdir(volume, { recursive: true });
  }
  // Only once all of them are there: a crash in between makes them again, which loses nothing since nothing ran yet.
  if (volumes.some((volume) => !made.includes(volume))) await writeWhole(volumesFile, JSON.stringify(volumes), 0o644);
}

/** Of a file that a crash left unreadable we assume that all were made: an empty volume in the place of a lost one is the worse mistake. */
async function readMade(volumesFile: string, volumes: readonly string[]): Promise<readonly string[]> {
  const text = await readFile(volumesFile, 'utf8').catch(() => '[]');
  try {
    const made: unknown = JSON.parse(text);
    return Array.isArray(made) ? made.map(String) : volumes;
  } catch {
    return volumes;
  }
}
