/** Nodes whose identity outlives their machines, with the volumes that hold what nothing else holds. */
import { TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import type { Cluster } from '../../cluster/model.ts';
import { stackName } from '../../contracts/aws-names.ts';
import type { NodeSoftware } from '../../provision/software.ts';
import { Ledger } from '../ledger.ts';
import type { FoundationStack } from './foundation-stack.ts';
import { instanceIdsOutput } from './instance-ids.ts';
import { nodeMachines } from './node-machines.ts';
import { nodeSettings } from './node-settings.ts';
import { nodeVolumes, volumesTag } from './node-volumes.ts';
import { openStack } from './open-stack.ts';

export interface DataStackProps {
  readonly cluster: Cluster;
  readonly foundation: FoundationStack;
  readonly software: NodeSoftware;
}

export class DataStack extends TerraformStack {
  readonly ledger = new Ledger();

  constructor(scope: Construct, { cluster, foundation, software }: DataStackProps) {
    super(scope, stackName(cluster.environment, 'data'));
    openStack(this, cluster, 'data');
    this.addDependency(foundation);
    const groups = cluster.groups.filter(({ identity }) => identity === 'pinned');
    const nodes = { stack: this, ledger: this.ledger, cluster, groups, foundation };
    nodeSettings(nodes, software);
    // A machine that asks for a name before it is there may be told for a quarter of an hour that there is none.
    nodeMachines({
      ...nodes,
      volumesTag,
      after: ['aws_s3_object.settings', 'aws_route53_record.node'],
      guarded: true,
    });
    nodeVolumes(nodes);
    instanceIdsOutput(this);
  }
}
