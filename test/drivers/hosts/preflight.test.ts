/** Whether this machine can carry machines, and what their things are called: without making any. */
import { describe, expect, it } from 'vitest';
import { hostsNotPossible } from '../../../drivers/hosts/errors.ts';
import { hostsLayout, machineLayout } from '../../../drivers/hosts/layout.ts';
import { findLacks } from '../../../drivers/hosts/preflight.ts';

describe('machines on this machine', () => {
  it('are refused with what is lacking, and with what serves without', async () => {
    const lacks = await findLacks({ PATH: '' });
    if (process.platform === 'linux')
      expect(lacks).toContain('systemd-nspawn is not on the PATH (Debian: systemd-container)');
    else expect(lacks).toEqual([`machines of systemd-nspawn need Linux, and this is ${process.platform}`]);
    const { message, next, evidence } = hostsNotPossible(lacks);
    expect([message, next]).toEqual([expect.stringContaining('cannot carry'), expect.stringContaining('ensemble up')]);
    expect(evidence).toBe(lacks);
  });

  it('have names that the kernel takes, and that no two folders or nodes share', () => {
    const layout = hostsLayout('/somewhere/staging');
    const { port, machine, group } = machineLayout(layout, 'a-node-with-a-name-as-long-as-names-of-nodes-may-be-12');
    expect(port.length).toBeLessThanOrEqual(15);
    expect(machine.length).toBeLessThanOrEqual(63);
    expect(group.startsWith(`${layout.name}/`)).toBe(true);
    expect(hostsLayout('/elsewhere/staging').name).not.toBe(layout.name);
    expect(machineLayout(layout, 'worker-1').port).not.toBe(machineLayout(layout, 'worker-2').port);
    expect(layout.cloud.socket.length).toBeLessThan(108);
  });
});
