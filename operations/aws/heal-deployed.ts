/** What a chaos run that died has left of a deployed environment, undone by the next command that works on it. Its topics are left to a command in the network. */
import { join } from 'node:path';
import { assertAccount } from '../../clients/aws/account.ts';
import { openInstanceControl } from '../../clients/aws/instance-control.ts';
import { awsFaults } from '../../drivers/aws/aws-faults.ts';
import { abandonedJournal, journalFolder } from '../../drivers/journal.ts';
import { healed } from '../chaos/heal-first.ts';
import type { DeploymentOptions } from '../deployment.ts';
import { awsJournals, awsStateDirectory } from './chaos-state.ts';
import type { OperatedAws } from './operated.ts';

/** Says what it does, and what cannot be healed yet; never throws for that. Asks AWS only where something is noted. @throws EnsembleError CLIENT_AWS_... */
export async function healDeployed(
  { place, driver, machines }: OperatedAws,
  options: DeploymentOptions,
): Promise<void> {
  const { environment, region } = place;
  const own = join(options.stateRoot, environment);
  const stateDirectory = awsStateDirectory(own);
  const { entries, unreadable } = await abandonedJournal(journalFolder(stateDirectory));
  if (options.leaveFaults === true || entries.length + unreadable.length === 0) return;
  // In another account there may be nodes of the same names.
  await assertAccount({ region }, place.account);
  const control = await openInstanceControl({ region });
  try {
    const faults = awsFaults({ environment, machines, control, allowed: new Set(), journals: awsJournals(own) });
    await healed({ driver, stateDirectory, faults }, options);
  } finally {
    control.close();
  }
}
