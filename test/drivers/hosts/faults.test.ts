/** What machines are made to suffer, with machines that only answer: what is refused, and what healing asks of them before a note is taken away. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unknownHost } from '../../../drivers/hosts/errors.ts';
import { type HostFaultNote, noteFault } from '../../../drivers/hosts/fault-journal.ts';
import { hostFaults } from '../../../drivers/hosts/faults.ts';
import type { Hosts } from '../../../drivers/hosts/hosts.ts';
import { hostsLayout } from '../../../drivers/hosts/layout.ts';
import type { Machine } from '../../../drivers/hosts/machine.ts';
import { outcomeOf } from '../../../drivers/hosts/run-command.ts';
import { requires } from '../../requirements.ts';

const noted = (fault: Partial<HostFaultNote> & Pick<HostFaultNote, 'kind'>): HostFaultNote => ({
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
  const faultsOf = (given: Partial<Machine>) => {
    const host = { node: 'worker-1', address: '10.0.0.1', volumes: [{ id: 'data-1', sizeGiB: 1 }] };
    const status = async () => ({ node: 'worker-1', instance: 'i-1', state: 'running', memoryMiB: 1 });
    const answering = { host, status, ...given } as unknown as Machine;
    const machine = async (node: string) => {
      if (node === 'worker-4') throw unknownHost(node, [host.node]);
      return answering;
    };
    const hosts = { layout: layout(), machines: async () => [answering], machine };
    return hostFaults(hosts as unknown as Hosts);
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

  it('a volume that was filled counts as emptied once it is mounted and the file is gone, not before', async () => {
    // A machine that another note's healing has started: it runs, and mounts its volume once it is its node.
    let isNode = false;
    const emptied: string[] = [];
    const outcome = (status: number, output: string) => ({ status, output, errors: '' });
    const faults = faultsOf({
      start: async () => false,
      async run(script) {
        if (script.includes('ActiveState')) {
          const before = isNode;
          isNode = true;
          return outcome(0, before ? 'active\nexited\n0\n' : 'activating\nstart\n0\n');
        }
        if (!script.includes('mountpoint -q')) return outcome(0, '');
        if (!isNode) return outcome(1, '/var/lib/ensemble/data-1 is not mounted');
        emptied.push(script);
        return outcome(0, '');
      },
    });
    const full = noted({ kind: 'full-disk', way: 'file' });
    await noteFault(layout().journalFolder, full);
    await faults.heal(full);
    expect(emptied).toEqual([expect.stringContaining(`rm -f "$mount/.${full.id}"`)]);
    expect(await faults.standing()).toEqual({ faults: [], unreadable: [] });
  });

  requires('linux').it(
    'a volume that was filled stays noted where nothing is mounted: the script sees no file and does not call it gone',
    async () => {
      const list = join(folder, 'list');
      const mount = join(folder, 'data-1');
      await mkdir(mount);
      const run = async (script: string) => {
        if (script.includes('ActiveState')) return { status: 0, output: 'active\nexited\n0\n', errors: '' };
        return await outcomeOf('sh', ['-c', script.replaceAll('/var/lib/ensemble-node/list', list)]);
      };
      const faults = faultsOf({ start: async () => true, run });
      const full = noted({ kind: 'full-disk', way: 'file' });
      await noteFault(layout().journalFolder, full);
      for (const [lines, why] of [
        ['', 'no volume is mounted'],
        [`volume data-1 0 ${mount}\n`, `${mount} is not mounted`],
      ] as const) {
        await writeFile(list, `ensemble-node-list 1\n${lines}`);
        await expect(faults.heal(full)).rejects.toMatchObject({ code: 'DRIVER_COMMAND_FAILED', evidence: [why] });
      }
      expect((await faults.standing()).faults).toEqual([full]);
    },
  );

  it('term: who had to be ended by force, or has not ended yet, has suffered another fault, which is said', async () => {
    const late = faultsOf({
      stop: async () => 'killed',
      run: async () => ({ status: 124, output: '', errors: '' }),
    });
    await expect(late.inject(noted({ kind: 'term' }))).rejects.toMatchObject({ code: 'DRIVER_FAULT_WAS_NO_TERM' });
    await expect(late.inject(noted({ kind: 'term', service: 'kafka' }))).rejects.toMatchObject({
      code: 'DRIVER_COMMAND_TIMED_OUT',
      message: expect.stringContaining('120 s'),
    });
    expect((await late.standing()).faults).toHaveLength(2);
  });

  it('of a node that left are over, and their notes gone; a volume that is full stays so, and noted', async () => {
    const left = { node: 'worker-4', id: 'of-worker-4' };
    const [killed, full] = [
      noted({ kind: 'machine-kill', ...left }),
      noted({ kind: 'full-disk', ...left, id: 'full' }),
    ];
    const faults = faultsOf({});
    for (const fault of [killed, full]) await noteFault(layout().journalFolder, fault);
    expect(await faults.heal(killed)).toBe('gone');
    await expect(faults.heal(full)).rejects.toMatchObject({ code: 'DRIVER_UNKNOWN_HOST' });
    expect((await faults.standing()).faults).toEqual([full]);
  });

  it('a link that is cut to some is cut to all beside it: each has rules of its own', async () => {
    await noteFault(layout().journalFolder, noted({ kind: 'isolate', from: ['worker-2'], way: 'pairs' }));
    expect(await faultsOf({}).plan({ kind: 'isolate', node: 'worker-1' })).toMatchObject({ way: 'link' });
  });
});
