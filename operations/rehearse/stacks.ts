/** The stacks of a rehearsal: synthesized, planned, applied and destroyed by Terraform as to AWS, against an AWS of this machine. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type StackPart, stackName, stackParts } from '../../contracts/aws-names.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { motoForgets } from '../../drivers/local-aws/moto-forgets.ts';
import { synthesizeStacks, terraform } from '../aws/terraform.ts';
import { type PlannedChange, parseTerraformPlan } from '../aws/terraform-plan.ts';
import { notRefused } from './errors.ts';
import { writeOverride } from './terraform-override.ts';

export interface StacksPlace {
  readonly environment: string;
  /** Where they are written; absolute. */
  readonly folder: string;
  /** Where archives lie. */
  readonly projectFolder: string;
  /** A folder of providers instead of their registry. */
  readonly pluginDirectory: string | undefined;
}

export interface WorkOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: ((line: string) => void) | undefined;
}

export interface Stacks {
  /** Writes them over what stands there, and makes Terraform know its providers. @throws EnsembleError OPERATIONS_SYNTHESIS_FAILED, OPERATIONS_TERRAFORM_... */
  synthesize(environmentFile: string, options: WorkOptions): Promise<void>;
  /** Without what a local AWS does not keep; what it is applied with is remembered. @throws EnsembleError OPERATIONS_TERRAFORM_FAILED */
  plan(part: StackPart, options: WorkOptions, words?: readonly string[]): Promise<readonly PlannedChange[]>;
  /** What the last plan of the part says. @throws EnsembleError OPERATIONS_TERRAFORM_FAILED */
  apply(part: StackPart, options: WorkOptions): Promise<void>;
  /** Terraform's words where it refuses such a plan. @throws EnsembleError OPERATIONS_REHEARSE_NOT_REFUSED */
  refused(part: StackPart, options: WorkOptions, words?: readonly string[]): Promise<string>;
  /** Everything of the part. @throws EnsembleError OPERATIONS_TERRAFORM_FAILED */
  destroy(part: StackPart, options: WorkOptions): Promise<void>;
}

const planFile = 'ensemble.tfplan';
/** Nearly all of the time is waiting. */
const parallelism = '-parallelism=50';
const quiet = ['-input=false', '-no-color'];

export function stacksOf({ environment, folder, projectFolder, pluginDirectory }: StacksPlace): Stacks {
  const folderOf = (part: StackPart) => join(folder, 'stacks', stackName(environment, part));
  async function run(part: StackPart, words: readonly string[], { signal, onProgress }: WorkOptions) {
    const onLine = onProgress === undefined ? undefined : (line: string) => onProgress(`${part}: ${line}`);
    return await terraform(words, { folder: folderOf(part), signal, onLine, applies: true });
  }
  /** Providers and backend of a stack never change in the course of a rehearsal. */
  let isReady = false;
  return {
    async synthesize(environmentFile, { signal, onProgress }) {
      await mkdir(folder, { recursive: true });
      await synthesizeStacks(environmentFile, { folder, signal, projectFolder });
      const plugins = pluginDirectory === undefined ? [] : [`-plugin-dir=${pluginDirectory}`];
      for (const part of stackParts) {
        await writeOverride(folderOf(part));
        if (isReady) continue;
        onProgress?.(`terraform init of ${part}`);
        await run(part, ['init', ...quiet, '-reconfigure', ...plugins], { signal });
      }
      isReady = true;
    },
    async plan(part, { signal, onProgress }, words = []) {
      onProgress?.(`planning ${part}`);
      await run(part, ['plan', ...quiet, parallelism, `-out=${planFile}`, ...words], { signal });
      return withoutForgotten(parseTerraformPlan((await run(part, ['show', '-json', planFile], { signal })).output));
    },
    async apply(part, options) {
      await run(part, ['apply', ...quiet, parallelism, planFile], options);
      await rm(join(folderOf(part), planFile), { force: true }); // it holds whatever a provider put into it
    },
    async refused(part, { signal }, words = []) {
      try {
        await run(part, ['plan', ...quiet, '-refresh=false', ...words], { signal });
      } catch (error) {
        if (error instanceof EnsembleError && error.code === 'OPERATIONS_TERRAFORM_FAILED')
          return error.evidence.join(' ').replace(/\s+/g, ' ');
        throw error;
      }
      throw notRefused(`a plan of ${part} (${words.join(' ')})`);
    },
    async destroy(part, options) {
      await run(part, ['destroy', '-auto-approve', ...quiet, '-refresh=false', parallelism], options);
    },
  };
}

/** What would only be set once more, since moto does not tell it. @internal */
export function withoutForgotten(changes: readonly PlannedChange[]): readonly PlannedChange[] {
  return changes.filter(({ kind, address, attributes }) => {
    const [type] = address.split('.');
    const isForgotten = (name: string) => motoForgets.some((entry) => entry.type === type && entry.attribute === name);
    return kind !== 'update' || !attributes.every(isForgotten);
  });
}
