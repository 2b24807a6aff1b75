/**
 * What deploying an environment would change, stack by stack in the order in which they are applied. A stack that was never applied is said to be so, from
 * its state's absence, and one that needs another's outputs first is not handed to Terraform at all: its error would name a missing output.
 * Nothing is locked or changed, so that credentials that may only read will do.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { assertAccount } from '../../clients/aws/account.ts';
import { openBucket } from '../../clients/aws/buckets.ts';
import { openObjects } from '../../clients/aws/objects.ts';
import { stackName, stackParts, stateBucketName, stateKey } from '../../contracts/aws-names.ts';
import type { AwsEnvironment } from './aws-environment.ts';
import { stateBucketMissing } from './errors.ts';
import { synthesizeStacks, terraform } from './terraform.ts';
import { type PlannedChange, parseTerraformPlan } from './terraform-plan.ts';

export interface StackDiff {
  /** `staging-data` */
  readonly stack: string;
  readonly applied: boolean;
  /** A stack that must be applied before this one can be planned; then there are no changes to show. */
  readonly waitsFor?: string;
  readonly changes: readonly PlannedChange[];
}

export interface DiffReport {
  readonly environment: string;
  readonly changed: boolean;
  readonly stacks: readonly StackDiff[];
}

export interface DiffOptions {
  /** Where stacks are written and Terraform keeps what it loaded; absolute. A file of a person's there, such as an override, stays and counts. */
  readonly folder: string;
  /** A folder of providers instead of their registry. */
  readonly pluginDirectory?: string | undefined;
  readonly signal: AbortSignal;
  /** For tests: instead of the environment's own stacks. */
  readonly synthesize?: typeof synthesizeStacks;
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** @throws EnsembleError CLIENT_AWS_..., OPERATIONS_STATE_BUCKET_MISSING, OPERATIONS_TERRAFORM_... */
export async function diffEnvironment(aws: AwsEnvironment, options: DiffOptions): Promise<DiffReport> {
  const { place } = aws;
  await assertAccount({ region: place.region }, place.account);
  const applied = await appliedStacks(aws);
  await mkdir(options.folder, { recursive: true });
  await (options.synthesize ?? synthesizeStacks)(aws.environment.file, options);
  const dependencies = await readDependencies(options.folder);
  const stacks: StackDiff[] = [];
  for (const part of stackParts) {
    const stack = stackName(place.environment, part);
    const waitsFor = dependencies(stack).find((needed) => !applied.has(needed));
    if (waitsFor !== undefined) {
      stacks.push({ stack, applied: applied.has(stack), waitsFor, changes: [] });
      continue;
    }
    options.onProgress?.(`planning ${stack}`);
    const changes = await planStack(join(options.folder, 'stacks', stack), options);
    stacks.push({ stack, applied: applied.has(stack), changes });
  }
  const changed = stacks.some(({ waitsFor, changes }) => waitsFor !== undefined || changes.length > 0);
  return { environment: place.environment, changed, stacks };
}

const manifestShape = z.object({ stacks: z.record(z.string(), z.object({ dependencies: z.array(z.string()) })) });

/** As cdktf noted it beside the stacks. */
async function readDependencies(folder: string): Promise<(stack: string) => readonly string[]> {
  const { stacks } = manifestShape.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  return (stack) => stacks[stack]?.dependencies ?? [];
}

/** Those that have a state. */
async function appliedStacks({ place }: AwsEnvironment): Promise<ReadonlySet<string>> {
  const bucket = stateBucketName(place);
  const region = { region: place.region };
  const owner = await openBucket(region, bucket, place.account);
  try {
    if ((await owner.owner()) !== 'ours') throw stateBucketMissing(bucket, place.environment);
  } finally {
    owner.close();
  }
  const objects = await openObjects(region, bucket, place.account);
  try {
    const found = await Promise.all(
      stackParts.map(async (part) =>
        (await objects.exists(stateKey(place.environment, part))) ? [stackName(place.environment, part)] : [],
      ),
    );
    return new Set(found.flat());
  } finally {
    objects.close();
  }
}

const planFile = 'ensemble.tfplan';

async function planStack(folder: string, { signal, pluginDirectory }: DiffOptions): Promise<readonly PlannedChange[]> {
  const plugins = pluginDirectory === undefined ? [] : [`-plugin-dir=${pluginDirectory}`];
  await terraform(['init', '-input=false', '-no-color', '-reconfigure', ...plugins], { folder, signal });
  const plan = ['plan', '-input=false', '-no-color', '-lock=false', '-detailed-exitcode', `-out=${planFile}`];
  try {
    await terraform(plan, { folder, signal, accept: [2] });
    return parseTerraformPlan((await terraform(['show', '-json', planFile], { folder, signal })).output);
  } finally {
    await rm(join(folder, planFile), { force: true }); // it holds whatever a provider put into it
  }
}
