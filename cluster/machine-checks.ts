/** Machines of an environment: types that are known, and at AWS ones that a node can run on and that every zone of its group offers. */
import { nearest } from '../documents/parse.ts';
import { awsMachines, awsRegions, awsZones, whyUnusable, zonesOffering } from './aws-facts.ts';
import { activeOrdinals, type EnvironmentDraft, type SayFault } from './draft.ts';
import { machines } from './machines.ts';
import { type Role, roles } from './roles.ts';

const examples = 't3.small, t3.medium, m6i.large, m6i.xlarge';

export function checkMachines(draft: EnvironmentDraft, fault: SayFault): void {
  for (const role of roles) {
    const machine = draft[role.field]?.machine;
    if (draft.target === 'aws') checkAwsMachine(role, machine, draft, fault);
    else if (typeof machine === 'string' && !machines.has(machine)) {
      const near = nearest(machine, [...machines.keys()]);
      fault(
        [role.field, 'machine'],
        `a machine type that is known here (${examples} ...)`,
        JSON.stringify(machine),
        near === undefined
          ? 'write its size instead: { memoryMiB: 2048, cpus: 2 }'
          : `did you mean ${near}? Or write its size: { memoryMiB, cpus }`,
      );
    }
  }
}

const awsNames = awsMachines.map(([name]) => name);

function checkAwsMachine(
  role: Role,
  machine: string | object | undefined,
  draft: EnvironmentDraft,
  fault: SayFault,
): void {
  const path = [role.field, 'machine'];
  if (typeof machine === 'object') {
    fault(path, `the name of a machine type of AWS (${examples} ...)`, 'a size', 'name the type that has it');
    return;
  }
  if (machine === undefined) return;
  if (!awsNames.includes(machine)) {
    const why = whyUnusable(machine);
    const near = nearest(machine, awsNames);
    const expected =
      why === undefined
        ? `a machine type of AWS that is known here (${examples} ...)`
        : `a machine type that nodes run on (${machine} has ${why})`;
    const next =
      near === undefined || why !== undefined ? 'choose another one, such as t3.small' : `did you mean ${near}?`;
    fault(path, expected, JSON.stringify(machine), next);
    return;
  }
  const { region } = draft;
  if (region === undefined || !awsRegions.includes(region)) return;
  const offering = zonesOffering(region, machine);
  const zones = zonesOf(role, draft).filter((zone) => awsZones(region).includes(zone));
  const without = zones.filter((zone) => !offering.includes(zone));
  if (without.length === 0) return;
  const where = offering.length === 0 ? `nowhere in ${region}` : `in ${offering.join(', ')} alone`;
  const near = insteadOf(machine, region, zones);
  const next = `choose another type${near === undefined ? '' : `, such as ${near}`}, or other zones`;
  fault(
    path,
    `a machine type that ${without.join(', ')} ${without.length === 1 ? 'has' : 'have'}`,
    `${machine}, which is offered ${where}`,
    next,
  );
}

/** Where the group's nodes stand: a node's zone follows from its number. */
function zonesOf(role: Role, { zones = [], spread, ...draft }: EnvironmentDraft): readonly string[] {
  const group = draft[role.field];
  const ordinals = group === undefined ? [] : (activeOrdinals(group) ?? []);
  const named = ordinals.map((ordinal) => zones[(ordinal - 1) % (spread ?? Math.max(1, zones.length))]);
  return [...new Set(named)].flatMap((zone) => zone ?? []).sort();
}

/** The smallest type with as much memory and as many processors, and not twice as much, that all of the zones offer; of the same letter where there is one. */
function insteadOf(machine: string, region: string, zones: readonly string[]): string | undefined {
  const [, memoryMiB = 0, cpus = 0] = awsMachines.find(([name]) => name === machine) ?? [];
  const large = awsMachines.filter(
    ([, memory, processors]) => memory >= memoryMiB && memory <= 2 * memoryMiB && processors >= cpus,
  );
  const offered = large.filter(([name]) => {
    const offering = zonesOffering(region, name);
    return zones.every((zone) => offering.includes(zone));
  });
  const other = (name: string) => (name[0] === machine[0] ? 0 : 1);
  return offered.sort((a, b) => a[1] - b[1] || a[2] - b[2] || other(a[0]) - other(b[0]))[0]?.[0];
}
