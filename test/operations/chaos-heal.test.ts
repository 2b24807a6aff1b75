/** What a run that died has left: found by its notes, undone all of it, waited for, and named where it cannot be. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { abandoned, type FaultNotes, folderNotes, journalFolder, writeEntry } from '../../drivers/journal.ts';
import { healAbandoned } from '../../operations/chaos/heal.ts';
import type { Deployment } from '../../operations/deployment.ts';

describe('what a run that died has left', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Notes of a process that is not there any more. */
  const leave = async (...nodes: readonly string[]) => {
    for (const node of nodes) {
      const serves = { node, service: 'kafka' };
      const { id } = await writeEntry(journalFolder(folder), {
        says: `kill of ${node}`,
        of: 'driver',
        undo: node,
        serves,
      });
      const file = join(journalFolder(folder), `${id}.json`);
      const note = JSON.parse(await readFile(file, 'utf8')) as { owner: object };
      await writeFile(file, JSON.stringify({ ...note, owner: { ...note.owner, startedAt: 'another boot:1' } }));
    }
  };
  const heal = async (
    ready: (node: string, undone: readonly string[]) => Promise<void>,
    { gone = [] as readonly string[], notes = folderNotes(journalFolder(folder)) } = {},
  ) => {
    const undone: string[] = [];
    const deployment = {
      stateDirectory: folder,
      notes,
      faults: {
        async heal(node: string) {
          undone.push(node);
          return gone.includes(node) ? 'gone' : 'undone';
        },
      },
      driver: { ready: async ({ node }: { node: string }) => await ready(node, undone) },
    } as unknown as Deployment;
    return await healAbandoned(deployment, { timeoutMs: 5_000 });
  };
  const left = async () => (await abandoned(folderNotes(journalFolder(folder)))).entries.map(({ says }) => says);

  it('is healed once it serves, and not before: a broker that is refused again stays noted, and is said', async () => {
    await leave('worker-1', 'worker-2');
    const refused = async (node: string) => {
      if (node === 'worker-1') throw new Error('kafka on worker-1 ended by itself');
    };
    expect(await heal(refused)).toEqual({
      healed: ['kill of worker-2'],
      left: [{ says: 'kill of worker-1', why: 'kafka on worker-1 ended by itself' }],
      held: [],
    });
    expect(await left()).toEqual(['kill of worker-1']);
    expect((await heal(async () => {})).healed).toEqual(['kill of worker-1']);
    expect(await left()).toEqual([]);
  });

  it('is over where who was broken is not there any more: nobody waits for it, and its note is taken away', async () => {
    await leave('worker-1', 'worker-4');
    const waited: string[] = [];
    const { healed } = await heal(async (node) => void waited.push(node), { gone: ['worker-4'] });
    expect([waited, healed.toSorted()]).toEqual([['worker-1'], ['kill of worker-1', 'kill of worker-4']]);
    expect(await left()).toEqual([]);
  });

  it('is undone all of it before anybody is waited for: two of three masters serve only together', async () => {
    await leave('master-1', 'master-2');
    const seen: number[] = [];
    await heal(async (_node, undone) => void seen.push(undone.length));
    expect(seen).toEqual([2, 2]);
  });

  it('is healed beside a note that nobody can read, which is named and stays', async () => {
    await leave('worker-1');
    await writeFile(join(journalFolder(folder), 'torn.json'), '{"id":');
    const { healed, left: others } = await heal(async () => {});
    expect(healed).toEqual(['kill of worker-1']);
    expect(others).toEqual([
      { says: expect.stringContaining('torn.json says how a fault is healed'), why: expect.stringContaining('status') },
    ]);
    expect((await readdir(journalFolder(folder))).filter((name) => name.endsWith('.json'))).toEqual(['torn.json']);
  });

  it('is not undone where somebody else has taken it over since it was read: he may have broken the same node anew', async () => {
    await leave('worker-1', 'worker-2');
    const own = folderNotes(journalFolder(folder));
    const notes: FaultNotes = { ...own, claim: async ({ says }) => says !== 'kill of worker-1' };
    const undone: (readonly string[])[] = [];
    const { healed, left: others } = await heal(async (_node, all) => void undone.push(all), { notes });
    expect([undone, healed, others]).toEqual([[['worker-2']], ['kill of worker-2'], []]);
  });

  it('is given back where it could not be undone here: another machine may be able to', async () => {
    await leave('worker-1', 'worker-2');
    const own = folderNotes(journalFolder(folder));
    const released: string[] = [];
    const notes: FaultNotes = { ...own, release: async ({ says }) => void released.push(says) };
    const refused = async (node: string) => {
      if (node === 'worker-1') throw new Error('kafka on worker-1 ended by itself');
    };
    await heal(refused, { notes });
    expect(released).toEqual(['kill of worker-1']);
  });
});
