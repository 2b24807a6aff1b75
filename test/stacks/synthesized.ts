/** An environment synthesized into a folder of its own, with archives that nobody made, and what was written there. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from '../../cluster/model.ts';
import { type StackPart, stackName, stackParts } from '../../contracts/aws-names.ts';
import { type Inventory, inventorySchema } from '../../contracts/inventory.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import { madeUpSoftware } from '../provision/node-software.ts';

/** Terraform's JSON, as far as tests look into it. */
export interface TerraformJson {
  readonly resource: Readonly<Record<string, Readonly<Record<string, TerraformBlock>>>>;
  readonly [section: string]: unknown;
}
export type TerraformBlock = Readonly<Record<string, unknown>>;

export interface SynthesizedStack {
  readonly name: string;
  readonly text: string;
  readonly json: TerraformJson;
  readonly inventory: Inventory;
}

export const testSoftware = {
  ...madeUpSoftware,
  archives: {
    ...madeUpSoftware.archives,
    'topics-applier': { sha256: createHash('sha256').update('topics-applier').digest('hex') },
  },
};

/** The three stacks; their files are gone when this returns. */
export function synthesized(cluster: Cluster): Readonly<Record<StackPart, SynthesizedStack>> {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-synth-'));
  try {
    synthesize([cluster], testSoftware, folder);
    const read = (part: StackPart): SynthesizedStack => {
      const name = stackName(cluster.environment, part);
      const text = readFileSync(join(folder, 'stacks', name, 'cdk.tf.json'), 'utf8');
      const inventory = readFileSync(join(folder, 'stacks', name, 'inventory.json'), 'utf8');
      return { name, text, json: JSON.parse(text), inventory: inventorySchema.parse(JSON.parse(inventory)) };
    };
    const [foundation, data, edge] = stackParts;
    return { foundation: read(foundation), data: read(data), edge: read(edge) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
