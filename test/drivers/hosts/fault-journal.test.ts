/** Faults that stand on machines: noted in the journal that all drivers share, found again whole, and gone once healed. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  forgetEndedFaults,
  forgetFault,
  type HostFaultNote,
  noteFault,
  standingFaults,
} from '../../../drivers/hosts/fault-journal.ts';
import { readEntries } from '../../../drivers/journal.ts';

const isolated: HostFaultNote = {
  id: 'isolate-worker-2-0a1b2c3d',
  kind: 'isolate',
  node: 'worker-2',
  from: ['worker-1', 'master-3'],
  time: '2026-11-22T12:00:00.000Z',
  way: 'pairs',
};
const late: HostFaultNote = { ...isolated, id: 'slow-link-worker-1-4e5f', kind: 'slow-link', delayMs: 150 };

describe('the faults of machines', () => {
  let folder: string;
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'ensemble-faults-')), 'journal');
  });
  afterEach(() => rm(join(folder, '..'), { recursive: true }));

  const standing = async () => (await standingFaults(folder)).faults;

  it('stand until they are forgotten, each as it was planned, and may be forgotten twice', async () => {
    expect(await standing()).toEqual([]);
    await noteFault(folder, isolated);
    await noteFault(folder, late);
    expect(new Set(await standing())).toEqual(new Set([isolated, late]));
    expect((await readEntries(folder)).map(({ says }) => says)).toContain('isolate of worker-2');
    await forgetFault(folder, isolated.id);
    await forgetFault(folder, isolated.id);
    expect(await standing()).toEqual([late]);
  });

  it('end with their machines, but for a volume that was filled, which ends with the volumes', async () => {
    const filled: HostFaultNote = { ...isolated, id: 'full-disk-worker-2-77', kind: 'full-disk', way: 'file' };
    for (const fault of [isolated, filled, late]) await noteFault(folder, fault);
    await forgetEndedFaults(folder, false);
    expect(await standing()).toEqual([filled]);
    await forgetEndedFaults(folder, true);
    expect(await standing()).toEqual([]);
  });

  it('that cannot be read are named with their files beside the others, and what was cut off while it was written is none', async () => {
    await noteFault(folder, late);
    const [name = ''] = await readdir(folder);
    const whole = JSON.parse(await readFile(join(folder, name), 'utf8')) as object;
    await writeFile(join(folder, 'half.unfinished'), '{"id":');
    expect(await standingFaults(folder)).toEqual({ faults: [late], unreadable: [] });
    await writeFile(join(folder, 'torn.json'), '{"id":');
    const other = randomUUID();
    await writeFile(join(folder, `${other}.json`), JSON.stringify({ ...whole, id: other, undo: { do: 'start' } }));
    const { faults, unreadable } = await standingFaults(folder);
    expect(faults).toEqual([late]);
    expect(unreadable.map(({ code }) => code)).toEqual(['DRIVER_JOURNAL_UNREADABLE', 'DRIVER_JOURNAL_UNREADABLE']);
    for (const file of ['torn.json', `${other}.json`])
      expect(unreadable.map(({ message }) => message).join('\n')).toContain(join(folder, file));
  });
});
