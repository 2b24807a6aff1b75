/**
 * Who may reach whom, from the services' own listeners (cluster/services): one group of AWS's for each role, one for operators' machines inside the
 * network, one for the topics applier, and one for the entrance that clients outside reach. Rules name the peer's group, never addresses; the entrance
 * alone is open to everybody, at the listeners that are meant for clients; it asks its nodes whether they can serve at a port that it does not show.
 * Nobody has a port for SSH.
 */
import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group/index.js';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule/index.js';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule/index.js';
import { Token } from 'cdktf';
import type { Construct } from 'constructs';
import { namedAddressing } from '../../cluster/addressing.ts';
import type { Cluster } from '../../cluster/model.ts';
import { serviceTable } from '../../cluster/services/table.ts';
import { ownName } from '../../contracts/aws-names.ts';
import { eachKey, eachValue, expression, type Ledger, literal } from '../ledger.ts';
import { cloudOf } from './place.ts';

/** What a listener names beside roles. Clients come through the entrance. */
const others = { operators: 'operators', applier: 'applier', clients: 'entrance' } as const;

/** Others that are no role, with what each is. */
const groups: Readonly<Record<string, string>> = {
  operators: 'Machines of operators inside the network; sessions through SSM need none',
  applier: 'The function that plans and applies topics',
  entrance: 'What clients outside reach',
};

interface Opening {
  readonly role: string;
  readonly listener: string;
  readonly port: number;
  /** The peer's group: a role or a key of `groups`. */
  readonly peer: string;
}

/** What clients outside may reach: a port each, which the load balancer shows (entrance.ts). */
export interface EntranceListener {
  readonly role: string;
  readonly service: string;
  readonly listener: string;
  readonly port: number;
}

export function entranceListeners(cluster: Cluster): readonly EntranceListener[] {
  return listenersOf(cluster).filter(({ from }) => from.includes('clients'));
}

/** Where a role's nodes say whether clients may be sent to them: the load balancer asks, and nobody else comes in by it. */
export function readinessOf(
  cluster: Cluster,
  role: string,
): { readonly port: number; readonly path: string } | undefined {
  return listenersOf(cluster).flatMap((each) =>
    each.role === role && each.readiness !== undefined ? [{ port: each.port, path: each.readiness }] : [],
  )[0];
}

export function buildFirewall(scope: Construct, ledger: Ledger, cluster: Cluster): void {
  const vpcId = expression('aws_vpc.vpc.id');
  const name = (what: string) => ownName(cluster.environment, what);
  const lifecycle = { createBeforeDestroy: true };
  ledger.each(
    new SecurityGroup(scope, 'role-groups', {
      name: name(eachKey),
      description: eachValue('description'),
      vpcId,
      tags: { Name: name(eachKey) },
      lifecycle,
    }),
    'role',
    Object.fromEntries(cluster.groups.map(({ role }) => [role, { description: literal(`The nodes of role ${role}`) }])),
  );
  for (const [id, description] of Object.entries(groups))
    ledger.one(
      new SecurityGroup(scope, `${id}-group`, {
        name: name(id),
        description,
        vpcId,
        tags: { Name: name(id) },
        lifecycle,
      }),
      id,
    );
  buildOpenings(scope, ledger, openingsOf(cluster));
  buildEntrance(scope, ledger, cluster);
  buildWaysOut(scope, ledger, cluster);
  if (cloudOf(cluster).endpoints.length > 0) buildDoors(scope, ledger, cluster);
}

function listenersOf(cluster: Cluster) {
  const addressing = namedAddressing(cluster);
  return cluster.groups.flatMap((group) =>
    group.services.flatMap((service) =>
      (serviceTable.get(service)?.listeners ?? []).flatMap(({ name, from, readiness }) => {
        const [node] = group.nodes;
        if (node === undefined) return [];
        const port = addressing.port(node, service, name);
        return [{ role: group.role, service, listener: name, from, readiness, port }];
      }),
    ),
  );
}

function openingsOf(cluster: Cluster): readonly Opening[] {
  const roles = new Set(cluster.groups.map(({ role }) => role));
  const behindTheEntrance = new Set(entranceListeners(cluster).map(({ role }) => role));
  return listenersOf(cluster).flatMap(({ role, service, listener, from, readiness, port }) =>
    [...from, ...(readiness !== undefined && behindTheEntrance.has(role) ? ['clients'] : [])].flatMap((peer) => {
      const other = Object.hasOwn(others, peer) ? others[peer as keyof typeof others] : undefined;
      // A role that this environment does not have needs no way in.
      const group = other ?? (roles.has(peer) ? peer : undefined);
      return group === undefined ? [] : [{ role, listener: `${service}.${listener}`, port, peer: group }];
    }),
  );
}

/** A way in at the one and the same way out of the other: what a node may open is no more than what its peers let it. */
function buildOpenings(scope: Construct, ledger: Ledger, openings: readonly Opening[]): void {
  const keyed = Object.fromEntries(
    openings.map(({ role, listener, port, peer }) => [
      `${role}/${listener}/${peer}`,
      { group: groupId(role), peer: groupId(peer), port, description: `${listener} from ${peer}` },
    ]),
  );
  ledger.each(
    new VpcSecurityGroupIngressRule(scope, 'ways-in', {
      securityGroupId: eachValue('group'),
      referencedSecurityGroupId: eachValue('peer'),
      ...onePort(),
      description: eachValue('description'),
    }),
    'peer',
    keyed,
  );
  ledger.each(
    new VpcSecurityGroupEgressRule(scope, 'ways-to-peers', {
      securityGroupId: eachValue('peer'),
      referencedSecurityGroupId: eachValue('group'),
      ...onePort(),
      description: eachValue('description'),
    }),
    'peer',
    keyed,
  );
}

function buildEntrance(scope: Construct, ledger: Ledger, cluster: Cluster): void {
  ledger.each(
    new VpcSecurityGroupIngressRule(scope, 'clients', {
      securityGroupId: groupId('entrance'),
      cidrIpv4: '0.0.0.0/0',
      ...onePort(),
      description: 'Clients',
    }),
    'clients',
    Object.fromEntries(
      entranceListeners(cluster).map(({ service, listener, port }) => [`${service}.${listener}`, { port }]),
    ),
  );
}

/**
 * HTTPS: AWS's own services, the bucket's door, package mirrors, and the endpoints that push delivers to; those may have other ports, which the environment
 * names. Names and time need no rule.
 */
function buildWaysOut(scope: Construct, ledger: Ledger, cluster: Cluster): void {
  const { outward } = cloudOf(cluster);
  const insiders = [...cluster.groups.map(({ role }) => role), 'operators', 'applier'];
  const ways = insiders.flatMap((id) => {
    const more = outward[id] ?? [];
    const ports = more === 'any' ? [] : more.filter((port) => port !== https);
    return [
      { key: id, id, from: more === 'any' ? 1 : https, to: more === 'any' ? 65_535 : https },
      ...ports.map((port) => ({ key: `${id}/${port}`, id, from: port, to: port })),
    ];
  });
  ledger.each(
    new VpcSecurityGroupEgressRule(scope, 'ways-out', {
      securityGroupId: eachValue('group'),
      cidrIpv4: '0.0.0.0/0',
      ipProtocol: 'tcp',
      fromPort: Token.asNumber(eachValue('from')),
      toPort: Token.asNumber(eachValue('to')),
      description: eachValue('description'),
    }),
    'https',
    Object.fromEntries(
      ways.map(({ key, id, from, to }) => [
        key,
        {
          group: groupId(id),
          from,
          to,
          description: from === https && to === https ? 'HTTPS' : 'As the environment says',
        },
      ]),
    ),
  );
}

const https = 443;

/** Of interface endpoints: whoever is inside may ask them. */
function buildDoors(scope: Construct, ledger: Ledger, { environment, groups: own }: Cluster): void {
  const id = 'doors';
  const name = ownName(environment, id);
  const description = 'Endpoints of services of AWS';
  ledger.one(
    new SecurityGroup(scope, `${id}-group`, {
      name,
      description,
      vpcId: expression('aws_vpc.vpc.id'),
      tags: { Name: name },
    }),
    id,
  );
  const insiders = [...own.map(({ role }) => role), 'operators', 'applier'];
  ledger.each(
    new VpcSecurityGroupIngressRule(scope, 'to-doors', {
      securityGroupId: groupId(id),
      referencedSecurityGroupId: eachValue('group'),
      ipProtocol: 'tcp',
      fromPort: 443,
      toPort: 443,
      description: 'HTTPS',
    }),
    id,
    Object.fromEntries(insiders.map((insider) => [insider, { group: groupId(insider) }])),
  );
}

function onePort() {
  const port = Token.asNumber(eachValue('port'));
  return { ipProtocol: 'tcp', fromPort: port, toPort: port };
}

/** Of a role, or of one of the others. */
function groupId(id: string): string {
  const isOther = Object.hasOwn(groups, id) || id === 'doors';
  return expression(isOther ? `aws_security_group.${id}.id` : `aws_security_group.role[${JSON.stringify(id)}].id`);
}
