/**
 * What scenarios are run on: an environment that runs, wherever it runs, with everything that a run asks of it. A run speaks with each node itself: whoever
 * opens one is in the nodes' network.
 */
import type { Id } from '../../cluster/model.ts';
import type { Fault } from '../../contracts/fault.ts';
import { type FaultNotes, notesOf } from '../../drivers/journal.ts';
import type { Deployment } from '../deployment.ts';
import { localWholeness } from '../local-wholeness.ts';
import type { Wholeness } from '../wholeness.ts';

export interface SystemUnderTest
  extends Pick<Deployment, 'environment' | 'stateDirectory' | 'addressing' | 'driver' | 'faults' | 'bootstrap'> {
  readonly secrets: Pick<Deployment['secrets'], 'read'>;
  readonly wholeness: Wholeness;
  /** Of what is about to be broken. */
  readonly notes: FaultNotes;
  /** Held for as long as runs take: whoever changes the environment holds it too. */
  readonly lockFile: string;
  /** `--driver`: who makes the faults. */
  readonly driverName: 'processes' | 'hosts' | 'aws';
  /** Why no fault can be made on the metadata store's primary; undefined where there is one. */
  readonly withoutPrimary: string | undefined;
  /** Why nothing can be delivered to an endpoint of a run's; undefined where it can. */
  readonly withoutPush: string | undefined;
  /** How long who was healed may take until it serves. */
  readonly servesWithinMs: number;
  /** Nodes that may be broken; all of them where it is absent. */
  readonly breakable?: ReadonlySet<Id>;
  /** What a person must type before anything is broken, and what is shown before; nothing where it is absent. */
  readonly consent?: { readonly words: string; plan(fault: Fault): Promise<string> };
}

/** Of a process, or a unit of a machine that runs: a broker that was killed is refused until its session has ended, and is started again until then. */
export const processServesMs = 120_000;

/** Processes of this machine. */
export function localSystem(deployment: Deployment): SystemUnderTest {
  const { environment, stateDirectory } = deployment;
  return {
    ...deployment,
    notes: notesOf(deployment),
    wholeness: localWholeness(deployment),
    lockFile: `${stateDirectory}/lock`,
    driverName: 'processes',
    servesWithinMs: processServesMs,
    withoutPrimary:
      environment.cluster.standIns.mongodb === undefined
        ? undefined
        : 'the metadata store is a stand-in here, one server without a primary',
    withoutPush: undefined,
  };
}
