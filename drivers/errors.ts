/** What can go wrong with services on nodes, each with the next step. */
import { EnsembleError } from '../contracts/error.ts';
import type { ServiceRef } from './driver.ts';

export function portTaken(ref: ServiceRef, address: string, holder: string | undefined): EnsembleError {
  const by = holder === undefined ? 'another program' : holder;
  return new EnsembleError({
    code: 'DRIVER_PORT_TAKEN',
    message: `${ref.node} needs ${address} for ${ref.service}, but ${by} listens there`,
    next: 'End that program, or give the environment another network.subnet or network.ports; `ensemble doctor` lists the ports that are taken.',
  });
}

export function portNotPermitted(ref: ServiceRef, address: string, listener: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_PORT_NOT_PERMITTED',
    message: `${ref.node} needs ${address} for ${ref.service}, and this user may not listen there`,
    next: `Move it above 1023, as environments/local.yaml does: \`network: { ports: { ${listener}: 4443 } }\`; or run as root.`,
    cause,
  });
}

export function addressChanged(ref: ServiceRef, ran: readonly string[], wanted: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_ADDRESS_CHANGED',
    message: `${ref.service} on ${ref.node} runs at ${ran.join(', ')}, but the environment now gives it ${wanted.join(', ')}`,
    next: 'Run `ensemble down`, then `ensemble up`; or give the environment its network of before.',
  });
}

export function addressNotHere(ref: ServiceRef, address: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_ADDRESS_NOT_HERE',
    message: `${ref.node} needs ${address} for ${ref.service}, and this machine has no such address`,
    next: 'Write network.addresses or network.subnet with addresses of this machine.',
    cause,
  });
}

export function tooLittleMemory(neededMiB: number, availableMiB: number, services: number): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_TOO_LITTLE_MEMORY',
    message: `${services} services need ${neededMiB} MiB of memory, ${availableMiB} MiB are free`,
    next: 'End other programs, or lower heapMiB in the environment file’s profile, or the number of nodes.',
  });
}

export function serviceDied(ref: ServiceRef, log: string, lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_SERVICE_DIED',
    message: `${ref.service} on ${ref.node} ended by itself`,
    next: `Read the end of its log above (whole: ${log}), mend the cause, and run the command again.`,
    evidence: lines,
  });
}

export function notReady(ref: ServiceRef, seconds: number, log: string, lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_NOT_READY',
    message: `${ref.service} on ${ref.node} runs, but did not serve within ${seconds} s`,
    next: `Read the end of its log above (whole: ${log}); a slow machine may take --timeout.`,
    evidence: lines,
  });
}

export function stillRunning(services: readonly ServiceRef[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_STILL_RUNNING',
    message: `still running: ${services.map((ref) => `${ref.service} on ${ref.node}`).join(', ')}`,
    next: 'Run `ensemble down` first.',
  });
}

export function jobFailed(
  ref: ServiceRef,
  job: string,
  why: string,
  log: string,
  lines: readonly string[],
): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_JOB_FAILED',
    message: `${job}, for ${ref.service} on ${ref.node}, ${why}`,
    next: `Read what it said above (whole: ${log}), mend the cause, and run the command again.`,
    evidence: lines,
  });
}

export function reloadFailed(ref: ServiceRef, seconds: number, log: string, lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_RELOAD_FAILED',
    message: `${ref.service} on ${ref.node} was told to read its files again and did not serve them within ${seconds} s; it goes on with those of before`,
    next: `Read its log above (whole: ${log}), mend the cause, and run the command again.`,
    evidence: lines,
  });
}

export function cannotLaunch(ref: ServiceRef, program: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_CANNOT_LAUNCH',
    message: `${ref.service} on ${ref.node} could not be started: ${program} did not run`,
    next: 'Run `ensemble doctor`; it says what this machine lacks.',
    cause,
  });
}

export function volumeMissing(ref: ServiceRef, path: string): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_VOLUME_MISSING',
    message: `the data of ${ref.service} on ${ref.node} is gone: ${path} was made before and is missing`,
    next: 'Put it back, or run `ensemble down --purge` and begin anew; an empty server must not join a cluster that remembers it.',
  });
}

export function journalUnreadable(file: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_JOURNAL_UNREADABLE',
    message: `${file} says how a fault is healed, and cannot be read`,
    next: 'Look at `ensemble status`, start what is stopped, send SIGCONT to what stands still, and remove the file.',
    cause,
  });
}

export function undoUnreadable(undo: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_UNDO_UNREADABLE',
    message: `this is not how this driver heals a fault: ${undo}`,
    next: 'Heal it with the driver, and the ensemble, that made the fault.',
    cause,
  });
}

export function faultWasNoTerm(who: string, seconds: number): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_FAULT_WAS_NO_TERM',
    message: `${who} was told to leave, and had not ended within ${seconds} s: what befell it is no term`,
    next: 'It is noted, and healed as one that was killed. See in its log what it waited for, and make the fault again.',
  });
}

export function faultTargetGone(ref: ServiceRef): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_FAULT_TARGET_GONE',
    message: `${ref.service} on ${ref.node} ended, or is another process, since the fault was planned`,
    next: 'Look at `ensemble status`, and run the scenario again.',
  });
}
