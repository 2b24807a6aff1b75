/**
 * What a stack's resources stand for, gathered while they are made and written as inventory.json beside the stack (contracts/inventory.ts).
 * `each` is how a family of like resources is made: one block with `for_each` over readable keys, so that addresses say which node they mean, a plan's
 * size follows from changes alone, and `prevent_destroy` on the block goes on guarding a key that vanished from it.
 */
import type { TerraformResource } from 'cdktf';
import { cloudAddress } from '../cluster/address-plan.ts';
import { namedAddressing } from '../cluster/addressing.ts';
import type { Cluster } from '../cluster/model.ts';
import { type StackPart, stackName } from '../contracts/aws-names.ts';
import { type Inventory, type InventoryResource, inventorySchema } from '../contracts/inventory.ts';
import { placeOf } from './aws/place.ts';

export class Ledger {
  readonly #resources: Record<string, InventoryResource> = {};

  /** A resource of which there is one: its address is its type and `name`. */
  one<T extends TerraformResource>(resource: T, name: string, about?: InventoryResource): T {
    resource.overrideLogicalId(name);
    if (about !== undefined) this.#resources[`${resource.terraformResourceType}.${name}`] = about;
    return resource;
  }

  /**
   * A family: the resource's own properties read `eachKey` and `eachValue('x')`.
   * @param entries by key; texts that hold `${` or `%{` as such go through `literal` first
   * @param about what a key stands for; absent where nobody asks
   */
  each<T extends TerraformResource, E extends object>(
    resource: T,
    name: string,
    entries: Readonly<Record<string, E>>,
    about?: (key: string, entry: E) => InventoryResource,
  ): T {
    resource.overrideLogicalId(name);
    resource.addOverride('for_each', entries);
    if (about === undefined) return resource;
    for (const [key, entry] of Object.entries(entries))
      this.#resources[`${resource.terraformResourceType}.${name}[${JSON.stringify(key)}]`] = about(key, entry);
    return resource;
  }

  inventory(cluster: Cluster, part: StackPart): Inventory {
    const { account, region } = placeOf(cluster);
    const addressing = namedAddressing(cluster);
    return inventorySchema.parse({
      version: 1,
      environment: cluster.environment,
      target: cluster.target,
      account,
      region,
      stack: stackName(cluster.environment, part),
      nodes: cluster.groups.flatMap((group) =>
        group.nodes.map((node) => ({
          id: node.id,
          role: node.role,
          identity: group.identity,
          zone: node.zone,
          host: addressing.host(node),
          address: cloudAddress(cluster, node),
          machine: node.machine,
          leaving: node.leaving,
          services: [...group.services],
          volumes: node.volumes.map(({ name, sizeGiB }) => ({ name, sizeGiB })),
        })),
      ),
      resources: this.#resources,
    });
  }
}

/** Within a family: the entry's own key, and a field of its value. */
export const eachKey = `\${each.key}`;
export function eachValue(field: string): string {
  return `\${each.value.${field}}`;
}

/** Terraform's own words, as the value of a field. */
export function expression(words: string): string {
  return `\${${words}}`;
}

/** Text as Terraform's JSON must have it to mean itself. */
export function literal(text: string): string {
  return text.replace(/\$\{/g, '$$$${').replace(/%\{/g, '%%{');
}
