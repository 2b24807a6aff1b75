/** What can go wrong where an environment is operated on AWS. */
import { EnsembleError, exitStatus } from '../../contracts/error.ts';

export function targetNotAws(environment: string, target: string, command: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_TARGET_NOT_AWS',
    message: `environment ${environment} has target ${target}, and \`ensemble ${command}\` is for target aws`,
    next: 'Name an environment of target aws with --environment.',
  });
}

export function stateBucketTaken(bucket: string, account: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_STATE_BUCKET_TAKEN',
    message: `a bucket ${bucket} exists, and does not belong to account ${account} or may not be seen with these credentials`,
    next: 'Sign in as one that may use S3 in that account. If another account holds the name, tell AWS: state must never be written there. Nothing was changed.',
  });
}

export function foundationMissing(environment: string, secrets: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_FOUNDATION_MISSING',
    message: `${secrets.length} secrets of nodes are not there to be filled: the stack ${environment}-foundation makes them, and was not applied for these nodes`,
    next: `Apply it (\`cdktf deploy ${environment}-foundation\`), then run the command again: what was made is kept.`,
    evidence: secrets.length > 5 ? [...secrets.slice(0, 5), `and ${secrets.length - 5} more`] : secrets,
  });
}

export function settingsNotDeployed(
  environment: string,
  behind: ReadonlyMap<string, readonly string[]>,
): EnsembleError {
  const stacks = [...behind.keys()].sort();
  const nodes = [...behind.values()].flat();
  return new EnsembleError({
    code: 'OPERATIONS_SETTINGS_NOT_DEPLOYED',
    message: `${nodes.length} ${nodes.length === 1 ? 'node finds' : 'nodes find'} something else in the bucket than the environment file says: ${stacks.join(' and ')} ${stacks.length === 1 ? 'was' : 'were'} not applied since. No node was touched`,
    next: `See what would change (\`ensemble diff -e ${environment}\`), apply it (\`cdktf deploy ${stacks.map((stack) => stack).join(' ')}\`, with this version of Ensemble), then roll.`,
    evidence: [...behind].sort().map(([stack, names]) => `${stack}: ${[...names].sort().join(', ')}`),
    exitStatus: 3,
  });
}

export function stateBucketMissing(bucket: string, environment: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_STATE_BUCKET_MISSING',
    message: `there is no bucket ${bucket} of this account, so that Terraform has no state of ${environment} to compare with: nothing of it was ever applied`,
    next: `Make it once: \`ensemble bootstrap -e ${environment}\`.`,
  });
}

export function terraformAbsent(program: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_TERRAFORM_ABSENT',
    message: `${program} is not on the PATH`,
    next: 'Install Terraform 1.10 or later; another program of its kind may be named in TERRAFORM_BINARY_NAME.',
    cause,
  });
}

export function terraformFailed(verb: string, folder: string, lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_TERRAFORM_FAILED',
    message: `\`terraform ${verb}\` failed in ${folder}`,
    next: 'Mend what it says above; the same command in that folder shows it again.',
    evidence: lines,
  });
}

export function synthesisFailed(lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_SYNTHESIS_FAILED',
    message: 'the stacks could not be synthesized',
    next: 'Mend what it says above; `npx cdktf synth` shows it again.',
    evidence: lines,
  });
}

export function noAllowList(file: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_FAULT_NO_ALLOW_LIST',
    message: `${file} names no node that may be broken`,
    next: 'Name those in `aws.breakable`, in a change that others read. Nothing was broken.',
    exitStatus: exitStatus.blocked,
  });
}

export function faultNotConfirmed(words: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_FAULT_NOT_CONFIRMED',
    message: 'nothing was broken: nobody typed that it is meant',
    next: `Run it in a terminal, read the plan, and type "${words}"; no flag stands for that.`,
  });
}

export function faultPlanChanged(says: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_FAULT_PLAN_CHANGED',
    message: `nothing was broken: since the plan was shown it has become another one: ${says}`,
    next: 'Run the command again, and read the plan that it shows.',
  });
}
