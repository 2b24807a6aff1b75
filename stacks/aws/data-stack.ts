/** Nodes whose identity outlives their machines, with the volumes that hold what nothing else holds. */
import { TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import type { Cluster } from '../../cluster/model.ts';
import { stackName } from '../../contracts/aws-names.ts';
import { Ledger } from '../ledger.ts';
import type { FoundationStack } from './foundation-stack.ts';
import { openStack } from './open-stack.ts';

export interface DataStackProps {
  readonly cluster: Cluster;
  readonly foundation: FoundationStack;
}

export class DataStack extends TerraformStack {
  readonly ledger = new Ledger();

  constructor(scope: Construct, { cluster, foundation }: DataStackProps) {
    super(scope, stackName(cluster.environment, 'data'));
    openStack(this, cluster, 'data');
    this.addDependency(foundation);
  }
}
