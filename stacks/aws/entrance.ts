/**
 * The one door that is open to everybody: a network load balancer before the nodes of a group that is reached by a name of its own. It passes TCP on
 * unopened, so that those nodes' certificates answer. Targets are the nodes' fixed addresses: a replaced machine changes nothing here.
 */
import { createHash } from 'node:crypto';
import { Lb } from '@cdktf/provider-aws/lib/lb/index.js';
import { LbListener } from '@cdktf/provider-aws/lib/lb-listener/index.js';
import { LbTargetGroup } from '@cdktf/provider-aws/lib/lb-target-group/index.js';
import { LbTargetGroupAttachment } from '@cdktf/provider-aws/lib/lb-target-group-attachment/index.js';
import { Route53Record } from '@cdktf/provider-aws/lib/route53-record/index.js';
import { TerraformOutput, Token } from 'cdktf';
import { cloudAddress } from '../../cluster/address-plan.ts';
import type { Cluster, Group } from '../../cluster/model.ts';
import { ownName } from '../../contracts/aws-names.ts';
import { eachKey, eachValue, expression } from '../ledger.ts';
import { entranceListeners, readinessOf } from './firewall.ts';
import type { NodesProps } from './node-machines.ts';

/** A door, and the nodes behind it. */
interface Door {
  readonly group: Group;
  readonly port: number;
}

const recordTtlSeconds = 60;

export function entrance({ stack, ledger, cluster, groups, foundation }: NodesProps): void {
  const { environment } = cluster;
  groupRecords({ stack, ledger, cluster, groups, foundation });
  const doors = doorsOf(cluster, groups);
  if (doors.size === 0) return;
  const balancer = ledger.one(
    new Lb(stack, 'entrance', {
      name: shortName(ownName(environment, 'entrance')),
      loadBalancerType: 'network',
      internal: false,
      subnets: cluster.zones.map((zone) => foundation.publicSubnetId(zone)),
      securityGroups: [foundation.entranceGroupId],
      enableCrossZoneLoadBalancing: true,
      enableDeletionProtection: cluster.protect,
      // Refused in the plan: AWS's own guard would speak up when half of the stack is gone.
      lifecycle: { preventDestroy: cluster.protect },
    }),
    'entrance',
    { holdsData: false, what: 'load balancer, whose name clients know' },
  );
  const entries = Object.fromEntries(
    [...doors].map(([key, { port, group }]) => [
      key,
      { port, name: shortName(ownName(environment, `${key}-${port}`)), ...healthOf(cluster, group) },
    ]),
  );
  const target = new LbTargetGroup(stack, 'target', {
    name: eachValue('name'),
    vpcId: foundation.vpcId,
    targetType: 'ip',
    protocol: 'TCP',
    port: Token.asNumber(eachValue('port')),
    // The nodes see whom they serve; their group lets the balancer's group in either way.
    preserveClientIp: 'true',
    // A port that answers says nothing of what lies behind it: the node is asked whether it can serve, at its own port for that.
    healthCheck: {
      protocol: eachValue('asks'),
      path: eachValue('path'),
      matcher: eachValue('status'),
      port: eachValue('at'),
      interval: 10,
      timeout: 6,
      healthyThreshold: 3,
      unhealthyThreshold: 3,
    },
    // Its name has the port, so that both stand while the listener changes over.
    lifecycle: { createBeforeDestroy: true },
  });
  ledger.each(target, 'entrance', entries, () => ({ holdsData: false, what: 'targets of a listener' }));
  ledger.each(
    new LbListener(stack, 'listener', {
      loadBalancerArn: balancer.arn,
      port: Token.asNumber(eachValue('port')),
      protocol: 'TCP',
      defaultAction: [{ type: 'forward', targetGroupArn: expression('aws_lb_target_group.entrance[each.key].arn') }],
    }),
    'entrance',
    entries,
    () => ({ holdsData: false, what: 'listener' }),
  );
  ledger.each(
    new LbTargetGroupAttachment(stack, 'member', {
      targetGroupArn: expression('aws_lb_target_group.entrance[each.value.door].arn'),
      targetId: eachValue('address'),
      port: Token.asNumber(eachValue('port')),
    }),
    'entrance',
    Object.fromEntries(
      [...doors].flatMap(([door, { group, port }]) =>
        group.nodes.map((node) => [
          `${node.id}/${door}`,
          { node: node.id, role: node.role, door, port, address: cloudAddress(cluster, node) },
        ]),
      ),
    ),
    (_key, { node, role }) => ({ node, role, holdsData: false, what: 'node behind a listener' }),
  );
  const [first] = doors.values();
  new TerraformOutput(stack, 'apiEndpoint', {
    description:
      'Where clients reach the platform. Its certificates have the names of the environment file: point those names here',
    value: `https://${balancer.dnsName}:${first?.port ?? 443}`,
  }).overrideLogicalId('apiEndpoint');
}

/** As Terraform has it; null where it does not apply. */
function healthOf(cluster: Cluster, { role }: Group) {
  const readiness = readinessOf(cluster, role);
  return readiness === undefined
    ? { asks: 'TCP', path: null, status: null, at: 'traffic-port' }
    : { asks: 'HTTP', path: readiness.path, status: '200', at: `${readiness.port}` };
}

/** By the listener's name: what the firewall lets clients reach. */
function doorsOf(cluster: Cluster, groups: readonly Group[]): ReadonlyMap<string, Door> {
  return new Map(
    entranceListeners(cluster).flatMap(({ role, listener, port }) => {
      const group = groups.find((candidate) => candidate.role === role);
      return group === undefined ? [] : [[listener, { group, port }] as const];
    }),
  );
}

/** Inside, a group's own name means all of its nodes; outside, names are whoever's they are. */
function groupRecords({ stack, ledger, cluster, groups, foundation }: NodesProps): void {
  const entries = groups.flatMap(({ role, names, nodes }) =>
    names
      .filter((name) => name.endsWith(`.${cluster.domain}`) && nodes.length > 0)
      .map((name) => [name, { role, addresses: nodes.map((node) => cloudAddress(cluster, node)) }] as const),
  );
  if (entries.length === 0) return;
  const record = new Route53Record(stack, 'group', {
    zoneId: foundation.privateZoneId,
    name: eachKey,
    type: 'A',
    ttl: recordTtlSeconds,
    records: Token.asList(eachValue('addresses')),
  });
  ledger.each(record, 'group', Object.fromEntries(entries), (_key, { role }) => ({
    role,
    holdsData: false,
    what: 'name of a group',
  }));
}

/** A load balancer's name and a target group's have 32 characters at most. */
function shortName(name: string): string {
  if (name.length <= 32) return name;
  return `${name.slice(0, 23)}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}
