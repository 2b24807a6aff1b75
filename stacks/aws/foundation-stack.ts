/** What lives longest: the network, keys, the bucket, secrets and roles of an environment. Nodes come and go on it. */
import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group/index.js';
import { Subnet } from '@cdktf/provider-aws/lib/subnet/index.js';
import { Vpc } from '@cdktf/provider-aws/lib/vpc/index.js';
import { ref, TerraformStack, Token } from 'cdktf';
import type { Construct } from 'constructs';
import { defaultCloudSubnet, zoneBlocks } from '../../cluster/address-plan.ts';
import type { Cluster } from '../../cluster/model.ts';
import * as names from '../../contracts/aws-names.ts';
import { eachKey, eachValue, Ledger, literal } from '../ledger.ts';
import { openStack } from './open-stack.ts';

export interface FoundationStackProps {
  readonly cluster: Cluster;
}

/** Its getters are references that the other stacks may use as strings; names are pure functions in contracts/aws-names.ts and are not repeated here. */
export class FoundationStack extends TerraformStack {
  readonly ledger = new Ledger();
  readonly #vpc: Vpc;

  constructor(scope: Construct, { cluster }: FoundationStackProps) {
    super(scope, names.stackName(cluster.environment, 'foundation'));
    openStack(this, cluster, 'foundation');
    const subnet = cluster.network.subnet ?? defaultCloudSubnet;
    const blocks = zoneBlocks(subnet, cluster.zones);
    this.#vpc = this.ledger.one(
      new Vpc(this, 'vpc', { cidrBlock: subnet, enableDnsHostnames: true, enableDnsSupport: true }),
      'vpc',
    );
    for (const kind of ['private', 'public'] as const) {
      this.ledger.each(
        new Subnet(this, kind, {
          vpcId: this.#vpc.id,
          availabilityZone: eachKey,
          cidrBlock: eachValue('block'),
        }),
        kind,
        Object.fromEntries(blocks.map((zone) => [zone.zone, { block: zone[kind] }])),
      );
    }
    this.ledger.each(
      new SecurityGroup(this, 'role', {
        name: names.ownName(cluster.environment, eachKey),
        description: eachValue('description'),
        vpcId: this.#vpc.id,
      }),
      'role',
      Object.fromEntries(
        cluster.groups.map(({ role }) => [role, { description: literal(`The nodes of role ${role}`) }]),
      ),
    );
  }

  get vpcId(): string {
    return this.#vpc.id;
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

  /** Of whoever works inside the network for operators: the topics applier, a bastion. Nothing may open a connection to it. */
  get operatorsGroupId(): string {
    return this.#reference('aws_security_group.operators.id');
  }

  /** Of what clients outside reach: the load balancer. */
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
