/**
 * The system user that a service runs as. Its number is the same on every machine and for ever, since the files on a volume belong to a number and a
 * volume outlives its machine: it comes from the service's name, from a range that Debian leaves to whoever runs the machine (Debian policy 9.2.2,
 * 1000 to 59999) and that its own tools, which count up from 1000, do not reach.
 */
import { createHash } from 'node:crypto';

const first = 20_000;
const count = 9_000;

export interface Account {
  readonly name: string;
  readonly id: number;
}

export function accountOf(service: string): Account {
  const number = createHash('sha256').update(service).digest().readUInt32BE(0);
  return { name: `ensemble-${service}`, id: first + (number % count) };
}
