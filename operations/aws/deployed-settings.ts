/**
 * Whether the bucket has what the environment file says: a roll applies what nodes fetch, so that it must not show one thing and apply another. Lists carry
 * the SHA-256 of every file, and are compared as texts; that the files themselves are there is the driver's to see, for the nodes that it touches.
 */
import type { ObjectsClient } from '../../clients/aws/objects.ts';
import type { Addressing } from '../../cluster/addressing.ts';
import type { Cluster, Group, Id } from '../../cluster/model.ts';
import { nodeListKey, type StackPart, stackName } from '../../contracts/aws-names.ts';
import { nodeObjects } from '../../provision/node-objects.ts';
import type { NodeSoftware } from '../../provision/software.ts';
import { softwareOf } from '../../stacks/aws/archive-files.ts';
import { settingsNotDeployed } from './errors.ts';

export interface DeployedOptions {
  readonly cluster: Cluster;
  readonly addressing: Addressing;
  /** Of artifacts' lock, as `cdktf synth` has it. */
  readonly software: NodeSoftware;
  readonly objects: Pick<ObjectsClient, 'read'>;
}

/** @throws EnsembleError OPERATIONS_SETTINGS_NOT_DEPLOYED, CLIENT_AWS_... */
export async function assertSettingsDeployed(options: DeployedOptions): Promise<void> {
  const behind = await findUndeployed(options);
  if (behind.size > 0) throw settingsNotDeployed(options.cluster.environment, behind);
}

/** Nodes whose list in the bucket is another one, or absent, by the stack that writes it. */
async function findUndeployed({
  cluster,
  addressing,
  software,
  objects,
}: DeployedOptions): Promise<ReadonlyMap<string, readonly Id[]>> {
  const installed = softwareOf(cluster, software);
  const behind = new Map<string, Id[]>();
  await Promise.all(
    cluster.groups.flatMap((group) =>
      group.nodes.map(async (node) => {
        const { list } = nodeObjects(cluster, group, node, addressing, installed);
        if ((await objects.read(nodeListKey(node.id))) === list.text) return;
        const stack = stackName(cluster.environment, stackOf(group));
        behind.set(stack, [...(behind.get(stack) ?? []), node.id]);
      }),
    ),
  );
  return behind;
}

/** As stacks/ has it: what keeps its identity is in one, the rest in the other. */
function stackOf({ identity }: Group): StackPart {
  return identity === 'pinned' ? 'data' : 'edge';
}
