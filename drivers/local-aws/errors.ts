/** What can go wrong with an AWS of this machine's own. */
import { EnsembleError } from '../../contracts/error.ts';

export function localAwsNotUp(lines: readonly string[], cause?: unknown): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_LOCAL_AWS_NOT_UP',
    message: 'the local AWS (moto_server) did not come up',
    next: "Read what it said above; `pip install 'moto[server]'` brings it, and it must be on the PATH.",
    evidence: lines,
    cause,
  });
}
