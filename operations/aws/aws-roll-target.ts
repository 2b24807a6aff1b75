/** An environment on AWS as a roll works on it: the same plan, gates and order as here (operations/roll), other ways to ask and to order. */
import { join } from 'node:path';
import { nodeArchives } from '../../artifacts/node-archives.ts';
import { ensureProgramArchives } from '../../artifacts/program-archives.ts';
import { withFileLock } from '../../platform/file-lock.ts';
import type { DeploymentOptions } from '../deployment.ts';
import type { LockOptions, RollTarget } from '../roll/target.ts';
import { askBalancers, askQuorum, askStore, openOwnApplier } from './ask-cluster.ts';
import { type AwsEnvironment, openAwsEnvironment } from './aws-environment.ts';
import { brokerControlThrough, brokersThrough } from './brokers-through-function.ts';
import { atWork, deployedNotes, environmentLock } from './chaos-state.ts';
import { assertSettingsDeployed } from './deployed-settings.ts';
import { ensureAwsSecrets } from './ensure-secrets.ts';
import { healDeployed } from './heal-deployed.ts';
import { type OperatedAws, withAws } from './operated.ts';

/** Between two looks: a look is some commands of Systems Manager, each of which takes a second or more itself. */
const pollMs = 1_000;

export interface AwsRoll {
  readonly operated: OperatedAws;
  readonly target: RollTarget;
}

/** @throws what `work` throws; EnsembleError OPERATIONS_TARGET_NOT_AWS, CLIENT_AWS_... */
export async function withAwsRoll<T>(
  options: DeploymentOptions,
  { command, ...lock }: LockOptions & { readonly command: string },
  work: (roll: AwsRoll) => Promise<T>,
): Promise<T> {
  const aws = await openAwsEnvironment(options, command);
  return await withAws(aws, async (operated) => {
    await healDeployed(operated, options);
    const applier = await openOwnApplier(aws);
    try {
      const lockFile = environmentLock(join(options.stateRoot, aws.place.environment));
      const target = awsRollTarget(operated, applier, lockFile, lock);
      const { byRun } = deployedNotes(operated.objects);
      const onUnnoted = (why: string) =>
        options.onProgress?.(`chaos runs and rolls of other machines are not kept from these nodes meanwhile: ${why}`);
      const exclusively: RollTarget['exclusively'] = (changing) =>
        target.exclusively(() => atWork({ byRun, says: `ensemble ${command}`, onUnnoted }, changing));
      return await work({ operated, target: { ...target, exclusively } });
    } finally {
      applier.close();
    }
  });
}

/** @param lockFile of those that change what is rolled: deployed nodes and a rehearsal's machines have one each */
export function awsRollTarget(
  operated: OperatedAws,
  applier: Awaited<ReturnType<typeof openOwnApplier>>,
  lockFile: string,
  { signal, onWaitForLock }: LockOptions,
): RollTarget {
  const { environment, addressing, driver, objects } = operated;
  const { cluster } = environment;
  return {
    cluster,
    addressing,
    driver,
    wholeness: {
      quorum: () => askQuorum(operated),
      store: () => askStore(operated),
      balancers: () => askBalancers(operated),
      ...brokersThrough(applier),
    },
    brokers: brokerControlThrough(applier),
    pollMs,
    async assertDeployed() {
      const software = { archives: nodeArchives(await ensureProgramArchives()) };
      await assertSettingsDeployed({ cluster, addressing, software, objects });
    },
    // Archives are looked for by the driver, for the nodes that need them.
    async prepare() {
      await ensureAwsSecrets(operated satisfies AwsEnvironment);
    },
    exclusively: (work) => withFileLock(lockFile, { signal, onWait: ({ pid }) => onWaitForLock?.(pid) }, work),
  };
}
