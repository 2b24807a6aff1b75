/** An environment on AWS, opened to be operated: its driver, and who closes what it opened. */
import { type CommandsClient, openCommands } from '../../clients/aws/commands.ts';
import { type InstancesClient, openInstances } from '../../clients/aws/instances.ts';
import { type ObjectsClient, openObjects } from '../../clients/aws/objects.ts';
import { bucketName } from '../../contracts/aws-names.ts';
import { awsDriver } from '../../drivers/aws/aws-driver.ts';
import { ec2Machines, type Machines } from '../../drivers/aws/machines.ts';
import type { Driver } from '../../drivers/driver.ts';
import type { AwsEnvironment } from './aws-environment.ts';

export interface OperatedAws extends AwsEnvironment {
  readonly driver: Driver;
  readonly machines: Machines;
  readonly instances: InstancesClient;
  /** The environment's bucket. */
  readonly objects: ObjectsClient;
}

/** @throws what `work` throws; EnsembleError CLIENT_AWS_... */
export async function withAws<T>(aws: AwsEnvironment, work: (operated: OperatedAws) => Promise<T>): Promise<T> {
  const { place, environment, addressing } = aws;
  const region = { region: place.region };
  const opened: (InstancesClient | CommandsClient | ObjectsClient)[] = [];
  const keep = <C extends (typeof opened)[number]>(client: C): C => {
    opened.push(client);
    return client;
  };
  try {
    const instances = keep(await openInstances(region));
    const commands = keep(await openCommands(region));
    const objects = keep(await openObjects(region, bucketName(place), place.account));
    const machines = ec2Machines(place.environment, instances, commands);
    const driver = awsDriver({ cluster: environment.cluster, addressing, machines, objects });
    return await work({ ...aws, driver, machines, instances, objects });
  } finally {
    for (const client of opened) client.close();
  }
}
