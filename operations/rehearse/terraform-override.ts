/**
 * What Terraform is told beside a stack's own JSON where its AWS is on this machine: a loopback address has no name for a bucket to stand before, so that
 * buckets are asked for by path. A file beside the synthesized one (Terraform, "Override Files"); what ships is never changed. The endpoint itself and
 * credentials come by AWS's environment variables.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface StackJson {
  readonly terraform: { readonly backend: { readonly s3: object } };
  readonly data?: { readonly terraform_remote_state?: Readonly<Record<string, { readonly config: object }>> };
}

/** @param folder of one stack: `.../stacks/staging-data` */
export async function writeOverride(folder: string): Promise<void> {
  const written = JSON.parse(await readFile(join(folder, 'cdk.tf.json'), 'utf8')) as StackJson;
  const byPath = { use_path_style: true };
  // Of the settings of the stack's own file, all stay: an override of a backend takes the place of the whole.
  const states = Object.entries(written.data?.terraform_remote_state ?? {}).map(
    ([name, { config }]) => [name, { config: { ...config, ...byPath } }] as const,
  );
  const override = {
    terraform: { backend: { s3: { ...written.terraform.backend.s3, ...byPath } } },
    provider: { aws: { s3_use_path_style: true } },
    ...(states.length === 0 ? {} : { data: { terraform_remote_state: Object.fromEntries(states) } }),
  };
  await writeFile(join(folder, 'cdk_override.tf.json'), JSON.stringify(override, null, 2));
}
