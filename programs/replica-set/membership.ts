/**
 * Which configuration a replica set should have next: computed from the one that it has, one voting member more or less at a time, as the manual has it
 * ("replSetReconfig": reconfiguration can add or remove no more than one voting member at a time). Nothing here speaks to anybody.
 */
import type { ReplicaSetConfig } from '../../contracts/replica-set-config.ts';
import { undeclaredMembers } from './errors.ts';

export interface SetMember {
  readonly _id: number;
  readonly host: string;
}

/** The parts of MongoDB's document that are looked at; the others are kept as they are. */
export interface SetConfiguration {
  readonly _id: string;
  readonly version: number;
  readonly members: readonly SetMember[];
}

type Declared = Pick<ReplicaSetConfig, 'set' | 'members' | 'ensemble'>;

export function firstConfiguration({ set, members }: Declared): SetConfiguration {
  return { _id: set, version: 1, members: inOrder(members).map(({ host, ordinal }) => ({ _id: ordinal, host })) };
}

/** The member that initiates: one only, so that no two sets arise. */
export function initiator({ members }: Declared): string | undefined {
  return inOrder(members)[0]?.host;
}

export interface Step {
  readonly configuration: SetConfiguration;
  readonly did: 'added' | 'removed';
  readonly host: string;
}

/** Undefined where the set has the members that are declared. Throws REPLICA_SET_UNDECLARED_MEMBER where it has others that may not be removed. */
export function nextStep(current: SetConfiguration, declared: Declared): Step | undefined {
  const wanted = inOrder(declared.members);
  const undeclared = current.members.filter(({ host }) => !wanted.some((each) => each.host === host));
  if (undeclared.length > 0 && !declared.ensemble.removeMembers)
    throw undeclaredMembers(undeclared.map((each) => each.host));
  const version = current.version + 1;
  const missing = wanted.find(({ host }) => !current.members.some((each) => each.host === host));
  if (missing !== undefined) {
    const members = [...current.members, { _id: freeId(current.members, missing.ordinal), host: missing.host }];
    return { configuration: { ...current, version, members }, did: 'added', host: missing.host };
  }
  const [leaving] = undeclared;
  if (leaving === undefined) return undefined;
  const members = current.members.filter((each) => each !== leaving);
  return { configuration: { ...current, version, members }, did: 'removed', host: leaving.host };
}

/** A member's number stays its own for as long as the set lives; one that was replaced under another name gets a number of its own. */
function freeId(members: readonly SetMember[], ordinal: number): number {
  const taken = members.map((each) => each._id);
  return taken.includes(ordinal) ? Math.max(...taken) + 1 : ordinal;
}

function inOrder(members: Declared['members']): Declared['members'] {
  return [...members].sort((a, b) => a.ordinal - b.ordinal);
}
