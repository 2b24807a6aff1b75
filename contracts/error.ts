/**
 * The one error shape that every room raises for a fault that a person can act on.
 *
 * A room keeps its own catalogue in its errors.ts: functions that return an EnsembleError with a stable code. Commands print it with
 * `describeError` and exit with its status; anything else that is thrown is our own defect and keeps its stack.
 */

/** Exit statuses of every command; each command's help names those that it uses. */
export const exitStatus = {
  ok: 0,
  error: 1,
  changesPending: 2,
  blocked: 3,
  partlyApplied: 4,
} as const;

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

export interface ErrorDetails {
  /** Stable, upper case, prefixed by the room: `DRIVER_PORT_TAKEN`. Never reused for another meaning. */
  readonly code: string;
  /** What happened, with the offending value, in one sentence. */
  readonly message: string;
  /** What to do next, in the imperative. */
  readonly next: string;
  /** Lines that show it, such as the end of a log. Printed as they are. */
  readonly evidence?: readonly string[];
  readonly exitStatus?: ExitStatus;
  /** Something that the command did is not undone: said also where a person has interrupted it, in place of what interrupted commands say. */
  readonly leavesBroken?: boolean;
  readonly cause?: unknown;
}

export class EnsembleError extends Error {
  readonly code: string;
  readonly next: string;
  readonly evidence: readonly string[];
  readonly exitStatus: ExitStatus;
  readonly leavesBroken: boolean;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'EnsembleError';
    this.code = details.code;
    this.next = details.next;
    this.evidence = details.evidence ?? [];
    this.exitStatus = details.exitStatus ?? exitStatus.error;
    this.leavesBroken = details.leavesBroken ?? false;
  }

  /** The shape that `--json` prints. */
  toJSON(): { code: string; message: string; next: string; evidence: readonly string[] } {
    return { code: this.code, message: this.message, next: this.next, evidence: this.evidence };
  }
}
