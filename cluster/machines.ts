/**
 * Machine types by name, with the two figures that settings are derived from.
 * Sources: AWS's from its own tables (aws-facts.ts); Google's from its published table of machine families.
 * A type of another cloud is written out in the environment: `machine: { memoryMiB: 4096, cpus: 2 }`.
 */
import { awsMachines } from './aws-facts.ts';

export interface Machine {
  readonly name: string;
  readonly memoryMiB: number;
  readonly cpus: number;
}

const rows: readonly (readonly [name: string, memoryMiB: number, cpus: number])[] = [
  ...awsMachines,
  ['e2-small', 2048, 2],
  ['e2-medium', 4096, 2],
  ['e2-standard-2', 8192, 2],
  ['n2-standard-2', 8192, 2],
  ['n2-standard-4', 16384, 4],
];

export const machines: ReadonlyMap<string, Machine> = new Map(
  rows.map(([name, memoryMiB, cpus]) => [name, { name, memoryMiB, cpus }]),
);
