/**
 * What the fields of an environment must be together. Each check reads only fields that are valid by themselves, so that one bad field
 * does not hide another's fault, and reports at the place that a person would change.
 */
import type { Parsed, Path } from '../documents/parse.ts';
import { nearest } from '../documents/parse.ts';
import { addressOf, parseAddress, parseSubnet } from './addressing.ts';
import type { EnvironmentSpec } from './environment.ts';
import { machines } from './machines.ts';
import { type Role, roles } from './roles.ts';
import { serviceTable } from './services/table.ts';

type Draft = Partial<EnvironmentSpec>;
type Fault = (path: Path, expected: string, found: string, next: string) => void;

export function checkEnvironment(parsed: Parsed<EnvironmentSpec>): void {
  const fault: Fault = (path, expected, found, next) => parsed.fault(path, { expected, found, next });
  const draft = parsed.partial;
  checkTarget(draft, fault);
  for (const role of roles) checkGroup(role, draft, fault);
  checkMasters(draft, fault);
  checkReplicas(draft, fault);
  checkRetired(draft, fault);
  checkZones(draft, fault);
  checkAddresses(draft, fault);
  checkPorts(draft, fault);
}

function checkTarget({ target, region, profile }: Draft, fault: Fault): void {
  if (target === undefined) return;
  if (target === 'local' && region !== undefined) {
    fault(['region'], 'no region for target local', `the region ${region}`, 'remove it, or name a cloud as the target');
  }
  if (target !== 'local' && region === undefined) {
    fault(['region'], `the region of ${target} to build in`, 'nothing', 'add it, such as region: eu-west-1');
  }
  if (target !== 'local' && profile !== undefined) {
    fault(
      ['profile'],
      'no profile',
      `a profile for target ${target}`,
      'remove it: what a laptop may leave out, a deployment may not',
    );
  }
}

/** Ordinals of the active nodes of a group, or undefined where its fields do not say. */
export function activeOrdinals(group: {
  readonly count?: number | undefined;
  readonly ids?: readonly number[] | undefined;
}): readonly number[] | undefined {
  if (group.ids !== undefined) return group.ids;
  return group.count === undefined
    ? undefined
    : Array.from({ length: Math.max(0, group.count) }, (_, index) => index + 1);
}

function checkGroup(role: Role, draft: Draft, fault: Fault): void {
  const group = draft[role.field];
  if (group === undefined) return;
  if (group.count === undefined && group.ids === undefined) {
    fault([role.field, 'count'], `how many ${role.field} there are`, 'nothing', 'add count, or ids');
  }
  if (group.count !== undefined && group.ids !== undefined && group.ids.length !== group.count) {
    fault(
      [role.field, 'ids'],
      `${group.count} numbers, as count says`,
      `${group.ids.length}`,
      'make the two agree, or leave count out',
    );
  }
  const twice = group.ids?.filter((id, index, all) => all.indexOf(id) !== index) ?? [];
  for (const id of new Set(twice))
    fault([role.field, 'ids'], 'each number once', `${id} twice`, 'remove one of the two');
  for (const [index, service] of group.runs.entries()) {
    const reason = role.refuses[service];
    const path = [role.field, 'runs', index];
    const next = `leave runs out, or write [${role.services.join(', ')}]`;
    if (reason !== undefined)
      fault(path, `${role.services.join(', ')} alone (${reason})`, `the service ${service}`, next);
    else if (!role.services.includes(service)) {
      const known = serviceTable.has(service)
        ? `a service of ${role.field}`
        : `one of ${[...serviceTable.keys()].join(', ')}`;
      fault(path, known, `the service ${JSON.stringify(service)}`, next);
    }
  }
  for (const service of role.services.filter((id) => !group.runs.includes(id))) {
    fault(
      [role.field, 'runs'],
      `${service} among the services of ${role.field}`,
      `[${group.runs.join(', ')}]`,
      'leave runs out',
    );
  }
  if (typeof group.machine === 'string' && !machines.has(group.machine)) {
    const near = nearest(group.machine, [...machines.keys()]);
    fault(
      [role.field, 'machine'],
      `a machine type that is known here (${[...machines.keys()].slice(0, 4).join(', ')} ...)`,
      JSON.stringify(group.machine),
      near === undefined
        ? 'write its size instead: { memoryMiB: 2048, cpus: 2 }'
        : `did you mean ${near}? Or write its size: { memoryMiB, cpus }`,
    );
  }
}

/** ZooKeeper's guide asks for an odd number; above nine, each write waits for more servers without any gain in safety. */
const mostMasters = 9;

function checkMasters({ masters }: Draft, fault: Fault): void {
  const count = masters === undefined ? undefined : activeOrdinals(masters)?.length;
  if (count === undefined) return;
  const path = ['masters', masters?.ids === undefined ? 'count' : 'ids'];
  if (count < 1) fault(path, 'at least one master', `${count}`, 'three tolerate one failure');
  else if (count % 2 === 0) {
    const tolerated = count / 2 - 1;
    const reason = `${count} tolerate ${tolerated} ${tolerated === 1 ? 'failure' : 'failures'}, no more than ${count - 1} do`;
    fault(path, `an odd number of masters (${reason})`, `${count}`, `write ${count - 1} or ${count + 1}`);
  } else if (count > mostMasters) {
    fault(path, `at most ${mostMasters} masters (each write waits for a majority of them)`, `${count}`, 'write 3 or 5');
  }
}

function checkReplicas({ tolerate, workers, kafka }: Draft, fault: Fault): void {
  const count = workers === undefined ? undefined : activeOrdinals(workers)?.length;
  if (count === undefined) return;
  if (count < 1) {
    fault(
      ['workers', 'count'],
      'at least one worker',
      `${count}`,
      'three, with tolerate: 1, are the platform’s default',
    );
    return;
  }
  if (tolerate !== undefined && tolerate + 1 > count) {
    const found = `${tolerate + 1} replicas (tolerate ${tolerate} + 1) on ${count} ${count === 1 ? 'worker' : 'workers'}`;
    fault(['tolerate'], 'no more replicas than workers', found, `write tolerate: ${count - 1} at most, or add workers`);
  }
  for (const name of [
    'default.replication.factor',
    'offsets.topic.replication.factor',
    'transaction.state.log.replication.factor',
  ]) {
    const set = Number(kafka?.settings[name] ?? 0);
    if (set > count) {
      fault(
        ['kafka', 'settings', name],
        `no more replicas than workers (${count})`,
        `${set}`,
        `write ${count} at most, or add workers`,
      );
    }
  }
  const inSync = Number(kafka?.settings['min.insync.replicas'] ?? 0);
  const replicas = Number(kafka?.settings['default.replication.factor'] ?? (tolerate ?? 0) + 1);
  if (tolerate !== undefined && inSync > replicas) {
    const next = `write ${replicas} at most, or tolerate more failures`;
    fault(
      ['kafka', 'settings', 'min.insync.replicas'],
      `no more than the ${replicas} replicas that a topic has`,
      `${inSync}`,
      next,
    );
  }
}

function checkRetired(draft: Draft, fault: Fault): void {
  const { retired = [] } = draft;
  for (const [index, id] of retired.entries()) {
    const [roleId = '', ordinal = ''] = id.split('-');
    const field = roles.find((role) => role.id === roleId)?.field;
    const group = field === undefined ? undefined : draft[field];
    if (group !== undefined && activeOrdinals(group)?.includes(Number(ordinal))) {
      const next = `lower ${field}.count below ${ordinal}, or list the nodes that stay under ${field}.ids`;
      fault(['retired', index], 'a node that is no longer active', `${id}, which is active too`, next);
    }
    if (retired.indexOf(id) !== index)
      fault(['retired', index], 'each node once', `${id} twice`, 'remove one of the two');
  }
}

function checkZones({ zones, spread, masters, workers, target }: Draft, fault: Fault): void {
  if (zones === undefined) return;
  const twice = zones.filter((zone, index) => zones.indexOf(zone) !== index);
  for (const zone of new Set(twice)) fault(['zones'], 'each zone once', `${zone} twice`, 'remove one of the two');
  const over = spread ?? zones.length;
  if (over > zones.length) {
    const found = `${zones.length} ${zones.length === 1 ? 'zone' : 'zones'} to spread over ${over}`;
    fault(['spread'], 'no fewer zones than to spread over', found, `add zones, or write spread: ${zones.length}`);
    return;
  }
  for (const [field, group] of [
    ['masters', masters],
    ['workers', workers],
  ] as const) {
    const ordinals = group === undefined ? undefined : activeOrdinals(group);
    if (ordinals === undefined || ordinals.length < 1 || target === undefined) continue;
    const perZone = Array.from(
      { length: over },
      (_, zone) => ordinals.filter((ordinal) => (ordinal - 1) % over === zone).length,
    );
    if (Math.max(...perZone) - Math.min(...perZone) > 1) {
      const found = zones
        .slice(0, over)
        .map((zone, index) => `${perZone[index]} in ${zone}`)
        .join(', ');
      // A node's zone follows from its number alone, so that no other node's coming or going moves it.
      fault(
        [field, 'ids'],
        'numbers that spread evenly over the zones (a node’s zone follows from its number)',
        found,
        'choose other numbers',
      );
    }
  }
}

function checkAddresses(draft: Draft, fault: Fault): void {
  const { network, target } = draft;
  if (network === undefined) return;
  const nodes = roles.flatMap((role) => {
    const group = draft[role.field];
    const ordinals = (group === undefined ? undefined : activeOrdinals(group)) ?? [];
    const leaving = (draft.retired ?? [])
      .filter((id) => id.startsWith(`${role.id}-`))
      .map((id) => Number(id.slice(role.id.length + 1)));
    return [...ordinals, ...leaving].map((ordinal) => ({ id: `${role.id}-${ordinal}`, role: role.id, ordinal }));
  });
  const known = new Set(nodes.map(({ id }) => id));
  for (const id of Object.keys(network.addresses)) {
    if (!known.has(id))
      fault(
        ['network', 'addresses', id],
        'a node of this environment',
        JSON.stringify(id),
        'remove it, or add the node',
      );
  }
  if (
    target === 'local' &&
    network.subnet !== undefined &&
    parseAddress(network.subnet.split('/')[0] ?? '') >>> 24 !== 127
  ) {
    fault(
      ['network', 'subnet'],
      'a block within 127.0.0.0/8 for target local',
      network.subnet,
      'write 127.0.20.0/24, say',
    );
  }
  if (target !== 'local') return;
  const owners = new Map<string, string>();
  for (const node of nodes) {
    const pinned = network.addresses[node.id];
    const address = pinned ?? givenAddress(network.subnet, node);
    if (address === undefined) {
      const found = `${network.subnet} for ${nodes.length} nodes`;
      fault(['network', 'subnet'], 'a block with room for every node', found, 'widen it (a /16 holds 65,000)');
      return;
    }
    const other = owners.get(address);
    if (other !== undefined) {
      const path = ['network', 'addresses', pinned === undefined ? other : node.id];
      fault(
        path,
        'an address of its own for each node',
        `${address} for ${other} and ${node.id}`,
        'give one of them another',
      );
    }
    owners.set(address, node.id);
  }
}

export const defaultSubnet = '127.0.0.0/24';

function givenAddress(
  subnet = defaultSubnet,
  node: { readonly role: string; readonly ordinal: number },
): string | undefined {
  const offset = (roles.find((role) => role.id === node.role)?.addressOffset ?? 0) + node.ordinal;
  return offset < parseSubnet(subnet).size - 1 ? addressOf(subnet, node) : undefined;
}

function checkPorts({ network }: Draft, fault: Fault): void {
  if (network === undefined) return;
  for (const role of roles) {
    const owners = new Map<number, string>();
    for (const service of role.services) {
      for (const listener of serviceTable.get(service)?.listeners ?? []) {
        const name = `${service}.${listener.name}`;
        const port = network.ports[name] ?? listener.port;
        const other = owners.get(port);
        if (other !== undefined) {
          const path = ['network', 'ports', network.ports[name] === undefined ? other : name];
          fault(
            path,
            'a port of its own for each listener of a node',
            `${port} for ${other} and ${name}`,
            'give one of them another',
          );
        }
        owners.set(port, name);
      }
    }
  }
}
