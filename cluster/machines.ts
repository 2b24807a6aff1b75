/**
 * Machine types by name, with the two figures that settings are derived from.
 * Sources: the clouds' published tables of instance types (AWS EC2 instance types; Google Compute Engine machine families).
 * A type that is not listed is written out in the environment: `machine: { memoryMiB: 4096, cpus: 2 }`.
 */

export interface Machine {
  readonly name: string;
  readonly memoryMiB: number;
  readonly cpus: number;
}

const rows: readonly (readonly [name: string, memoryMiB: number, cpus: number])[] = [
  ['t3.small', 2048, 2],
  ['t3.medium', 4096, 2],
  ['t3.large', 8192, 2],
  ['m6i.large', 8192, 2],
  ['m6i.xlarge', 16384, 4],
  ['m6i.2xlarge', 32768, 8],
  ['r6i.large', 16384, 2],
  ['r6i.xlarge', 32768, 4],
  ['e2-small', 2048, 2],
  ['e2-medium', 4096, 2],
  ['e2-standard-2', 8192, 2],
  ['n2-standard-2', 8192, 2],
  ['n2-standard-4', 16384, 4],
];

export const machines: ReadonlyMap<string, Machine> = new Map(
  rows.map(([name, memoryMiB, cpus]) => [name, { name, memoryMiB, cpus }]),
);
