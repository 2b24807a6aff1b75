/** Where an environment stands in AWS: what contracts/aws-names.ts makes names from. */
import type { Cloud, Cluster } from '../../cluster/model.ts';
import type { AwsPlace } from '../../contracts/aws-names.ts';

/** Of a checked environment of target aws; anything else is a defect of the caller's. */
export function placeOf(cluster: Cluster): AwsPlace {
  const { environment, region } = cluster;
  if (region === undefined) throw new TypeError(`${environment} has no region`);
  return { environment, region, account: cloudOf(cluster).account };
}

/** As `placeOf`. */
export function cloudOf({ environment, cloud }: Cluster): Cloud {
  if (cloud === undefined) throw new TypeError(`${environment} names no account`);
  return cloud;
}
