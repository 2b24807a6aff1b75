/** Environments to Terraform's JSON: three stacks each, and beside each stack its inventory. Writes files below one folder and reaches nothing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdktf';
import type { Cluster } from '../cluster/model.ts';
import { type StackPart, stackName } from '../contracts/aws-names.ts';
import { inventoryFile } from '../contracts/inventory.ts';
import type { NodeSoftware } from '../provision/software.ts';
import { archiveFilesOf, softwareOf } from './aws/archive-files.ts';
import { DataStack } from './aws/data-stack.ts';
import { EdgeStack } from './aws/edge-stack.ts';
import { FoundationStack } from './aws/foundation-stack.ts';

/** Where Terraform looks for the provider that was chosen, beside a stack's JSON. */
export const lockFile = '.terraform.lock.hcl';

/**
 * @param clusters environments of target aws that have been checked
 * @param software what nodes install, by the hashes of its archives; each environment's agent comes from its own file
 * @param outdir where cdktf looks for what was synthesized: `cdktf.out`, or what its command names in CDKTF_OUTDIR
 * @param lock which provider to use, byte for byte, as Terraform wrote it; every stack uses the same. Without it, each keeps what its folder has
 */
export function synthesize(clusters: readonly Cluster[], software: NodeSoftware, outdir?: string, lock?: string): void {
  const app = new App(outdir === undefined ? {} : { outdir });
  const inventories = clusters.flatMap((cluster) => {
    const { environment } = cluster;
    const installed = softwareOf(cluster, software);
    const folder = join(app.outdir, 'stacks', stackName(environment, 'foundation'));
    const foundation = new FoundationStack(app, { cluster, archives: archiveFilesOf(cluster, installed, folder) });
    const data = new DataStack(app, { cluster, foundation, software: installed });
    const edge = new EdgeStack(app, { cluster, foundation, software: installed });
    const stacks: readonly (readonly [StackPart, { ledger: FoundationStack['ledger'] }])[] = [
      ['foundation', foundation],
      ['data', data],
      ['edge', edge],
    ];
    return stacks.map(([part, { ledger }]) => ({
      folder: join('stacks', stackName(cluster.environment, part)),
      inventory: ledger.inventory(cluster, part),
    }));
  });
  app.synth();
  for (const { folder, inventory } of inventories) {
    writeFileSync(join(app.outdir, folder, inventoryFile), `${JSON.stringify(inventory, null, 2)}\n`);
    if (lock !== undefined) writeFileSync(join(app.outdir, folder, lockFile), lock);
  }
}
