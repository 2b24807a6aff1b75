/** What is done to machines by hand. Healing: what cannot be undone, or read, keeps none of the others, and is said. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { journalUnreadable } from '../../drivers/errors.ts';
import type { HostFaultNote } from '../../drivers/hosts/fault-journal.ts';
import { hostsLayout } from '../../drivers/hosts/layout.ts';
import { healFaults, takeHostsDown } from '../../operations/hosts/faults.ts';
import type { Hosted } from '../../operations/hosts/hosted.ts';
import { acquireFileLock } from '../../platform/file-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ensemble-heal-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('heals the youngest first, goes on where one cannot be undone, and ends with an error that names it', async () => {
  const fault = (id: string): HostFaultNote => ({
    id,
    kind: 'kill',
    node: id,
    time: '2026-11-22T12:00:00.000Z',
    way: '',
  });
  const healed: string[] = [];
  const faults = {
    plan: () => Promise.reject(new Error('not asked')),
    inject: () => Promise.reject(new Error('not asked')),
    standing: async () => ({
      faults: [fault('old'), fault('stuck'), fault('young')],
      unreadable: [journalUnreadable('journal/torn.json', undefined)],
    }),
    async heal({ id }: HostFaultNote) {
      if (id === 'stuck') throw new Error('no such unit');
      healed.push(id);
    },
  };
  // Of the machines, no more is asked than where the lock lies.
  const hosted = { hosts: { layout: hostsLayout(folder) }, faults } as unknown as Hosted;
  const options = { signal: AbortSignal.timeout(10_000) };
  await expect(healFaults(hosted, undefined, options)).rejects.toMatchObject({
    code: 'OPERATIONS_FAULTS_STAND',
    message: expect.stringMatching(/^2 faults/),
    evidence: ['stuck: no such unit', expect.stringMatching(/^journal\/torn\.json .* remove the file\.$/)],
  });
  expect(healed).toEqual(['young', 'old']);
  expect(await healFaults(hosted, 'old', options)).toMatchObject([{ id: 'old' }]);
  await expect(healFaults(hosted, 'other', options)).rejects.toMatchObject({
    code: 'OPERATIONS_FAULT_UNKNOWN',
    evidence: [expect.stringContaining('torn.json')],
  });
});

it('ends the machines once nobody plays on them, and leaves no lock behind that nobody waits for', async () => {
  const layout = hostsLayout(folder);
  const done: string[] = [];
  const hosts = { layout, down: async () => void done.push('down'), leftovers: async () => [] };
  const scenario = await acquireFileLock(layout.lock);
  const options = { purge: true, signal: AbortSignal.timeout(10_000) };
  const ending = takeHostsDown({ hosts } as unknown as Hosted, options);
  await vi.waitUntil(async () => (await readdir(layout.lock)).length === 2, { timeout: 10_000 });
  done.push('played');
  await scenario.release();
  expect(await ending).toEqual([]);
  expect([done, await readdir(folder)]).toEqual([['played', 'down'], []]);
});
