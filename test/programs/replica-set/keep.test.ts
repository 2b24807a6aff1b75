/**
 * The keeper of the replica set against scripted members (scripted-set.ts), through the real driver and real connections on 127.0.0.1, SCRAM included.
 * Not tried on a real member: what the manual does not say, these members do not know.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReplicaSetConfig, replicaSetConfigShape } from '../../../contracts/replica-set-config.ts';
import { type Deed, keepReplicaSet } from '../../../programs/replica-set/keep.ts';
import { memberOf } from '../../../programs/replica-set/member.ts';
import { Fault } from '../../clients/scripted-mongod.ts';
import { ScriptedSet } from './scripted-set.ts';

let set: ScriptedSet;
let hosts: readonly string[];
beforeEach(async () => {
  set = new ScriptedSet();
  hosts = await set.start(3);
});
afterEach(() => set.stop());

const admin = { name: 'admin', password: 'the admin of the set' };
const api = { name: 'messaging', password: 'of the messaging API', roles: [{ role: 'readWrite', db: 'argo_msg' }] };

function configOf(self: string, change: object = {}, declared: readonly string[] = hosts): ReplicaSetConfig {
  return replicaSetConfigShape.parse({
    set: 'ensemble',
    members: declared.map((host, at) => ({ host, ordinal: at + 1 })),
    self,
    admin,
    users: [api],
    ...change,
  });
}

async function keep(config: ReplicaSetConfig): Promise<readonly Deed[]> {
  const member = memberOf(config);
  const deeds: Deed[] = [];
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  try {
    await keepReplicaSet(config, { member, tell: (deed) => deeds.push(deed), pause });
  } finally {
    await member.close();
  }
  return deeds;
}

const everywhere = (change: object = {}, declared: readonly string[] = hosts) =>
  Promise.all(declared.map((host) => keep(configOf(host, change, declared))));
const did = (deeds: readonly Deed[]) =>
  deeds.filter((each) => each.did !== 'waits').map((each) => `${each.did} ${each.what}`);
const numbers = () => set.configuration?.members.map(({ _id, host }) => `${_id} ${hosts.indexOf(host) + 1}`);
const short = { ensemble: { timeoutMs: 300 } };

describe('a set that is not there yet', () => {
  it('is initiated by the first member alone, with all members by name, then its users and its default are made', async () => {
    const [first = [], ...others] = await everywhere();
    expect(did(first)).toEqual([
      'initiated ensemble',
      'made user admin',
      'made user messaging',
      'changed the default write concern: majority',
    ]);
    expect(others.map(did)).toEqual([[], []]);
    expect(numbers()).toEqual(['1 1', '2 2', '3 3']);
    expect(set.done).toEqual(['replSetInitiate', 'createUser admin', 'createUser messaging']);
    expect(set.users.get('messaging')?.roles).toEqual(api.roles);
    expect(set.users.get('admin')?.roles.map((each) => each.role)).toEqual(['userAdminAnyDatabase', 'clusterAdmin']);
  });

  it('is left alone by the second run, on any member', async () => {
    await everywhere();
    set.done.length = 0;
    for (const deeds of await everywhere()) expect(did(deeds)).toEqual([]);
    expect(set.done).toEqual([]);
  });

  it('is made once by two runs beside the same member', async () => {
    const [self = ''] = hosts;
    await Promise.all([
      keep(configOf(self)),
      keep(configOf(self)),
      ...hosts.slice(1).map((host) => keep(configOf(host))),
    ]);
    expect(set.done.filter((each) => each === 'replSetInitiate')).toHaveLength(1);
    expect(set.done.filter((each) => each === 'createUser admin')).toHaveLength(1);
  });

  it('needs no users where there is no access control', async () => {
    set.accessControl = false;
    await everywhere({ admin: undefined, users: [] });
    expect(set.users.size).toBe(0);
    expect(numbers()).toHaveLength(3);
  });

  it('waits for a member that does not run yet, and says for whom when the time is over', async () => {
    const [self = ''] = hosts;
    const absent = '127.0.0.1:9';
    await expect(keep(configOf(self, short, [...hosts, absent]))).rejects.toMatchObject({
      code: 'REPLICA_SET_TIMED_OUT',
      message: expect.stringContaining('NodeNotFound'),
      evidence: [expect.stringContaining(absent)],
    });
    await expect(keep(configOf(hosts[1] ?? '', short))).rejects.toMatchObject({
      message: expect.stringContaining(`${self} to initiate the set`),
    });
  });

  it('is not made anew by a first member that lost its data while the others still are a set', async () => {
    await everywhere();
    const lost = set.members.get(hosts[0] ?? '');
    if (lost !== undefined) lost.config = undefined;
    set.stepDown();
    set.done.length = 0;
    await expect(keep(configOf(hosts[0] ?? '', short))).rejects.toMatchObject({
      message: expect.stringContaining('to take this member in again'),
    });
    expect(set.done).toEqual([]);
  });
});

describe('members that come and go', () => {
  it('are added one at a time by the primary, whichever it is, and get the numbers of their ordinals', async () => {
    const [first = '', second = '', third = ''] = hosts;
    await everywhere({}, [first]);
    const runs = await everywhere();
    expect(did(runs[0] ?? [])).toEqual([`added ${second}`, `added ${third}`]);
    expect(numbers()).toEqual(['1 1', '2 2', '3 3']);
    expect(set.configuration?.version).toBe(3);
  });

  it('are refused to leave unless the file says so, and then leave one at a time', async () => {
    await everywhere();
    const [first = '', second = ''] = hosts;
    for (const self of [first, second])
      await expect(keep(configOf(self, {}, [first, second]))).rejects.toMatchObject({
        code: 'REPLICA_SET_UNDECLARED_MEMBER',
        message: expect.stringContaining(hosts[2] ?? 'none'),
      });
    const told = { ensemble: { removeMembers: true } };
    const runs = await everywhere(told, [first]);
    expect(did(runs[0] ?? [])).toEqual([`removed ${second}`, `removed ${hosts[2]}`]);
    expect(numbers()).toEqual(['1 1']);
  });

  it('may be replaced: the new one is in before the old one leaves, under a number of its own', async () => {
    await everywhere();
    const [first = '', second = '', third = ''] = hosts;
    const fresh = await set.add();
    const runs = await everywhere({ ensemble: { removeMembers: true } }, [first, second, fresh]);
    expect(did(runs[0] ?? [])).toEqual([`added ${fresh}`, `removed ${third}`]);
    expect(set.configuration?.members.map((each) => each._id)).toEqual([1, 2, 4]);
  });

  it('are all secondaries, or the primary, before the run beside the primary ends', async () => {
    set.syncLooks = 20;
    await keep(configOf(hosts[0] ?? ''));
    for (const member of set.members.values()) expect(member.syncs).toBe(0);
  });
});

describe('an election', () => {
  it('in the middle of the work leaves the rest to the new primary, and a secondary stays until the users are there', async () => {
    let stepped = false;
    set.before = (_host, name) => {
      if (name !== 'createUser' || stepped) return;
      stepped = true;
      set.stepDown();
      throw new Fault(189, 'PrimarySteppedDown');
    };
    const [first = [], second = []] = await everywhere();
    expect(did(first)).toEqual(['initiated ensemble']);
    expect(did(second)).toContain('made user messaging');
    expect(set.users.size).toBe(2);
  });

  it('between reading a configuration and changing it costs one more try', async () => {
    const [first = ''] = hosts;
    await everywhere({}, [first]);
    const faults = [
      new Fault(103, 'NewReplicaSetConfigurationIncompatible'),
      new Fault(109, 'ConfigurationInProgress'),
    ];
    set.before = (_host, name) => {
      const fault = name === 'replSetReconfig' ? faults.pop() : undefined;
      if (fault !== undefined) throw fault;
    };
    await everywhere();
    expect(numbers()).toHaveLength(3);
  });

  it('that never ends is told as what is waited for', async () => {
    set.electionLooks = 1_000_000;
    await expect(keep(configOf(hosts[0] ?? '', short))).rejects.toMatchObject({
      code: 'REPLICA_SET_TIMED_OUT',
      message: expect.stringContaining('a primary to be elected'),
    });
  });
});

describe('users', () => {
  it('get the password and the rights of the file where theirs differ, no more and no fewer', async () => {
    await everywhere();
    const differing = [
      { password: 'an old one', roles: api.roles },
      { password: api.password, roles: [{ role: 'root', db: 'admin' }] },
    ];
    for (const user of differing) {
      for (const users of [set.users, ...[...set.members.values()].map((each) => each.users)])
        users.set(api.name, user);
      expect(did((await everywhere()).flat())).toEqual(['changed user messaging']);
      expect(set.users.get(api.name)).toEqual({ password: api.password, roles: api.roles });
    }
  });

  it('are not made by an admin whom the set does not know', async () => {
    await everywhere();
    const stranger = { admin: { ...admin, password: 'not the one' } };
    await expect(keep(configOf(hosts[0] ?? '', stranger))).rejects.toMatchObject({ code: 'REPLICA_SET_ADMIN_REFUSED' });
  });

  it('are never named with their password in what is told, nor in what fails', async () => {
    const deeds = JSON.stringify(await everywhere());
    const failed = await keep(configOf(hosts[0] ?? '', { admin: { ...admin, name: 'other' } })).catch((error) => error);
    for (const { password } of [admin, api]) {
      expect(deeds).not.toContain(password);
      expect(JSON.stringify(failed)).not.toContain(password);
    }
  });
});

it('a member of another set is left alone', async () => {
  await everywhere();
  const other = configOf(hosts[0] ?? '', { set: 'another' });
  await expect(keep(other)).rejects.toMatchObject({ code: 'REPLICA_SET_OTHER_SET' });
});
