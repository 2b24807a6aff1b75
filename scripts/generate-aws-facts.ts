/**
 * `node --import tsx scripts/generate-aws-facts.ts`: cluster/aws.facts.json, what checks know of AWS without asking it: regions with their zones, machine
 * types with memory and processors, and which type each zone offers. The source is the data that two Python packages carry, moto (DescribeInstanceTypes
 * and DescribeInstanceTypeOfferings, as AWS answered its makers) and botocore (which regions there are); python3 with both is asked where they lie.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { installationRoot } from '../platform/installation-root.ts';

const question =
  'import json, os, moto, botocore; print(json.dumps([[os.path.dirname(m.__file__), m.__version__] for m in (moto, botocore)]))';
const [[motoFolder, motoVersion], [botocoreFolder, botocoreVersion]] = z
  .tuple([z.tuple([z.string(), z.string()]), z.tuple([z.string(), z.string()])])
  .parse(JSON.parse(execFileSync('python3', ['-c', question], { encoding: 'utf8' })));

const typesShape = z.record(
  z.string(),
  z.object({
    BareMetal: z.boolean(),
    Hypervisor: z.string().optional(),
    MemoryInfo: z.object({ SizeInMiB: z.int() }),
    VCpuInfo: z.object({ DefaultVCpus: z.int() }),
    ProcessorInfo: z.object({ SupportedArchitectures: z.array(z.string()) }),
  }),
);
const offeringsShape = z.array(z.object({ InstanceType: z.string(), Location: z.string() }));
const endpointsShape = z.object({
  partitions: z.array(z.object({ partition: z.string(), regions: z.record(z.string(), z.unknown()) })),
});

const resources = join(motoFolder, 'ec2', 'resources');
const unzipped = (file: string): unknown => JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]) =>
  one.localeCompare(other, 'en', { numeric: true });

/** Why a node of ours cannot run on it: archives are for x86-64, and volumes are found by the serials of NVMe devices, which only Nitro has. */
function whyNot(type: z.output<typeof typesShape>[string]): string | undefined {
  if (!type.ProcessorInfo.SupportedArchitectures.includes('x86_64')) return 'arm';
  if (type.BareMetal) return 'metal';
  return type.Hypervisor === 'nitro' ? undefined : 'xen';
}

const types = Object.entries(typesShape.parse(unzipped(join(resources, 'instance_types.json.gz')))).sort(byName);
const usable = types.filter(([, type]) => whyNot(type) === undefined);
const families = new Map<string, readonly string[]>();
for (const [name] of usable) {
  const family = name.split('.')[0] ?? name;
  families.set(family, [...(families.get(family) ?? []), name]);
}

const folder = join(resources, 'instance_type_offerings', 'availability-zone');
const partition = endpointsShape
  .parse(JSON.parse(readFileSync(join(botocoreFolder, 'data', 'endpoints.json'), 'utf8')))
  .partitions.find((candidate) => candidate.partition === 'aws');
const regions = readdirSync(folder)
  .map((file) => file.replace('.json.gz', ''))
  .filter((region) => partition?.regions[region] !== undefined)
  .sort()
  .map((region) => [region, zonesOf(region)] as const);

/** What a zone offers, as words: a family where it offers all of its sizes, else the types. */
function zonesOf(region: string): Readonly<Record<string, string>> {
  const offered = new Map<string, Set<string>>();
  for (const { InstanceType, Location } of offeringsShape.parse(unzipped(join(folder, `${region}.json.gz`))))
    offered.set(Location, (offered.get(Location) ?? new Set()).add(InstanceType));
  return Object.fromEntries(
    [...offered]
      .sort(byName)
      .map(([zone, here]) => [
        zone,
        [...families]
          .flatMap(([family, sizes]) =>
            sizes.every((size) => here.has(size)) ? [family] : sizes.filter((size) => here.has(size)),
          )
          .join(' '),
      ]),
  );
}

const facts = {
  source: `moto ${motoVersion} (EC2 instance types and offerings), botocore ${botocoreVersion} (regions)`,
  regions: Object.fromEntries(regions),
  machines: Object.fromEntries(
    usable.map(([name, type]) => [name, [type.MemoryInfo.SizeInMiB, type.VCpuInfo.DefaultVCpus]]),
  ),
  unusable: Object.fromEntries(
    types.flatMap(([name, type]) => (whyNot(type) === undefined ? [] : [[name, whyNot(type)]])),
  ),
};
const file = 'cluster/aws.facts.json';
// A machine a line: a newer source shows in a diff what changed.
const text = JSON.stringify(facts, null, 1).replace(/\[\s+(\d+),\s+(\d+)\s+\]/g, '[$1, $2]');
writeFileSync(join(installationRoot(), file), `${text}\n`);
console.log(`${file}: ${regions.length} regions, ${usable.length} machine types of ${types.length}`);
