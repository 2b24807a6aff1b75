/** What can go wrong with machines of a cloud, each with the next step. */
import { EnsembleError, exitStatus } from '../../contracts/error.ts';

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

export function objectsMissing(node: string, keys: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_OBJECTS_MISSING',
    message: `${keys.length} ${keys.length === 1 ? 'object' : 'objects'} that ${node} is to fetch ${keys.length === 1 ? 'is' : 'are'} not in the bucket as its list has ${keys.length === 1 ? 'it' : 'them'}`,
    next: 'An apply was cut off, or is under way: apply the stacks again (`cdktf deploy`), then run the command again.',
    evidence: keys.length > 10 ? [...keys.slice(0, 10), `and ${keys.length - 10} more`] : keys,
  });
}

export const commandTimedOutCode = 'DRIVER_COMMAND_TIMED_OUT';

export function commandTimedOut(node: string, what: string, seconds: number, lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: commandTimedOutCode,
    message: `${what} on ${node} was ended after ${Math.round(seconds)} s`,
    next: `Look at what it waits for (\`ensemble logs ${node}\`), mend that, and run the command again.`,
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

export const notesContendedCode = 'DRIVER_NOTES_CONTENDED';

export function notesContended(key: string): EnsembleError {
  return new EnsembleError({
    code: notesContendedCode,
    message: `${key} of the environment’s bucket was changed by others each time that it was to be written`,
    next: 'Run the command again; `ensemble status` says who has broken what there.',
  });
}

export const othersAtWorkCode = 'DRIVER_OTHERS_AT_WORK';

/** `who`: what they do, and who they are. */
export function othersAtWork(who: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: othersAtWorkCode,
    message: `refused while others are at work on these nodes: ${who.join('; ')}`,
    next: 'Run the command again once they have ended. Who has not said for five minutes that he lives keeps nobody any more.',
    exitStatus: exitStatus.blocked,
  });
}
