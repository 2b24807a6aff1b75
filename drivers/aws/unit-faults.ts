/** Faults of a unit, and what undoes them, as text for a node's shell: the same through Systems Manager and on a machine of this machine. */
import type { FaultKind } from '../../contracts/fault.ts';

export type UnitFault = Extract<FaultKind, 'term' | 'kill' | 'pause'>;

/** Kept away: systemd would start again what was killed. */
export const unitFaultScripts: Readonly<Record<UnitFault, (unit: string) => string>> = {
  // Where its own time ran out, systemd used force.
  term: (unit) =>
    `systemctl stop ${unit} && { [ "$(systemctl show -p Result --value ${unit})" != timeout ] || { echo 'it was killed: its own time to leave ran out'; exit 1; }; }`,
  kill: (unit) => `systemctl kill -s KILL ${unit}; systemctl stop ${unit}`,
  pause: (unit) => `systemctl kill -s STOP ${unit}`,
};

const start = (unit: string) => `systemctl reset-failed ${unit} 2>/dev/null; systemctl start ${unit}`;

/** Idempotent. */
export const unitHealScripts: Readonly<Record<UnitFault, (unit: string) => string>> = {
  term: start,
  kill: start,
  pause: (unit) => `systemctl kill -s CONT ${unit} || true`,
};
