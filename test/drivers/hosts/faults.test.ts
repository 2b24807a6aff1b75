/** What machines are made to suffer, with machines that only answer: what is refused, and what healing asks of them before a note is taken away. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noteFault, type PlannedFault } from '../../../drivers/hosts/fault-journal.ts';
import { hostFaults } from '../../../drivers/hosts/faults.ts';
import type { Hosts } from '../../../drivers/hosts/hosts.ts';
import { hostsLayout } from '../../../drivers/hosts/layout.ts';
import type { Machine } from '../../../drivers/hosts/machine.ts';

const noted = (fault: Partial<PlannedFault> & Pick<PlannedFault, 'kind'>): PlannedFault => ({
  id: `${fault.kind}-worker-1-0a1b`,
  node: 'worker-1',
  time: '2026-11-23T12:00:00.000Z',
  way: 'link',
  ...fault,
});

describe('the faults of machines', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-host-faults-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const layout = () => hostsLayout(folder);
  const faultsOf = (machine: Partial<Machine>) => {
    const host = { node: 'worker-1', address: '10.0.0.1', volumes: [{ id: 'data-1', sizeGiB: 1 }] };
    const status = async () => ({ node: 'worker-1', instance: 'i-1', state: 'running', memoryMiB: 1 });
    const answering = { host, status, ...machine } as unknown as Machine;
    return hostFaults({ layout: layout(), machine: async () => answering } as unknown as Hosts);
  };

  it.each(['isolate', 'slow-link'] as const)(
    '%s befalls a link once: what heals the one would end the other',
    async (kind) => {
      const { plan } = faultsOf({});
      const first = noted({ kind });
      await noteFault(layout().journalFolder, first);
      expect(await plan({ kind, node: 'worker-1' })).toEqual({
        cannot: `${first.id} stands on the link of worker-1 already`,
      });
      if (kind === 'isolate') expect(await plan({ kind, node: 'worker-2' })).toMatchObject({ kind, way: 'link' });
    },
  );

  it('a link that is cut to some is cut to all beside it: each has rules of its own', async () => {
    await noteFault(layout().journalFolder, noted({ kind: 'isolate', from: ['worker-2'], way: 'pairs' }));
    expect(await faultsOf({}).plan({ kind: 'isolate', node: 'worker-1' })).toMatchObject({ way: 'link' });
  });
});
