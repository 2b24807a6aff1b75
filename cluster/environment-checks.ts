/**
 * What the fields of an environment must be together. Each check reads only fields that are valid by themselves, so that one bad field
 * does not hide another's fault, and reports at the place that a person would change.
 */
import type { Parsed } from '../documents/parse.ts';
import { checkAws } from './aws-checks.ts';
import { activeOrdinals, type EnvironmentDraft, type SayFault } from './draft.ts';
import type { EnvironmentSpec } from './environment.ts';
import { checkMachines } from './machine-checks.ts';
import { checkAddresses, checkPorts } from './network-checks.ts';
import { checkPlatform } from './platform-checks.ts';
import { checkReplicas } from './replica-checks.ts';
import { type Role, roles } from './roles.ts';
import { serviceTable } from './services/table.ts';

export function checkEnvironment(parsed: Parsed<EnvironmentSpec>): void {
  const fault: SayFault = (path, expected, found, next) => parsed.fault(path, { expected, found, next });
  const { draft } = parsed;
  const wrong = parsed.faults.map(({ path }) => path);
  checkName(draft, fault);
  checkTarget(draft, fault);
  for (const role of roles) {
    const sized = !wrong.some((path) => path.startsWith(`${role.field}.count`) || path.startsWith(`${role.field}.ids`));
    checkGroup(role, draft, sized, fault);
  }
  checkMasters(draft, fault);
  checkReplicas(draft, fault);
  checkRetired(draft, fault);
  checkZones(draft, fault);
  checkMachines(draft, fault);
  checkPlatform(draft, fault);
  checkAws(draft, fault);
  checkAddresses(draft, fault);
  checkPorts(draft, fault);
}

/** Folders beside those of environments, in the folder of the state. */
const otherFolders = ['archives'];

function checkName({ name }: EnvironmentDraft, fault: SayFault): void {
  if (name === undefined || !otherFolders.includes(name)) return;
  fault(
    ['name'],
    'a name of its own',
    `${name}, which is a folder of Ensemble’s own beside the state`,
    'choose another',
  );
}

function checkTarget({ target, region, profile }: EnvironmentDraft, fault: SayFault): void {
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

/** @param sized whether neither count nor ids is wrong by itself; then the absence of both is a fault of its own. */
function checkGroup(role: Role, draft: EnvironmentDraft, sized: boolean, fault: SayFault): void {
  const group = draft[role.field];
  if (group === undefined) return;
  if (sized && group.count === undefined && group.ids === undefined) {
    fault(
      [role.field, 'count'],
      role.optional ? `how many nodes ${role.field} has` : `how many ${role.field} there are`,
      'nothing',
      'add count, or ids',
    );
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
  const runs = 'runs' in group ? group.runs : undefined;
  for (const [index, service] of (runs ?? []).entries()) {
    const reason = role.refuses[service];
    const path = [role.field, 'runs', index];
    const next = `leave runs out, or write [${role.services.join(', ')}]`;
    if (reason !== undefined)
      fault(path, `${role.services.join(', ')} alone (${reason})`, `the service ${service}`, next);
    else if (!role.services.includes(service)) {
      const known = serviceTable.has(service)
        ? `a service of ${role.field}`
        : `one of ${[...new Set(roles.flatMap(({ services }) => services))].join(', ')}`;
      fault(path, known, `the service ${JSON.stringify(service)}`, next);
    }
  }
  for (const service of role.services.filter((id) => runs?.includes(id) === false)) {
    fault(
      [role.field, 'runs'],
      `${service} among the services of ${role.field}`,
      `[${runs?.join(', ')}]`,
      'leave runs out',
    );
  }
}

/** ZooKeeper's guide asks for an odd number; above nine, each write waits for more servers without any gain in safety. */
const mostMasters = 9;

/** ZooKeeper Administrator's Guide 3.8, "myid": 1 to 254, since 255 is taken where nodes of the tree may expire. */
const highestMaster = 254;

function checkMasters({ masters, retired }: EnvironmentDraft, fault: SayFault): void {
  for (const [index, id] of (masters?.ids ?? []).entries()) {
    if (id > highestMaster) {
      const path = ['masters', 'ids', index];
      fault(path, `a number up to ${highestMaster} (ZooKeeper’s myid)`, `${id}`, 'choose a smaller number');
    }
  }
  for (const [index, id] of (retired ?? []).entries()) {
    if (id.startsWith('master-') && Number(id.slice('master-'.length)) > highestMaster) {
      fault(['retired', index], `a master up to master-${highestMaster} (ZooKeeper’s myid)`, id, 'correct its number');
    }
  }
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

function checkRetired(draft: EnvironmentDraft, fault: SayFault): void {
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

function checkZones(draft: EnvironmentDraft, fault: SayFault): void {
  const { zones, spread, target } = draft;
  if (zones === undefined) return;
  const twice = zones.filter((zone, index) => zones.indexOf(zone) !== index);
  for (const zone of new Set(twice)) fault(['zones'], 'each zone once', `${zone} twice`, 'remove one of the two');
  const over = spread ?? zones.length;
  if (over > zones.length) {
    const found = `${zones.length} ${zones.length === 1 ? 'zone' : 'zones'} to spread over ${over}`;
    fault(['spread'], 'no fewer zones than to spread over', found, `add zones, or write spread: ${zones.length}`);
    return;
  }
  for (const { field } of roles) {
    const group = draft[field];
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
