/** What serves clients and keeps nothing: interchangeable nodes, the balancer's entrance, alarms, the topics applier. */
import { TerraformOutput, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { namedAddressing } from '../../cluster/addressing.ts';
import { bootstrapServers } from '../../cluster/bootstrap.ts';
import type { Cluster } from '../../cluster/model.ts';
import { stackName } from '../../contracts/aws-names.ts';
import type { NodeSoftware } from '../../provision/software.ts';
import { Ledger } from '../ledger.ts';
import { alarmTopic } from './alarm-topic.ts';
import { clusterAlarms } from './cluster-alarms.ts';
import { entrance } from './entrance.ts';
import type { FoundationStack } from './foundation-stack.ts';
import { instanceIdsOutput } from './instance-ids.ts';
import { nodeMachines } from './node-machines.ts';
import { nodeSettings } from './node-settings.ts';
import { openStack } from './open-stack.ts';
import { topicsApplier } from './topics-applier.ts';

export interface EdgeStackProps {
  readonly cluster: Cluster;
  readonly foundation: FoundationStack;
  readonly software: NodeSoftware;
}

export class EdgeStack extends TerraformStack {
  readonly ledger = new Ledger();

  constructor(scope: Construct, { cluster, foundation, software }: EdgeStackProps) {
    super(scope, stackName(cluster.environment, 'edge'));
    openStack(this, cluster, 'edge');
    this.addDependency(foundation);
    const groups = cluster.groups.filter(({ identity }) => identity === 'fungible');
    const nodes = { stack: this, ledger: this.ledger, cluster, groups, foundation };
    alarmTopic(this, this.ledger, cluster, foundation);
    if (groups.length > 0) {
      nodeSettings(nodes, software);
      nodeMachines({ ...nodes, after: ['aws_s3_object.settings', 'aws_route53_record.node'], guarded: false });
      instanceIdsOutput(this);
    }
    entrance(nodes);
    topicsApplier(nodes, software);
    clusterAlarms(nodes);
    new TerraformOutput(this, 'bootstrapServers', {
      description: 'Brokers, as clients inside the network name them',
      value: bootstrapServers(cluster, namedAddressing(cluster)).join(','),
    }).overrideLogicalId('bootstrapServers');
  }
}
