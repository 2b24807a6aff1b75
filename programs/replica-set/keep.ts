/**
 * Brings a replica set to what its file says, from beside any of its members: looks, does the next thing that is this member's to do, and looks again. So a
 * run may be killed at any point and run again, on one member or on all at once. Only the member with the lowest ordinal initiates, and only while no other
 * member belongs to a set already (it may have lost its disk); only the primary makes users and changes the configuration.
 *
 * By MongoDB's manual: "hello", "replSetInitiate", "replSetGetConfig", "replSetReconfig", "replSetGetStatus", "setDefaultRWConcern". Not tried on a real
 * member (decision 0022).
 */
import { MemberRefused } from '../../clients/mongo/member.ts';
import { EnsembleError } from '../../contracts/error.ts';
import type { ReplicaSetConfig } from '../../contracts/replica-set-config.ts';
import { notInTime, otherSet, undeclaredMembers } from './errors.ts';
import { codes, type Hello, type Member } from './member.ts';
import { firstConfiguration, initiator, nextStep, type SetConfiguration } from './membership.ts';
import { ensureUsers, knowsUsers } from './users.ts';

export interface Deed {
  readonly did: 'initiated' | 'added' | 'removed' | 'made' | 'changed' | 'waits';
  readonly what: string;
}

export interface KeepOptions {
  readonly member: Member;
  readonly tell: (deed: Deed) => void;
  /** Between two looks. */
  readonly pause: () => Promise<void>;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic?: () => number;
}

/** A configuration must reach a majority; a member that hangs must not hold the run for ever. */
const reconfigureMs = 20_000;

/** Throws the errors of errors.ts; everything that may mend itself is waited for. */
export async function keepReplicaSet(config: ReplicaSetConfig, options: KeepOptions): Promise<void> {
  const { member, tell, pause, monotonic = () => performance.now() } = options;
  const end = monotonic() + config.ensemble.timeoutMs;
  let said = '';
  for (;;) {
    let waitsFor: string | undefined;
    let cause: unknown;
    try {
      waitsFor = await lookAndDo(config, member, tell);
      if (waitsFor === undefined) return;
    } catch (error) {
      if (error instanceof EnsembleError && error.code.startsWith('REPLICA_SET_')) throw error;
      const ours =
        error instanceof MemberRefused || (error instanceof EnsembleError && error.code.startsWith('CLIENT_'));
      if (!ours) throw error;
      // An election, an unreachable member, another run's reconfiguration: all pass, or the time does.
      cause = error;
      waitsFor =
        error instanceof MemberRefused ? `${config.self} answered ${error.codeName}` : `${config.self} to answer`;
    }
    if (monotonic() >= end) throw notInTime(config.self, config.ensemble.timeoutMs, waitsFor, cause);
    if (waitsFor !== said) tell({ did: 'waits', what: waitsFor });
    said = waitsFor;
    await pause();
  }
}

/** What is still to be waited for; undefined: the set is as the file says. */
async function lookAndDo(
  config: ReplicaSetConfig,
  member: Member,
  tell: KeepOptions['tell'],
): Promise<string | undefined> {
  const hello = await member.hello();
  if (hello.setName === undefined) return initiate(config, member, tell);
  if (hello.setName !== config.set) throw otherSet(config.self, hello.setName, config.set);
  if (hello.isWritablePrimary) return lead(config, member, tell);
  return follow(config, member, hello);
}

async function initiate(config: ReplicaSetConfig, member: Member, tell: KeepOptions['tell']): Promise<string> {
  const first = initiator(config);
  if (first !== config.self) return `${first} to initiate the set`;
  for (const { host } of config.members) {
    if (host === config.self) continue;
    const other = await member.helloOf(host);
    if (other?.setName !== undefined) return `the set that ${host} belongs to, to take this member in again`;
  }
  try {
    await member.run({ replSetInitiate: firstConfiguration(config) });
    tell({ did: 'initiated', what: config.set });
  } catch (error) {
    if (!(error instanceof MemberRefused && error.code === codes.alreadyInitialized)) throw error;
  }
  return 'a primary to be elected';
}

async function lead(config: ReplicaSetConfig, member: Member, tell: KeepOptions['tell']): Promise<string | undefined> {
  await ensureUsers(member, config, (did, name) => tell({ did, what: `user ${name}` }));
  const run: Member['run'] = (command) => member.run(command, config.admin);
  const defaults = await run({ getDefaultRWConcern: 1 });
  if ((defaults.defaultWriteConcern as { w?: unknown } | undefined)?.w !== 'majority') {
    // Before any reconfiguration, which may not change an implicit default ("replSetReconfig", Global Write Concern).
    await run({ setDefaultRWConcern: 1, defaultWriteConcern: { w: 'majority', wtimeout: 0 } });
    tell({ did: 'changed', what: 'the default write concern: majority' });
  }
  const { config: current } = (await run({ replSetGetConfig: 1 })) as { readonly config: SetConfiguration };
  const step = nextStep(current, config);
  if (step !== undefined) {
    await run({ replSetReconfig: step.configuration, maxTimeMS: reconfigureMs });
    tell({ did: step.did, what: step.host });
    return `${step.host} to be ${step.did}`;
  }
  const { members } = (await run({ replSetGetStatus: 1 })) as { readonly members: readonly StatusMember[] };
  const late = members.filter(({ state }) => state !== primaryState && state !== secondaryState);
  return late.length === 0 ? undefined : late.map((each) => `${each.name} (${each.stateStr})`).join(', ');
}

/** MongoDB manual, "Replica Set Member States". */
const primaryState = 1;
const secondaryState = 2;

interface StatusMember {
  readonly name: string;
  readonly state: number;
  readonly stateStr: string;
}

/** It stays until it knows the users too: were it elected before they were made, nobody else would make them. */
async function follow(config: ReplicaSetConfig, member: Member, hello: Hello): Promise<string | undefined> {
  if (hello.primary === undefined) return 'a primary to be elected';
  if (!hello.secondary) return `${config.self} to become a secondary`;
  const wanted = config.members.map((each) => each.host);
  const missing = wanted.filter((host) => !hello.hosts.includes(host));
  if (missing.length > 0) return `the primary ${hello.primary} to add ${missing.join(', ')}`;
  const others = hello.hosts.filter((host) => !wanted.includes(host));
  if (others.length > 0 && !config.ensemble.removeMembers) throw undeclaredMembers(others);
  if (others.length > 0) return `the primary ${hello.primary} to remove ${others.join(', ')}`;
  return (await knowsUsers(member, config)) ? undefined : 'the users to be made on the primary and to arrive here';
}
