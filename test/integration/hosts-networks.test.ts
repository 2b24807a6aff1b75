/** The machines' network, made and taken away in the kernel: what machines remember of it must stay true while others come and go. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { bridge, ensureHub, inNetwork, ip, mountsBelow, removeNetwork } from '../../drivers/hosts/networks.ts';
import { requires } from '../requirements.ts';

const { describe, it } = requires('root', 'linux', 'namespaces');

describe('the hub of the machines’ network', () => {
  let folder = '';
  let hub = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ensemble-hosts-networks-'));
    hub = join(folder, 'hub');
  });
  afterEach(async () => {
    await removeNetwork(hub);
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps its hardware address while ports join and leave, lower ones too', async () => {
    await ensureHub(hub, '10.9.0.0/16');
    const address = async () => {
      const shown = await inNetwork(hub, 'ip', ['link', 'show', 'dev', bridge]);
      return /link\/ether (\S+)/.exec(shown)?.[1];
    };
    const before = await address();
    expect(before).toMatch(/^02:/);
    await ip(hub, [
      'link add low address 00:00:00:00:00:02 type veth peer name other',
      `link set low master ${bridge} up`,
    ]);
    expect(await address()).toBe(before);
    await ip(hub, ['link del low']);
    expect(await address()).toBe(before);
    await ensureHub(hub, '10.9.0.0/16');
    expect(await address()).toBe(before);
  });

  it('is gone with everything in it once it is removed', async () => {
    await ensureHub(hub, '10.9.0.0/16');
    expect(await mountsBelow(folder)).toEqual([hub]);
    await removeNetwork(hub);
    expect(await mountsBelow(folder)).toEqual([]);
  });
});
