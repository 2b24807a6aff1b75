/**
 * A deployed environment as what scenarios are run on, opened from a place inside its network: brokers are written to and watched from here, all else is asked
 * and ordered as by a roll (Systems Manager, EC2, the function). Only nodes that the environment file lets break are broken, once a person has typed so.
 */
import { join } from 'node:path';
import { assertAccount } from '../../clients/aws/account.ts';
import { openInstanceControl } from '../../clients/aws/instance-control.ts';
import { bootstrapServers } from '../../cluster/bootstrap.ts';
import type { Id } from '../../cluster/model.ts';
import type { Fault } from '../../contracts/fault.ts';
import { awsFaults } from '../../drivers/aws/aws-faults.ts';
import { assertAlone } from '../../drivers/aws/bucket-notes.ts';
import { isAlive } from '../../platform/process-identity.ts';
import { type AwsEnvironment, openAwsEnvironment } from '../aws/aws-environment.ts';
import { withAwsRoll } from '../aws/aws-roll-target.ts';
import { awsStateDirectory, deployedNotes, environmentLock } from '../aws/chaos-state.ts';
import { withStore } from '../aws/ensure-secrets.ts';
import { noAllowList } from '../aws/errors.ts';
import type { DeploymentOptions } from '../deployment.ts';
import { nodesRunning } from '../health.ts';
import { outsideNetwork } from './errors.ts';
import { healed } from './heal-first.ts';
import { nodeProbes } from './observer.ts';
import type { SystemUnderTest } from './system.ts';
import { until } from './until.ts';

export interface AwsSystemOptions {
  readonly signal: AbortSignal;
  /** Told of a node that may be broken, and is not: nobody here would see it. */
  readonly onUnseen: (node: Id) => void;
  /** Only what is left is undone: no list is asked for. */
  readonly healing?: boolean;
}

/** A first answer may be late: names, sessions of TLS, a process that has just begun. */
const seenWithinMs = 5_000;
/** A machine that was stopped boots, brings its agent up, becomes its node, and its broker looks through its data. */
const servesWithinMs = 600_000;

/** What a run that died has left is healed first, unless the command does so itself. @throws EnsembleError OPERATIONS_FAULT_NO_ALLOW_LIST, OPERATIONS_CHAOS_OUTSIDE_NETWORK, OPERATIONS_TARGET_NOT_AWS, CLIENT_AWS_... */
export async function onAwsSystem<T>(
  options: DeploymentOptions,
  { signal, onUnseen, healing = false }: AwsSystemOptions,
  work: (system: SystemUnderTest) => Promise<T>,
): Promise<T> {
  const aws = await openAwsEnvironment(options, 'chaos --driver aws');
  const { environment, addressing, place } = aws;
  const { cluster } = environment;
  await assertAccount({ region: place.region }, place.account);
  const own = join(options.stateRoot, cluster.environment);
  const bootstrap = bootstrapServers(cluster, addressing);
  // Filled once what a run that died has left is healed: who is down by it is seen again then.
  const breakable = new Set<Id>();
  const control = await openInstanceControl({ region: place.region });
  try {
    // Healed here, with the topics that a run made as well.
    const untouched = { ...options, leaveFaults: true };
    return await withAwsRoll(untouched, { command: 'chaos --driver aws', signal }, async ({ operated, target }) =>
      withStore(aws, async (secrets) => {
        const notes = deployedNotes(operated.objects);
        const faults = awsFaults({
          environment: cluster.environment,
          machines: operated.machines,
          control,
          allowed: breakable,
          notes: [notes.byHand, notes.byRun],
        });
        const system: SystemUnderTest = {
          environment,
          stateDirectory: awsStateDirectory(own),
          addressing,
          driver: operated.driver,
          faults,
          bootstrap,
          secrets,
          wholeness: target.wholeness,
          notes: notes.byRun,
          lockFile: environmentLock(own),
          driverName: 'aws',
          withoutPrimary: undefined,
          withoutPush:
            'push servers deliver to endpoints whose certificates a public authority vouches for, and a run has none',
          servesWithinMs,
          breakable,
          consent: {
            words: `break ${cluster.environment}`,
            async plan(fault: Fault) {
              const planned = await faults.plan(fault);
              return 'cannot' in planned ? planned.cannot : planned.says;
            },
          },
        };
        await healed(system, options);
        if (!healing) {
          // Before anybody is asked. Those of this machine are waited for first, by its lock.
          assertAlone((await notes.byRun.read()).entries.filter(({ owner }) => !isAlive(owner)));
          for (const node of await breakableFromHere(aws, bootstrap, { signal, onUnseen })) breakable.add(node);
        }
        return await work(system).finally(() => notes.byRun.close());
      }),
    );
  } finally {
    control.close();
  }
}

/** Those of the list who answer here. @throws EnsembleError OPERATIONS_FAULT_NO_ALLOW_LIST, OPERATIONS_CHAOS_OUTSIDE_NETWORK */
async function breakableFromHere(
  aws: AwsEnvironment,
  bootstrap: readonly string[],
  { signal, onUnseen }: Pick<AwsSystemOptions, 'signal' | 'onUnseen'>,
): Promise<readonly Id[]> {
  const { environment } = aws;
  const listed = environment.spec.aws?.breakable ?? [];
  if (listed.length === 0) throw noAllowList(environment.file);
  const brokers = nodesRunning(environment.cluster.groups, 'kafka').map(({ id }) => id);
  const asked = nodeProbes(aws).filter(({ node }) => listed.includes(node) || brokers.includes(node));
  const seen = new Set<Id>();
  const look = async ({ node, answers }: (typeof asked)[number]) => {
    if (await until(answers, seenWithinMs, signal)) seen.add(node);
  };
  await Promise.all(asked.map(look));
  if (!brokers.some((node) => seen.has(node))) throw outsideNetwork(environment.cluster.environment, bootstrap);
  for (const node of listed) if (!seen.has(node)) onUnseen(node);
  return listed.filter((node) => seen.has(node));
}
