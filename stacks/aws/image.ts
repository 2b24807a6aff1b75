/** Which machine image new machines start from: the one that the environment names, or the newest of Debian's that its pattern fits. */
import { DataAwsAmi } from '@cdktf/provider-aws/lib/data-aws-ami/index.js';
import type { TerraformStack } from 'cdktf';
import type { Cluster } from '../../cluster/model.ts';
import { literal } from '../ledger.ts';

/** Debian's own account (Debian wiki, "Cloud/AmazonEC2Image/Bookworm"): names can be given by anybody, an account cannot. */
const debianAccount = '136693071363';

/** An id, as text or as Terraform's words for it. */
export function debianImage(stack: TerraformStack, { cloud }: Cluster): string {
  if (cloud === undefined) throw new TypeError('a checked environment of target aws says its image');
  if (cloud.image.startsWith('ami-')) return cloud.image;
  const image = new DataAwsAmi(stack, 'image', {
    mostRecent: true,
    owners: [debianAccount],
    filter: [
      { name: 'name', values: [literal(cloud.image)] },
      { name: 'architecture', values: ['x86_64'] },
      { name: 'virtualization-type', values: ['hvm'] },
    ],
  });
  image.overrideLogicalId('debian');
  return image.id;
}
