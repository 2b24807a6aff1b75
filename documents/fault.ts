/**
 * What is wrong in a file that a person wrote: where, what was expected, what was found, what to do.
 * All faults of a file are reported together, since a person who mends one at a time runs the tool as often as there are faults.
 */
import { EnsembleError } from '../contracts/error.ts';

export interface Fault {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Where in the document, as its author would say it: `workers.count`; empty for the whole document. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
  readonly next: string;
}

/** One line a fault: `file:line:column: path: expected …, found …; next step`. @internal */
export function formatFault(fault: Fault): string {
  const at = `${fault.file}:${fault.line}:${fault.column}`;
  const path = fault.path === '' ? '' : `${fault.path}: `;
  return `${at}: ${path}expected ${fault.expected}, found ${fault.found}; ${fault.next}`;
}

/** Carries every fault of one or more files; `code` is the reading room's (`ENVIRONMENT_INVALID`, `MANIFEST_INVALID`). */
export class DocumentError extends EnsembleError {
  readonly faults: readonly Fault[];

  constructor(code: string, faults: readonly Fault[]) {
    const files = [...new Set(faults.map((fault) => fault.file))].join(', ');
    super({
      code,
      message: `${files}: ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`,
      next: 'Mend the lines named above and run the command again; `ensemble validate FILE` checks without changing anything.',
      evidence: faults.map(formatFault),
    });
    this.faults = faults;
  }

  override toJSON() {
    return { ...super.toJSON(), faults: this.faults };
  }
}
