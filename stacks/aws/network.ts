/**
 * The network of an environment: a private and a public block in each zone, ways out, the bucket's own door, and a record of what was turned away.
 *
 * Interface endpoints (AWS PrivateLink) are made only for the services that the environment names, since they do not pay by themselves. Prices of eu-west-1,
 * 2026: an endpoint costs 0.011 USD an hour and zone, 8.03 USD a month, and 0.01 USD a GB; a NAT gateway, which is there anyway, 0.048 USD a GB. One pays
 * from 8.03 / (0.048 - 0.01) = 211 GB a month, zone and service. A node asks for its secrets at a boot (KB) and keeps a channel to SSM (MB a month);
 * logs pay from 211 GB. Three services in three zones would be 72 USD a month against cents. What they buy is a boot and a session while a way out is down.
 * The bucket's door is a gateway endpoint and costs nothing.
 */
import { DefaultSecurityGroup } from '@cdktf/provider-aws/lib/default-security-group/index.js';
import { Eip } from '@cdktf/provider-aws/lib/eip/index.js';
import { FlowLog } from '@cdktf/provider-aws/lib/flow-log/index.js';
import { InternetGateway } from '@cdktf/provider-aws/lib/internet-gateway/index.js';
import { NatGateway } from '@cdktf/provider-aws/lib/nat-gateway/index.js';
import { Route } from '@cdktf/provider-aws/lib/route/index.js';
import { RouteTable } from '@cdktf/provider-aws/lib/route-table/index.js';
import { RouteTableAssociation } from '@cdktf/provider-aws/lib/route-table-association/index.js';
import { Route53Zone } from '@cdktf/provider-aws/lib/route53-zone/index.js';
import { Subnet } from '@cdktf/provider-aws/lib/subnet/index.js';
import { Vpc } from '@cdktf/provider-aws/lib/vpc/index.js';
import { VpcEndpoint } from '@cdktf/provider-aws/lib/vpc-endpoint/index.js';
import type { Construct } from 'constructs';
import { defaultCloudSubnet, zoneBlocks } from '../../cluster/address-plan.ts';
import type { Cluster } from '../../cluster/model.ts';
import { bucketName, logGroupName, ownName } from '../../contracts/aws-names.ts';
import { eachKey, eachValue, expression, type Ledger } from '../ledger.ts';
import { cloudOf, placeOf } from './place.ts';
import { policy } from './policy.ts';

const anywhere = '0.0.0.0/0';

export function buildNetwork(scope: Construct, ledger: Ledger, cluster: Cluster): void {
  const { environment } = cluster;
  const subnet = cluster.network.subnet ?? defaultCloudSubnet;
  const vpcId = expression('aws_vpc.vpc.id');
  const name = ownName(environment, 'vpc');
  ledger.one(
    new Vpc(scope, 'vpc', {
      cidrBlock: subnet,
      enableDnsHostnames: true,
      enableDnsSupport: true,
      tags: { Name: name },
    }),
    'vpc',
    { holdsData: false, what: 'network' },
  );
  // Every network has one, which lets its members reach each other; nobody is to be in it, and without rules it lets nothing through.
  ledger.one(new DefaultSecurityGroup(scope, 'default', { vpcId }), 'default');
  ledger.one(new InternetGateway(scope, 'internet', { vpcId, tags: { Name: name } }), 'internet');
  buildZones(scope, ledger, cluster, subnet, vpcId);
  buildEndpoints(scope, ledger, cluster, vpcId);
  buildFlowLog(scope, ledger, cluster, vpcId);
  ledger.one(
    new Route53Zone(scope, 'names', { name: cluster.domain, comment: `Nodes of ${environment}`, vpc: [{ vpcId }] }),
    'private',
    { holdsData: false, what: 'private zone of names' },
  );
}

function buildZones(scope: Construct, ledger: Ledger, cluster: Cluster, subnet: string, vpcId: string): void {
  const { environment, zones } = cluster;
  const blocks = zoneBlocks(subnet, zones);
  for (const kind of ['private', 'public'] as const) {
    ledger.each(
      new Subnet(scope, `subnet-${kind}`, {
        vpcId,
        availabilityZone: eachKey,
        cidrBlock: eachValue('block'),
        mapPublicIpOnLaunch: false,
        tags: { Name: `${ownName(environment, kind)}-${eachKey}` },
      }),
      kind,
      Object.fromEntries(blocks.map((zone) => [zone.zone, { block: zone[kind] }])),
    );
  }
  const [first = ''] = zones;
  // One way out stands in the first zone; the others go to it, and stay inside when that zone fails.
  const doors = cloudOf(cluster).nat === 'one' ? [first] : zones;
  const ways = Object.fromEntries(doors.map((zone) => [zone, {}]));
  const named = { Name: `${ownName(environment, 'out')}-${eachKey}` };
  ledger.each(new Eip(scope, 'nat-address', { domain: 'vpc', tags: named }), 'nat', ways);
  ledger
    .each(
      new NatGateway(scope, 'nat', {
        allocationId: expression('aws_eip.nat[each.key].id'),
        subnetId: expression('aws_subnet.public[each.key].id'),
        tags: named,
        dependsOn: [],
      }),
      'out',
      ways,
    )
    .addOverride('depends_on', ['aws_internet_gateway.internet']);

  ledger.one(
    new RouteTable(scope, 'public-routes', { vpcId, tags: { Name: ownName(environment, 'public') } }),
    'public',
  );
  ledger.one(
    new Route(scope, 'public-out', {
      routeTableId: expression('aws_route_table.public.id'),
      destinationCidrBlock: anywhere,
      gatewayId: expression('aws_internet_gateway.internet.id'),
    }),
    'public',
  );
  const every = Object.fromEntries(zones.map((zone) => [zone, {}]));
  ledger.each(
    new RouteTableAssociation(scope, 'public-association', {
      subnetId: expression('aws_subnet.public[each.key].id'),
      routeTableId: expression('aws_route_table.public.id'),
    }),
    'public',
    every,
  );
  ledger.each(
    new RouteTable(scope, 'private-routes', {
      vpcId,
      tags: { Name: `${ownName(environment, 'private')}-${eachKey}` },
    }),
    'private',
    every,
  );
  ledger.each(
    new Route(scope, 'private-out', {
      routeTableId: expression('aws_route_table.private[each.key].id'),
      destinationCidrBlock: anywhere,
      natGatewayId: expression('aws_nat_gateway.out[each.value.door].id'),
    }),
    'private',
    Object.fromEntries(zones.map((zone) => [zone, { door: doors.includes(zone) ? zone : first }])),
  );
  ledger.each(
    new RouteTableAssociation(scope, 'private-association', {
      subnetId: expression('aws_subnet.private[each.key].id'),
      routeTableId: expression('aws_route_table.private[each.key].id'),
    }),
    'private',
    every,
  );
}

function buildEndpoints(scope: Construct, ledger: Ledger, cluster: Cluster, vpcId: string): void {
  const place = placeOf(cluster);
  const bucket = `arn:aws:s3:::${bucketName(place)}`;
  ledger
    .one(
      new VpcEndpoint(scope, 'bucket-door', {
        vpcId,
        serviceName: `com.amazonaws.${place.region}.s3`,
        vpcEndpointType: 'Gateway',
        tags: { Name: ownName(place.environment, 's3') },
        policy: policy([
          {
            sid: 'OwnBucketAlone',
            actions: ['s3:GetObject', 's3:PutObject'],
            resources: [`${bucket}/*`],
            principals: { AWS: '*' },
            conditions: { StringEquals: { 'aws:PrincipalAccount': place.account } },
          },
        ]),
      }),
      'bucket',
    )
    .addOverride(
      'route_table_ids',
      expression('[for zone in sort(keys(aws_route_table.private)) : aws_route_table.private[zone].id]'),
    );
  const { endpoints } = cloudOf(cluster);
  if (endpoints.length === 0) return;
  ledger
    .each(
      new VpcEndpoint(scope, 'service-doors', {
        vpcId,
        serviceName: `com.amazonaws.${place.region}.${eachKey}`,
        vpcEndpointType: 'Interface',
        privateDnsEnabled: true,
        securityGroupIds: [expression('aws_security_group.doors.id')],
        tags: { Name: `${ownName(place.environment, eachKey)}` },
      }),
      'service',
      Object.fromEntries(endpoints.map((service) => [service, {}])),
    )
    .addOverride(
      'subnet_ids',
      expression('[for zone in sort(keys(aws_subnet.private)) : aws_subnet.private[zone].id]'),
    );
}

/** What was refused, and not what was let through: brokers copy everything to each other, and a record of it would cost more than they do. */
function buildFlowLog(scope: Construct, ledger: Ledger, cluster: Cluster, vpcId: string): void {
  ledger.one(
    new FlowLog(scope, 'refused', {
      vpcId,
      trafficType: 'REJECT',
      logDestinationType: 'cloud-watch-logs',
      logDestination: expression(`aws_cloudwatch_log_group.own[${JSON.stringify('network')}].arn`),
      iamRoleArn: expression('aws_iam_role.flow_log.arn'),
      maxAggregationInterval: 600,
      tags: { Name: logGroupName(cluster.environment, 'network') },
    }),
    'refused',
  );
}
