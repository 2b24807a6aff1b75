/** Whether this machine can carry a rehearsal: what each step will need, looked at before anything starts. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { findLacks, isOnPath } from '../../drivers/hosts/preflight.ts';
import { notRehearsable } from './errors.ts';

export interface Needed {
  /** An AWS that is there already is not started. */
  readonly ownAws: boolean;
  readonly pluginDirectory: string | undefined;
}

/** A sentence each. @internal */
export async function rehearsalLacks(
  { ownAws, pluginDirectory }: Needed,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<readonly string[]> {
  const lacks = [...(await findLacks(environment))];
  const wants = async (program: string, from: string) => {
    if (!(await isOnPath(program, environment))) lacks.push(`${program} is not on the PATH (${from})`);
  };
  await wants('nft', 'Debian: nftables');
  await wants(environment.TERRAFORM_BINARY_NAME ?? 'terraform', 'Terraform 1.10 or later, from its maker');
  if (ownAws) await wants('moto_server', "pip install 'moto[server]'");
  if (ownAws) await wants('python3', 'Debian: python3');
  const provider = join(pluginDirectory ?? '', 'registry.terraform.io', 'hashicorp', 'aws');
  const isThere = await access(provider).then(
    () => true,
    () => false,
  );
  if (pluginDirectory !== undefined && !isThere)
    lacks.push(
      `${pluginDirectory} has no provider of AWS (\`terraform providers mirror\` fetches it; --plugin-dir names its folder)`,
    );
  return lacks;
}

/** @throws EnsembleError OPERATIONS_REHEARSE_NOT_POSSIBLE */
export async function assertRehearsable(needed: Needed): Promise<void> {
  const lacks = await rehearsalLacks(needed);
  if (lacks.length > 0) throw notRehearsable(lacks);
}
