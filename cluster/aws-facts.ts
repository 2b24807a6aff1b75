/**
 * What is known of AWS without asking it: regions, their zones, machine types, and where each is offered. aws.facts.json is made from published tables
 * (scripts/generate-aws-facts.ts names them) and knows what they knew; a newer type or region comes with a newer table.
 */
import facts from './aws.facts.json' with { type: 'json' };

/** Region -> zone -> the machine families that it offers in every size, and single types. */
const regions: Readonly<Record<string, Readonly<Record<string, string>>>> = facts.regions;
const unusable: Readonly<Record<string, string>> = facts.unusable;

export const awsRegions: readonly string[] = Object.keys(regions);

/** Name, MiB of memory, processors. */
export const awsMachines = Object.entries(facts.machines).map(
  ([name, [memoryMiB = 0, cpus = 0]]) => [name, memoryMiB, cpus] as const,
);

/** Of a region that is known. */
export function awsZones(region: string): readonly string[] {
  return Object.keys(regions[region] ?? {});
}

/** The zones of a region in which a machine type can be had. */
export function zonesOffering(region: string, machine: string): readonly string[] {
  const [family = ''] = machine.split('.');
  return awsZones(region).filter((zone) => {
    const offered = (regions[region]?.[zone] ?? '').split(' ');
    return offered.includes(family) || offered.includes(machine);
  });
}

const reasons: Readonly<Record<string, string>> = {
  arm: 'another processor than the archives are made for, which is x86-64',
  metal: 'a whole machine without a hypervisor, which nobody has tried',
  xen: 'volumes without the serial numbers by which nodes find them: it is older than Nitro',
};

/** Why nodes of ours cannot run on a type that AWS has. */
export function whyUnusable(machine: string): string | undefined {
  return reasons[unusable[machine] ?? ''];
}
