/** What serves clients and keeps nothing: interchangeable nodes, the balancer's entrance, alarms, the topics applier. */
import { TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import type { Cluster } from '../../cluster/model.ts';
import { stackName } from '../../contracts/aws-names.ts';
import { Ledger } from '../ledger.ts';
import type { FoundationStack } from './foundation-stack.ts';
import { openStack } from './open-stack.ts';

export interface EdgeStackProps {
  readonly cluster: Cluster;
  readonly foundation: FoundationStack;
}

export class EdgeStack extends TerraformStack {
  readonly ledger = new Ledger();

  constructor(scope: Construct, { cluster, foundation }: EdgeStackProps) {
    super(scope, stackName(cluster.environment, 'edge'));
    openStack(this, cluster, 'edge');
    this.addDependency(foundation);
  }
}
