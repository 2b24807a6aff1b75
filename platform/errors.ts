/** The faults that platform/ raises. */
import { EnsembleError } from '../contracts/error.ts';

export function noProcessTable(cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'PLATFORM_NO_PROCESS_TABLE',
    message: `The start time of a process cannot be read on ${process.platform}: there is no /proc and ps could not be run`,
    next: 'Run Ensemble on Linux or macOS, or put ps on the PATH (Debian: apt-get install procps).',
    cause,
  });
}

export function installationNotFound(start: string): EnsembleError {
  return new EnsembleError({
    code: 'PLATFORM_INSTALLATION_NOT_FOUND',
    message: `no package.json named "ensemble" in ${start} or in a folder above it`,
    next: 'Run the command from a whole checkout of Ensemble: a bundle alone lacks the files that it reads.',
  });
}
