/** What lives longest: the network, keys, the bucket, secrets and roles of an environment. Nodes come and go on it. */
import { ref, TerraformStack, Token } from 'cdktf';
import type { Construct } from 'constructs';
import type { Cluster } from '../../cluster/model.ts';
import * as names from '../../contracts/aws-names.ts';
import { Ledger } from '../ledger.ts';
import { buildFirewall } from './firewall.ts';
import { buildNetwork } from './network.ts';
import { openStack } from './open-stack.ts';
import { buildRights } from './rights.ts';
import { type ArchiveFile, buildVault } from './vault.ts';

export interface FoundationStackProps {
  readonly cluster: Cluster;
  /** What nodes fetch and unpack. */
  readonly archives: readonly ArchiveFile[];
}

/** Its getters are references that the other stacks may use as strings; names are pure functions in contracts/aws-names.ts and are not repeated here. */
export class FoundationStack extends TerraformStack {
  readonly ledger = new Ledger();

  constructor(scope: Construct, { cluster, archives }: FoundationStackProps) {
    super(scope, names.stackName(cluster.environment, 'foundation'));
    openStack(this, cluster, 'foundation');
    buildNetwork(this, this.ledger, cluster);
    buildFirewall(this, this.ledger, cluster);
    buildVault(this, this.ledger, cluster, archives);
    buildRights(this, this.ledger, cluster);
  }

  get vpcId(): string {
    return this.#reference('aws_vpc.vpc.id');
  }

  privateSubnetId(zone: string): string {
    return this.#reference(`aws_subnet.private[${JSON.stringify(zone)}].id`);
  }

  publicSubnetId(zone: string): string {
    return this.#reference(`aws_subnet.public[${JSON.stringify(zone)}].id`);
  }

  /** Of the nodes of a role. */
  securityGroupId(role: string): string {
    return this.#reference(`aws_security_group.role[${JSON.stringify(role)}].id`);
  }

  /** Of whoever works inside the network for operators, a bastion or a collector of figures. Nothing may open a connection to it. */
  get operatorsGroupId(): string {
    return this.#reference('aws_security_group.operators.id');
  }

  /** Of the topics applier. */
  get applierGroupId(): string {
    return this.#reference('aws_security_group.applier.id');
  }

  /** Of what clients outside reach: the load balancer. Its ports are the listeners for clients. */
  get entranceGroupId(): string {
    return this.#reference('aws_security_group.entrance.id');
  }

  /** The environment's key, with which volumes, the bucket, secrets and logs are encrypted. */
  get keyArn(): string {
    return this.#reference('aws_kms_key.own.arn');
  }

  get privateZoneId(): string {
    return this.#reference('aws_route53_zone.private.zone_id');
  }

  /** Of the nodes of a role. */
  instanceProfileName(role: string): string {
    return this.#reference(`aws_iam_instance_profile.role[${JSON.stringify(role)}].name`);
  }

  #reference(address: string): string {
    return Token.asString(ref(address, this));
  }
}
