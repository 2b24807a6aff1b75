/** What can go wrong with machines of a cloud, each with the next step. */
import { EnsembleError } from '../../contracts/error.ts';

export function noMachine(node: string, state: string | undefined): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_NO_MACHINE',
    message: state === undefined ? `${node} has no machine` : `the machine of ${node} is ${state}`,
    next:
      state === undefined
        ? 'Apply the stacks (`ensemble diff` shows what is to be made).'
        : 'Start it in EC2, or let Terraform replace it.',
  });
}

export function agentAway(nodes: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_NODE_UNREACHABLE',
    message: `the agent of ${nodes.join(', ')} does not answer Systems Manager`,
    next: 'A new machine takes a few minutes. Else see that `aws.agent` is in the environment file, and that the machine may reach Systems Manager; its console output says what it does.',
  });
}

export function commandFailed(node: string, what: string, exitCode: number, lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_COMMAND_FAILED',
    message: `${what} on ${node} failed with exit status ${exitCode}`,
    next: `Read what it said above, mend the cause, and run the command again; \`ensemble logs ${node}\` has more.`,
    evidence: lines,
  });
}

export function notPurgedHere(environment: string): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_NOT_PURGED_HERE',
    message: `${environment} is made by Terraform, and only Terraform removes it`,
    next: `Lift \`protect\` in the environment file, apply, then \`cdktf destroy '${environment}-*'\`.`,
  });
}
