/**
 * What a stack's Terraform stands for, in the platform's words: written beside each synthesized stack as inventory.json, and read by drivers, commands
 * and the reviewer of plans, none of whom reads cdktf. A stateful resource that it does not name is unknown.
 */
import { z } from 'zod';

const volume = z.strictObject({ name: z.string(), sizeGiB: z.int() });

const node = z.strictObject({
  id: z.string(),
  role: z.string(),
  identity: z.enum(['pinned', 'fungible']),
  zone: z.string(),
  /** Its name in the private zone. */
  host: z.string(),
  /** Its fixed private address. */
  address: z.string(),
  machine: z.string(),
  leaving: z.boolean(),
  services: z.array(z.string()),
  volumes: z.array(volume),
});

const resource = z.strictObject({
  /** The node that it is or carries; absent where it belongs to the whole environment or to a role. */
  node: z.string().optional(),
  role: z.string().optional(),
  /** Whether destroying or replacing it loses what nothing else holds. */
  holdsData: z.boolean(),
  /** What it is, in a few words: `data volume`, `settings object`. */
  what: z.string(),
});

export const inventorySchema = z.strictObject({
  version: z.literal(1),
  environment: z.string(),
  target: z.string(),
  account: z.string(),
  region: z.string(),
  /** `production-data` */
  stack: z.string(),
  /** Every node of the environment, in each stack's inventory. */
  nodes: z.array(node),
  /** By the resource's address in Terraform: `aws_instance.node["worker-4"]`. */
  resources: z.record(z.string(), resource),
});

export type Inventory = z.output<typeof inventorySchema>;
export type InventoryResource = z.output<typeof resource>;

export const inventoryFile = 'inventory.json';
