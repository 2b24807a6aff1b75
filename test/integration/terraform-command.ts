/**
 * Terraform as the tests run it: its own configuration, a local folder of providers, and a local AWS in the place of the real one, where its state lies too.
 * The endpoint and credentials come by AWS's own environment variables. A loopback address has no name for a bucket to stand before, so that buckets are
 * asked for by path: a file beside the synthesized one says so (`cdk_override.tf.json`, Terraform's "Override Files"); the stack's own JSON is what ships.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stackParts } from '../../contracts/aws-names.ts';
import { writeOverride } from '../../operations/rehearse/terraform-override.ts';

export interface TerraformOptions {
  /** Where `synthesize` wrote: `stacks/<stack>/cdk.tf.json` lie below. */
  readonly outdir: string;
  readonly environment: string;
  readonly plugins: string;
  /** For the processes, beside what Terraform itself is told: where the local AWS is, and its credentials. */
  readonly processEnvironment: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly code: number;
  readonly said: string;
  readonly seconds: number;
}

/** As `terraform show -json` writes a plan; the part that tests read. */
export interface PlanJson {
  readonly errored?: boolean;
  readonly resource_drift?: readonly ResourceChange[];
  readonly resource_changes?: readonly ResourceChange[];
  readonly output_changes?: Readonly<Record<string, { readonly actions: readonly string[] }>>;
}

export interface ResourceChange {
  readonly address: string;
  readonly previous_address?: string;
  readonly mode: 'managed' | 'data';
  readonly type: string;
  readonly action_reason?: string;
  readonly change: {
    readonly actions: readonly ('no-op' | 'create' | 'read' | 'update' | 'delete')[];
    readonly before: Readonly<Record<string, unknown>> | null;
    readonly after: Readonly<Record<string, unknown>> | null;
    readonly after_unknown?: Readonly<Record<string, unknown>> | boolean;
  };
}

export type Part = (typeof stackParts)[number];

export interface Terraform {
  /** Writes the override of each stack anew, and makes Terraform know its providers. */
  init(): Promise<void>;
  run(part: Part, args: readonly string[]): Promise<Outcome>;
  /** Throws with Terraform's words where the plan cannot be made. */
  plan(part: Part, args?: readonly string[]): Promise<PlanJson>;
  /** What the last plan of the part says; throws where it fails. */
  apply(part: Part): Promise<Outcome>;
  /** Everything of the part; throws where something stays. */
  destroy(part: Part): Promise<Outcome>;
}

/** Terraform makes so many resources at once: nearly all of the time is waiting. */
const parallelism = '-parallelism=100';
/** A bound for what hangs. */
const commandMs = 500_000;

export function terraform(options: TerraformOptions): Terraform {
  const folder = (part: Part) => join(options.outdir, 'stacks', `${options.environment}-${part}`);
  const configuration = join(options.outdir, 'terraform.rc');
  const environment = {
    ...process.env,
    ...options.processEnvironment,
    TF_CLI_CONFIG_FILE: configuration,
    TF_IN_AUTOMATION: '1',
    CHECKPOINT_DISABLE: '1',
    // The provider is a large program whose memory is collected too often by default; half of its processor time goes there.
    GOGC: '800',
    GOMEMLIMIT: '3GiB',
  };
  const run = async (part: Part, args: readonly string[]): Promise<Outcome> =>
    await runTerraform(folder(part), args, environment);
  return {
    async init() {
      writeFileSync(configuration, 'disable_checkpoint = true\n');
      for (const part of stackParts) {
        await writeOverride(folder(part));
        succeed(
          await run(part, ['init', '-input=false', '-no-color', `-plugin-dir=${options.plugins}`]),
          `${part}: init`,
        );
      }
    },
    run,
    async plan(part, args = []) {
      const planned = await run(part, ['plan', '-input=false', '-no-color', parallelism, '-out=plan.bin', ...args]);
      succeed(planned, `${part}: plan`);
      const shown = await run(part, ['show', '-json', 'plan.bin']);
      succeed(shown, `${part}: show`);
      return JSON.parse(shown.said) as PlanJson;
    },
    async apply(part) {
      const applied = await run(part, ['apply', '-input=false', '-no-color', parallelism, 'plan.bin']);
      return succeed(applied, `${part}: apply`);
    },
    async destroy(part) {
      const words = ['destroy', '-auto-approve', '-input=false', '-no-color', '-refresh=false', parallelism];
      const destroyed = succeed(await run(part, words), `${part}: destroy`);
      if (!destroyed.said.includes('Destroy complete!')) throw new Error(`${part}: destroy\n${destroyed.said}`);
      return destroyed;
    },
  };
}

function succeed(outcome: Outcome, what: string): Outcome {
  if (outcome.code !== 0) throw new Error(`${what} ends with ${outcome.code}:\n${outcome.said.slice(-6_000)}`);
  return outcome;
}

async function runTerraform(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Outcome> {
  const startedMs = performance.now();
  const child = spawn('terraform', [...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const heard: string[] = [];
  const complaints: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => heard.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
  const bound = setTimeout(() => child.kill('SIGKILL'), commandMs);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    const said = code === 0 && args[0] === 'show' ? heard.join('') : [...heard, ...complaints].join('');
    return { code: code ?? -1, said, seconds: Math.round((performance.now() - startedMs) / 100) / 10 };
  } finally {
    clearTimeout(bound);
  }
}
