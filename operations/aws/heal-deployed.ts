/** What a chaos run that died has left of a deployed environment, undone by the next command that works on it. Its topics are left to a command in the network. */
import { join } from 'node:path';
import { assertAccount } from '../../clients/aws/account.ts';
import { openInstanceControl } from '../../clients/aws/instance-control.ts';
import { awsFaults } from '../../drivers/aws/aws-faults.ts';
import { abandoned } from '../../drivers/journal.ts';
import { healed } from '../chaos/heal-first.ts';
import type { DeploymentOptions } from '../deployment.ts';
import { awsStateDirectory, deployedNotes } from './chaos-state.ts';
import type { OperatedAws } from './operated.ts';

/** Says what it does, what cannot be healed yet, and what a person has broken, which stays; never throws for that, nor where it may not be read. Two objects are read for it. @throws EnsembleError CLIENT_AWS_... */
export async function healDeployed(
  { place, driver, machines, objects }: OperatedAws,
  options: DeploymentOptions,
): Promise<void> {
  const { environment, region } = place;
  const own = join(options.stateRoot, environment);
  const stateDirectory = awsStateDirectory(own);
  const { byHand, byRun } = deployedNotes(objects);
  const unread = (error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    options.onProgress?.(`whether anything is broken on purpose cannot be read: ${why}`);
  };
  const left = async () => (options.leaveFaults === true ? undefined : await abandoned(byRun));
  const [meant, noted] = await Promise.all([byHand.read().catch(unread), left().catch(unread)]);
  for (const { says, by, id } of meant?.entries ?? [])
    options.onProgress?.(
      `broken by hand by ${by ?? 'somebody'}: ${says}; \`ensemble fault heal ${id} --driver aws --environment ${options.environment}\` undoes it`,
    );
  if (noted === undefined || Object.values(noted).every((each) => each.length === 0)) return;
  // In another account there may be nodes of the same names.
  await assertAccount({ region }, place.account);
  const control = await openInstanceControl({ region });
  try {
    const faults = awsFaults({ environment, machines, control, allowed: new Set(), notes: [byHand, byRun] });
    await healed({ driver, stateDirectory, faults, notes: byRun }, options);
  } finally {
    byRun.close();
    control.close();
  }
}
