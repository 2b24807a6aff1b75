/** `ensemble fault --driver aws`: deployed nodes. The plan is shown, and what a person types is asked for in a terminal; no flag stands for it. */
import { exitStatus } from '../../contracts/error.ts';
import { openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { healAwsFaults, injectAwsFault, standingAwsFaults } from '../../operations/aws/faults.ts';
import { confirmTyped } from '../present/confirm.ts';
import { formatTable, printJson, printLine, printNotice } from '../present/terminal.ts';
import { sayUnreadable } from '../present/unreadable-notes.ts';
import type { Invocation } from './invocation.ts';

export async function listOnAws({ options, deployment }: Invocation): Promise<number> {
  const aws = await openAwsEnvironment(deployment, 'fault list --driver aws');
  const { faults: standing, unreadable } = await standingAwsFaults(aws);
  if (options.json) printJson(standing);
  else if (standing.length === 0) printLine('no fault stands');
  else
    printLine(
      formatTable(
        ['id', 'since', 'by', 'fault'],
        standing.map(({ id, writtenAt, by, says }) => [id, writtenAt, by ?? '', says]),
      ),
    );
  return sayUnreadable(unreadable);
}

export async function injectOnAws(invocation: Invocation): Promise<number> {
  const { positional, options, deployment, signal, onWaitForLock } = invocation;
  const aws = await openAwsEnvironment(deployment, 'fault inject --driver aws');
  const [kind = '', node = ''] = positional;
  const entry = await injectAwsFault(
    aws,
    {
      kind,
      node,
      service: options.service,
      confirm: async ({ says }, words) => {
        printNotice(`Plan: ${says}`);
        const { environment } = aws.environment.cluster;
        return await confirmTyped(`This breaks a deployed node of ${environment}.`, words, signal);
      },
    },
    { stateRoot: deployment.stateRoot, signal, onWaitForLock },
  );
  if (options.json) printJson(entry);
  else {
    printLine(`${entry.id}: ${entry.says}`);
    printLine(`undo it with: ensemble fault heal ${entry.id} --driver aws --environment ${options.environment}`);
  }
  return exitStatus.ok;
}

export async function healOnAws(invocation: Invocation): Promise<number> {
  const { positional, options, deployment, signal, onWaitForLock } = invocation;
  const aws = await openAwsEnvironment(deployment, 'fault heal --driver aws');
  const { stateRoot } = deployment;
  const healed = await healAwsFaults(aws, positional[0], { stateRoot, signal, onWaitForLock });
  if (options.json) printJson(healed);
  else printLine(healed.length === 0 ? 'no fault stands' : `healed: ${healed.map(({ id }) => id).join(', ')}`);
  return exitStatus.ok;
}
