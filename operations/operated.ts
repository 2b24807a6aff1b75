/** An environment that runs, wherever it runs, as the commands for single nodes and its status need it. */
import { join } from 'node:path';
import { loadEnvironment } from '../cluster/load.ts';
import { type Deployment, type DeploymentOptions, openDeployment } from './deployment.ts';
import { observeStatus, type StatusReport } from './status.ts';

export interface Operated extends Pick<Deployment, 'environment' | 'addressing' | 'driver' | 'stateDirectory'> {
  observe(): Promise<StatusReport>;
}

/** @throws what opening and `work` throw */
export async function withOperated<T>(
  options: DeploymentOptions,
  work: (operated: Operated) => Promise<T>,
): Promise<T> {
  const { cluster } = await loadEnvironment(options.environment, options.environmentsDirectory);
  if (cluster.target !== 'aws') {
    const deployment = await openDeployment(options);
    return await work({ ...deployment, observe: () => observeStatus(deployment) });
  }
  // What AWS needs is loaded where it is needed.
  const [{ openAwsEnvironment }, { withAws }, { observeAwsStatus }, { healDeployed }] = await Promise.all([
    import('./aws/aws-environment.ts'),
    import('./aws/operated.ts'),
    import('./aws/aws-status.ts'),
    import('./aws/heal-deployed.ts'),
  ]);
  const stateDirectory = join(options.stateRoot, cluster.environment);
  return await withAws(await openAwsEnvironment(options, 'status'), async (operated) => {
    await healDeployed(operated, options);
    return await work({ ...operated, stateDirectory, observe: () => observeAwsStatus(operated) });
  });
}
