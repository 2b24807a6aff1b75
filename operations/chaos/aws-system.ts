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
import { openAwsEnvironment } from '../aws/aws-environment.ts';
import { withAwsRoll } from '../aws/aws-roll-target.ts';
import { awsStateDirectory } from '../aws/chaos-state.ts';
import { withStore } from '../aws/ensure-secrets.ts';
import { noAllowList } from '../aws/errors.ts';
import type { DeploymentOptions } from '../deployment.ts';
import { healed } from '../deployment.ts';
import { nodesRunning } from '../health.ts';
import { outsideNetwork } from './errors.ts';
import { nodeProbes } from './observer.ts';
import type { SystemUnderTest } from './system.ts';

export interface AwsSystemOptions {
  readonly signal: AbortSignal;
  /** Told of a node that may be broken, and is not: nobody here would see it. */
  readonly onUnseen: (node: Id) => void;
  /** Only what is left is undone: no list is asked for. */
  readonly healing?: boolean;
}

/** What a run that died has left is healed first, unless the command does so itself. @throws EnsembleError OPERATIONS_FAULT_NO_ALLOW_LIST, OPERATIONS_CHAOS_OUTSIDE_NETWORK, OPERATIONS_TARGET_NOT_AWS, CLIENT_AWS_... */
export async function onAwsSystem<T>(
  options: DeploymentOptions,
  { signal, onUnseen, healing = false }: AwsSystemOptions,
  work: (system: SystemUnderTest) => Promise<T>,
): Promise<T> {
  const aws = await openAwsEnvironment(options, 'chaos --driver aws');
  const { environment, addressing, place } = aws;
  const { cluster } = environment;
  const listed = environment.spec.aws?.breakable ?? [];
  if (listed.length === 0 && !healing) throw noAllowList(environment.file);
  await assertAccount({ region: place.region }, place.account);
  const own = join(options.stateRoot, cluster.environment);
  const bootstrap = bootstrapServers(cluster, addressing);
  const seen = healing ? new Set<Id>() : await seenFromHere(aws);
  const brokers = nodesRunning(cluster.groups, 'kafka');
  if (!healing && !brokers.some(({ id }) => seen.has(id))) throw outsideNetwork(cluster.environment, bootstrap);
  for (const node of listed) if (!healing && !seen.has(node)) onUnseen(node);
  const breakable = new Set(listed.filter((node) => seen.has(node)));
  const control = await openInstanceControl({ region: place.region });
  try {
    // Healed here, with the topics that a run made as well.
    const untouched = { ...options, leaveFaults: true };
    return await withAwsRoll(untouched, { command: 'chaos --driver aws', signal }, async ({ operated, target }) =>
      withStore(aws, async (secrets) => {
        const faults = awsFaults({
          environment: cluster.environment,
          machines: operated.machines,
          control,
          allowed: breakable,
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
          lockFile: join(own, 'lock'),
          driverName: 'aws',
          withoutPrimary: undefined,
          withoutPush:
            'push servers deliver to endpoints whose certificates a public authority vouches for, and a run has none',
          breakable,
          consent: {
            words: `break ${cluster.environment}`,
            async plan(fault: Fault) {
              const planned = await faults.plan(fault);
              return 'cannot' in planned ? planned.cannot : planned.says;
            },
          },
        };
        return await work(await healed(system, options));
      }),
    );
  } finally {
    control.close();
  }
}

/** Who answers to an observer in this place. */
async function seenFromHere(aws: Parameters<typeof nodeProbes>[0]): Promise<ReadonlySet<Id>> {
  const answers = nodeProbes(aws).map(async ({ node, answers: answering }) => ((await answering()) ? [node] : []));
  return new Set((await Promise.all(answers)).flat());
}
