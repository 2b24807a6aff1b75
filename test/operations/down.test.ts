/** Taking an environment down, with a driver that only ends services: what is noted of faults when nobody runs any more. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { journalFolder, readEntries, writeEntry } from '../../drivers/journal.ts';
import type { Deployment } from '../../operations/deployment.ts';
import { takeDown } from '../../operations/down.ts';
import { clusterOf, smallEnvironment } from '../cluster/environment-fixture.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ensemble-down-'));
});
afterEach(() => rm(folder, { recursive: true }));

const notes = async () => (await readEntries(journalFolder(folder))).map(({ says }) => says).sort();
const down = async (stop: () => Promise<{ outcome: 'stopped' }>) => {
  const deployment = {
    environment: { cluster: clusterOf(smallEnvironment) },
    stateDirectory: folder,
    driver: { strays: async () => [], stop },
  } as unknown as Deployment;
  await takeDown(deployment, { purge: false }, AbortSignal.timeout(30_000), async (steps, context, signal) => {
    for (const step of steps) await step.run(context, () => {}, signal);
  });
};

it('forgets faults once everything has ended: nobody is started alone by the next command; a run’s own topic stays noted', async () => {
  await writeEntry(journalFolder(folder), { says: 'kill of worker-1', of: 'driver', undo: { do: 'start' } });
  await writeEntry(journalFolder(folder), { says: 'the run’s topic', of: 'runner', undo: { delete: 'topic' } });
  const stuck = down(async () => {
    throw new Error('it does not end');
  });
  await expect(stuck).rejects.toThrow('it does not end');
  expect(await notes()).toEqual(['kill of worker-1', 'the run’s topic']);
  await down(async () => ({ outcome: 'stopped' }));
  expect(await notes()).toEqual(['the run’s topic']);
});
