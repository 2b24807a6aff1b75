/**
 * A rehearsed environment as operators' commands work on it: the same operations as on AWS, through the same function in its network, with machines of this
 * machine in the place of Systems Manager's. Nodes that have no machine here are neither asked nor waited for, and the report says which.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type InstancesClient, openInstances } from '../../clients/aws/instances.ts';
import { hostMachines } from '../../drivers/hosts/host-machines.ts';
import { openOwnApplier } from '../aws/ask-cluster.ts';
import { awsRollTarget } from '../aws/aws-roll-target.ts';
import type { OperatedAws } from '../aws/operated.ts';
import { bootedAlone, hostsDriver } from '../hosts/hosted.ts';
import type { RollTarget } from '../roll/target.ts';
import { openTopicsTarget, type TopicsTarget } from '../topics-target.ts';
import { findTroubles } from '../wholeness.ts';
import { notAsMeant } from './errors.ts';
import type { Rehearsal } from './rehearsal.ts';

export interface Operated {
  readonly operated: OperatedAws;
  readonly instances: InstancesClient;
  readonly target: RollTarget;
}

/** Its topics, through the function in its network. @param manifest absolute; the environment's own where absent */
export async function topicsTargetOf({ aws, options }: Rehearsal, manifest: string | undefined): Promise<TopicsTarget> {
  return await openTopicsTarget({ ...options, environment: aws.environment.file, environmentGiven: true, manifest });
}

/** @throws what `work` throws; EnsembleError CLIENT_AWS_... */
export async function withOperated<T>(
  rehearsal: Rehearsal,
  signal: AbortSignal,
  work: (operated: Operated) => Promise<T>,
): Promise<T> {
  const { aws, hosted, objects } = rehearsal;
  const instances = await openInstances({ region: aws.place.region });
  const applier = await openOwnApplier(aws);
  try {
    const booted = new Set(rehearsal.chosen.map(({ node }) => node.id));
    const driver = bootedAlone(hostsDriver(aws.environment, hosted.hosts, objects), booted);
    const operated = { ...aws, driver, machines: hostMachines(hosted.hosts), instances, objects };
    const whole = awsRollTarget(operated, applier, hosted.hosts.layout.lock, { signal });
    const { wholeness } = whole;
    const has = (service: string) => rehearsal.chosen.some(({ group }) => group.services.includes(service));
    const target: RollTarget = {
      ...whole,
      wholeness: {
        ...wholeness,
        store: async () => (has('mongodb') ? await wholeness.store() : new Map()),
        balancers: async () => (has('haproxy') ? await wholeness.balancers() : new Map()),
      },
    };
    return await work({ operated, instances, target });
  } finally {
    instances.close();
    applier.close();
  }
}

const pollMs = 1_000;

/** Until nothing is under-replicated, every quorum is one, every service serves. @throws EnsembleError OPERATIONS_REHEARSE_NOT_AS_MEANT with what is not */
export async function awaitWhole(
  { target }: Pick<Operated, 'target'>,
  {
    timeoutMs,
    signal,
    report,
  }: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly report: (line: string) => void },
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const troubles = await findTroubles(target.cluster, await target.driver.status(), target.wholeness);
    const [first] = troubles;
    if (first === undefined) return;
    report(first.what);
    const lines = troubles.map(({ what }) => what);
    if (performance.now() > deadline)
      throw notAsMeant(`the platform is not whole within ${Math.round(timeoutMs / 1000)} s`, lines);
    await delay(pollMs, undefined, { signal });
  }
}
