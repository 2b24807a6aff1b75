/** Opens what is to be rolled, wherever it runs. */
import { loadEnvironment } from '../../cluster/load.ts';
import { type DeploymentOptions, openDeployment } from '../deployment.ts';
import { type LockOptions, localRollTarget, type RollTarget } from './target.ts';

/** @throws what opening and `work` throw */
export async function withRollTarget<T>(
  options: DeploymentOptions,
  lock: LockOptions,
  work: (target: RollTarget) => Promise<T>,
): Promise<T> {
  const { cluster } = await loadEnvironment(options.environment, options.environmentsDirectory);
  if (cluster.target !== 'aws') return await work(localRollTarget(await openDeployment(options), lock));
  // What AWS needs is loaded where it is needed.
  const { withAwsRoll } = await import('../aws/aws-roll-target.ts');
  return await withAwsRoll(options, { ...lock, command: 'roll' }, ({ target }) => work(target));
}
