/**
 * Faults of deployed nodes: EC2 is moto's, the agent between is a stand-in (fake-node-agent.ts) that truly runs the scripts and has no systemd. What moto's EC2
 * does to a machine that is stopped or shut off is nothing: states and security groups are looked at, no silence.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { acquireFileLock } from '../../platform/file-lock.ts';
import { requires } from '../requirements.ts';
import { faultWorld, unit } from './aws-fault-world.ts';
import { endMachine, makeMachine, makeNetwork, rulesOf } from './made-in-moto.ts';

const { describe, it } = requires('moto');

describe('faults of deployed nodes', () => {
  const world = faultWorld();
  const { write, inject, fault, heal, standing, stateOf, unitState, giveGroup } = world;

  it('are made of no node that the environment does not name for it, and never without the words typed', async () => {
    const other = await makeMachine(world.aws.place, 'worker-2');
    await world.agents.add(other);
    await expect(inject('kill', { node: 'worker-2' })).rejects.toMatchObject({
      code: 'OPERATIONS_FAULT_NOT_POSSIBLE',
      message: expect.stringContaining('aws.breakable'),
    });
    await expect(inject('kill', { agrees: false })).rejects.toMatchObject({ code: 'OPERATIONS_FAULT_NOT_CONFIRMED' });
    await expect(inject('kill', { service: 'zookeeper' })).rejects.toMatchObject({
      code: 'OPERATIONS_FAULT_NOT_POSSIBLE',
    });
    await write('');
    await expect(inject('kill')).rejects.toMatchObject({ code: 'OPERATIONS_FAULT_NO_ALLOW_LIST' });
    expect([world.agents.scripts, await standing(), await unitState()]).toEqual([[], [], 'active']);
  });

  it('are asked for in a terminal alone: a pipe, or whatever flag, breaks nothing', async () => {
    const { status, stderr } = await fault(world.folder, 'inject', 'kill', 'worker-1');
    expect([status, stderr]).toEqual([1, expect.stringContaining('type "break test"')]);
    expect(stderr).toContain(`Plan: kill of kafka on worker-1 (${world.machine}), by Systems Manager`);
    expect([world.agents.scripts, await unitState()]).toEqual([[], 'active']);
  });

  it('of a service go through Systems Manager, and are undone by the journal alone, twice if need be', async () => {
    for (const [kind, during] of [
      ['kill', 'inactive'],
      ['term', 'inactive'],
      ['pause', 'paused'],
    ] as const) {
      const entry = await inject(kind);
      expect([kind, await unitState()]).toEqual([kind, during]);
      expect(await standing()).toEqual([entry]);
      expect(entry.says).toBe(world.shown.at(-1)?.says);
      expect((await heal(entry.id)).map(({ id }) => id)).toEqual([entry.id]);
      expect([kind, await unitState(), await standing()]).toEqual([kind, 'active', []]);
    }
    await expect(heal('none-of-these')).rejects.toMatchObject({ code: 'OPERATIONS_FAULT_UNKNOWN' });
  });

  it('wait for a roll or a scenario of the environment once they are agreed to, not while a person reads', async () => {
    const roll = await acquireFileLock(join(world.folder, 'test', 'lock'));
    const done: string[] = [];
    const injecting = inject('kill', { meanwhile: async () => done.push('read') }).then(() => done.push('broken'));
    // Its own ticket behind the roll’s.
    await vi.waitUntil(async () => (await readdir(join(world.folder, 'test', 'lock'))).length === 2, {
      timeout: 20_000,
    });
    expect([done, world.agents.scripts]).toEqual([['read'], []]);
    done.push('rolled');
    await roll.release();
    await injecting;
    expect(done).toEqual(['read', 'rolled', 'broken']);
    await heal();
  });

  it('are not made by another plan than the one that was read', async () => {
    await giveGroup();
    const { vpc } = await world.control.network(world.machine);
    const others = async () =>
      await world.control.setGroups(world.machine, [await world.control.ensureClosedGroup(vpc, 'others')]);
    await expect(inject('isolate', { meanwhile: others })).rejects.toMatchObject({
      code: 'OPERATIONS_FAULT_PLAN_CHANGED',
    });
    expect(await standing()).toEqual([]);
    expect(await world.control.groupNamed(vpc, 'ensemble-test-isolated-worker-1')).toBeUndefined();
  });

  it('are in the journal before they are made: one that fails half-way can be undone', async () => {
    await writeFile(join(world.agents.folderOf(world.machine), 'fail-stop'), '');
    await expect(inject('term')).rejects.toMatchObject({ code: 'DRIVER_COMMAND_FAILED' });
    expect((await standing()).length).toBe(1);
    expect((await heal()).length).toBe(1);
    expect([await standing(), await unitState()]).toEqual([[], 'active']);
  });

  it('term: one that systemd had to kill has suffered another fault, which is said', async () => {
    await writeFile(join(world.agents.folderOf(world.machine), 'results', unit), 'timeout\n');
    await expect(inject('term')).rejects.toMatchObject({
      code: 'DRIVER_COMMAND_FAILED',
      evidence: ['it was killed: its own time to leave ran out'],
    });
    expect(await heal()).toHaveLength(1);
  });

  it('of a machine stop it without its system, and start the same one again', async () => {
    const entry = await inject('machine-kill', { service: undefined });
    expect(entry.says).toContain('without its system’s shutdown');
    expect(await stateOf()).toBe('stopped');
    await expect(inject('kill'), 'of a machine that does not run').rejects.toMatchObject({
      code: 'OPERATIONS_FAULT_NOT_POSSIBLE',
    });
    await heal();
    await heal();
    expect(await stateOf()).toBe('running');
  });

  it('isolate by a security group that lets nothing through, and put back those that were there', async () => {
    await giveGroup();
    const before = await world.control.network(world.machine);
    expect(before.groups.length).toBe(1);
    await inject('isolate');
    const during = await world.control.network(world.machine);
    expect(during.groups).not.toEqual(before.groups);
    expect(await rulesOf(during.groups[0] ?? '', world.aws.place.region)).toEqual({ in: 0, out: 0 });
    await heal();
    expect(await world.control.network(world.machine)).toEqual(before);
    await world.control.removeGroup(before.vpc, 'ensemble-test-isolated-worker-1');
  });

  it('isolate a node once: a second time is refused, whether its group is worn or only noted', async () => {
    await giveGroup();
    const before = await world.control.network(world.machine);
    await inject('isolate');
    const refused = { code: 'OPERATIONS_FAULT_NOT_POSSIBLE', message: expect.stringContaining('already') };
    await expect(inject('isolate')).rejects.toMatchObject(refused);
    // Somebody has put its groups back by another way.
    await world.control.setGroups(world.machine, before.groups);
    await expect(inject('isolate')).rejects.toMatchObject(refused);
    expect(await heal()).toHaveLength(1);
    expect(await world.control.network(world.machine)).toEqual(before);
    await inject('isolate');
    await heal();
  });

  it('leave other groups that a node was given since as they are', async () => {
    await giveGroup();
    await inject('isolate');
    const { vpc } = await world.control.network(world.machine);
    const meant = [await world.control.ensureClosedGroup(vpc, 'of-terraform')];
    await world.control.setGroups(world.machine, meant);
    await heal();
    expect(await world.control.network(world.machine)).toEqual({ vpc, groups: meant });
    expect(await world.control.groupNamed(vpc, 'ensemble-test-isolated-worker-1')).toBeUndefined();
  });

  it('isolate by a group of the node’s own network: one of the same name in another is neither worn nor removed', async () => {
    await giveGroup();
    const name = 'ensemble-test-isolated-worker-1';
    const other = await makeNetwork(world.aws.place.region);
    const namesake = await world.control.ensureClosedGroup(other, name);
    await inject('isolate');
    expect((await world.control.network(world.machine)).groups).not.toContain(namesake);
    await heal();
    expect(await world.control.ensureClosedGroup(other, name)).toBe(namesake);
  });

  it('that cannot be made are refused with the reason, before anybody is asked', async () => {
    for (const kind of ['slow-link', 'full-disk'])
      await expect(inject(kind)).rejects.toMatchObject({ code: 'OPERATIONS_FAULT_NOT_POSSIBLE' });
    await expect(inject('party')).rejects.toMatchObject({ code: 'OPERATIONS_FAULT_UNKNOWN' });
    expect(world.shown).toEqual([]);
  });

  it('of a machine that somebody has replaced since are over: nothing of the new one is touched', async () => {
    await giveGroup();
    const paused = await inject('pause');
    const isolated = await inject('isolate');
    const killed = await inject('machine-kill', { service: undefined });
    await endMachine(world.machine, world.aws.place.region);
    const healed = await heal();
    expect(healed.map(({ id }) => id)).toEqual([paused.id, isolated.id, killed.id]);
    expect(await world.control.isGone(world.machine)).toBe(true);
    expect(await world.control.isGone('i-0123456789abcdef0')).toBe(true);
  });
});
