/** What target aws asks of the fields together, before Terraform sees any of them: Terraform would say it late, one fault at a time, half built. */
import { nearest } from '../documents/parse.ts';
import { mostZones } from './address-plan.ts';
import { awsRegions, awsZones } from './aws-facts.ts';
import type { EnvironmentDraft, SayFault } from './draft.ts';
import { roles } from './roles.ts';

export function checkAws(draft: EnvironmentDraft, fault: SayFault): void {
  const { target, aws } = draft;
  if (target === undefined) return;
  if (target !== 'aws') {
    if (aws !== undefined) fault(['aws'], `no block aws for target ${target}`, 'one', 'remove it');
    return;
  }
  if (aws === undefined)
    fault(['aws'], 'what AWS must know, the account above all', 'nothing', 'add aws: { account: "123456789012" }');
  checkPlace(draft, fault);
  const zones = draft.zones?.length ?? 0;
  if (zones > mostZones)
    fault(
      ['zones'],
      `at most ${mostZones} zones (the block of addresses is cut for as many)`,
      `${zones}`,
      'name fewer',
    );
  checkVolumes(draft, fault);
  const volumes = draft.workers?.volumes ?? 1;
  if (volumes > mostVolumes)
    fault(
      ['workers', 'volumes'],
      `at most ${mostVolumes} volumes (a machine learns of them from one tag, which AWS ends at 256 characters)`,
      `${volumes}`,
      'write fewer and larger ones',
    );
}

/** `data-1=vol-0123456789abcdef0,` has 29 characters. */
const mostVolumes = 8;

function checkPlace({ region, zones = [] }: EnvironmentDraft, fault: SayFault): void {
  if (region === undefined) return;
  if (!awsRegions.includes(region)) {
    const near = nearest(region, awsRegions);
    const next = near === undefined ? 'write eu-west-1, say' : `did you mean ${near}?`;
    fault(['region'], 'a region of AWS whose zones and machine types are known here', JSON.stringify(region), next);
    return;
  }
  const known = awsZones(region);
  for (const [index, zone] of zones.entries()) {
    if (zone === undefined || known.includes(zone)) continue;
    const near = nearest(zone, known);
    const next = near === undefined || zones.includes(near) ? 'choose among them' : `did you mean ${near}?`;
    fault(['zones', index], `a zone of ${region} (${known.join(', ')})`, JSON.stringify(zone), next);
  }
}

/** AWS EBS user guide, "General Purpose SSD volumes": 500 operations a second for each GiB, and a quarter of a MiB for each operation. */
const iopsPerGiB = 500;
const mibPerOperation = 0.25;

function checkVolumes(draft: EnvironmentDraft, fault: SayFault): void {
  for (const { field } of roles) {
    const group = draft[field];
    if (group === undefined || !('volumeIops' in group)) continue;
    const { volumeGiB, volumeIops = 3_000, volumeThroughputMiB = 125 } = group;
    if (volumeGiB !== undefined && volumeIops > Math.max(3_000, volumeGiB * iopsPerGiB)) {
      const most = Math.max(3_000, volumeGiB * iopsPerGiB);
      const expected = `at most ${most} operations a second for ${volumeGiB} GiB (gp3 has ${iopsPerGiB} for each GiB)`;
      fault([field, 'volumeIops'], expected, `${volumeIops}`, 'lower it, or give the volume more GiB');
    }
    if (volumeThroughputMiB > volumeIops * mibPerOperation) {
      const expected = `at most ${volumeIops * mibPerOperation} MiB a second at ${volumeIops} operations`;
      const next = `lower it, or write volumeIops: ${volumeThroughputMiB / mibPerOperation}`;
      fault([field, 'volumeThroughputMiB'], expected, `${volumeThroughputMiB}`, next);
    }
  }
}
