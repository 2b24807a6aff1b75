/** Ways in come from the services' listeners: whoever has a node's address and port in a file of its own gets through to it, and nobody else does. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { namedAddressing } from '../../cluster/addressing.ts';
import { loadEnvironment } from '../../cluster/load.ts';
import type { Cluster } from '../../cluster/model.ts';
import { renderNode } from '../../cluster/render.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { clusterOf, inAws } from '../cluster/environment-fixture.ts';
import { type Resource, resourcesOf } from './policy.ts';
import { synthesized } from './synthesized.ts';

/** `api -> worker:9092`, of groups as rules name them. */
function waysIn(resources: readonly Resource[], type = 'ingress'): ReadonlySet<string> {
  const group = (id: unknown) =>
    /aws_security_group\.(?:role\["([\w-]+)"\]|(\w+))\.id/.exec(String(id))?.slice(1).join('');
  const rules = resources.filter((each) => each.type === `aws_vpc_security_group_${type}_rule` && each.name === 'peer');
  return new Set(
    rules.map(({ body }) => {
      const [own, peer] = [group(body.security_group_id), group(body.referenced_security_group_id)];
      return type === 'ingress' ? `${peer} -> ${own}:${body.from_port}` : `${own} -> ${peer}:${body.from_port}`;
    }),
  );
}

/** What nodes connect to, as their files say it: `node.domain:port`, and a group's own name with its port. */
function connections(cluster: Cluster): ReadonlySet<string> {
  const addressing = namedAddressing(cluster);
  const roles = new Map(
    cluster.groups.flatMap(({ role, names, nodes }) => [
      ...nodes.map((node) => [addressing.host(node), role] as const),
      ...names.map((name) => [name, role] as const),
    ]),
  );
  const found = cluster.groups.flatMap((group) =>
    group.nodes.flatMap((node) =>
      renderNode(cluster, group, node, addressing).flatMap(({ files }) =>
        files.flatMap(({ text }) => {
          const whole = text.map((part) => (typeof part === 'string' ? part : '')).join('');
          return [...whole.matchAll(/([a-z0-9-]+(?:\.[a-z0-9-]+)+):(\d{2,5})(?::(\d{2,5}))?/g)].flatMap(
            ([, host = '', ...ports]) => {
              const role = roles.get(host);
              const itself = host === addressing.host(node);
              return role === undefined || itself
                ? []
                : ports.flatMap((port) => (port ? [`${group.role} -> ${role}:${port}`] : []));
            },
          );
        }),
      ),
    ),
  );
  return new Set(found);
}

describe('the firewall', () => {
  let cluster: Cluster;
  let foundation: readonly Resource[];
  beforeAll(async () => {
    ({ cluster } = await loadEnvironment('staging', join(installationRoot(), 'environments')));
    foundation = resourcesOf([synthesized(cluster).foundation]);
  });

  it('lets every node reach what its own files name', () => {
    const wanted = connections(cluster);
    expect(wanted.size).toBeGreaterThan(10);
    expect([...wanted].filter((way) => !waysIn(foundation).has(way))).toEqual([]);
  });

  it('lets a way out of one group be the way into another, and no more', () => {
    expect([...waysIn(foundation, 'egress')].sort()).toEqual([...waysIn(foundation)].sort());
  });

  it('lets members of a quorum alone reach the ports of their votes', () => {
    const votes = [...waysIn(foundation)].filter((way) => /:(2888|3888)$/.test(way));
    expect(votes.sort()).toEqual(['master -> master:2888', 'master -> master:3888']);
  });

  it('lets what comes through the entrance reach the balancer alone, and the entrance itself ask whether it can serve', () => {
    const entered = [...waysIn(foundation)].filter((way) => way.startsWith('entrance'));
    expect(entered.sort()).toEqual([
      'entrance -> balancer:443',
      'entrance -> balancer:8404',
      'entrance -> balancer:8443',
    ]);
    // Clients come to 443 and 8443 alone: the port at which it asks has no listener and no way in from outside.
    const shown = foundation.filter(({ name, type }) => name === 'clients' && type.endsWith('ingress_rule'));
    expect(shown.map(({ body }) => body.from_port).sort()).toEqual([443, 8443]);
  });

  it('follows a port that the environment moves', () => {
    const moved = clusterOf(inAws().concat('network: { ports: { kafka.plaintext: 19092 } }\n'));
    const ways = waysIn(resourcesOf([synthesized(moved).foundation]));
    expect(ways).toContain('worker -> worker:19092');
    expect([...ways].some((way) => way.endsWith(':9092'))).toBe(false);
  });

  it('lets nodes out by HTTPS alone, but where the environment names other ports for a role', () => {
    const out = (more: string) => {
      const text = inAws().replace('aws: { account: "123456789012"', `aws: { account: "123456789012"${more}`);
      const rules = resourcesOf([synthesized(clusterOf(text)).foundation]).filter(
        ({ type, name }) => type === 'aws_vpc_security_group_egress_rule' && name === 'https',
      );
      return rules
        .map(({ address, body }) => `${/\["(.*)"\]/.exec(address)?.[1]} ${body.from_port}-${body.to_port}`)
        .sort();
    };
    const closed = ['applier 443-443', 'master 443-443', 'operators 443-443', 'worker 443-443'];
    expect(out('')).toEqual(closed);
    expect(out(', outward: { worker: [8443, 443] }')).toEqual([...closed, 'worker/8443 8443-8443'].sort());
    expect(out(', outward: { worker: any }')).toEqual([...closed.slice(0, 3), 'worker 1-65535']);
  });

  it('is seen to lack a way where a listener does not name who connects', () => {
    const quorum = foundation.filter(({ address }) => !address.includes('zookeeper.client/worker'));
    expect([...connections(cluster)].filter((way) => !waysIn(quorum).has(way))).toEqual(['worker -> master:2181']);
  });
});
