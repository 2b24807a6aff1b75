/** An environment of target aws as commands open it: its model, its names, its place. Reads one file and reaches nothing. */
import { type Addressing, namedAddressing } from '../../cluster/addressing.ts';
import { type Environment, loadEnvironment } from '../../cluster/load.ts';
import type { AwsPlace } from '../../contracts/aws-names.ts';
import { placeOf } from '../../stacks/aws/place.ts';
import { targetNotAws } from './errors.ts';

export interface AwsEnvironment {
  readonly environment: Environment;
  readonly addressing: Addressing;
  readonly place: AwsPlace;
}

/** `command`: as a person types it. @throws EnsembleError OPERATIONS_TARGET_NOT_AWS, and what loadEnvironment throws */
export async function openAwsEnvironment(
  {
    environment: name,
    environmentsDirectory,
  }: { readonly environment: string; readonly environmentsDirectory: string },
  command: string,
): Promise<AwsEnvironment> {
  const environment = await loadEnvironment(name, environmentsDirectory);
  const { cluster } = environment;
  if (cluster.target !== 'aws') throw targetNotAws(cluster.environment, cluster.target, command);
  return { environment, addressing: namedAddressing(cluster), place: placeOf(cluster) };
}
