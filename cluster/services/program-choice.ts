/** `program:` of a service that upstream also has a program for: ours, or upstream's binary with the same files. */
import { z } from 'zod';

export const programSpec = z
  .union(
    [
      z.literal('ensemble'),
      z.strictObject({
        upstream: z.strictObject({
          from: z.string().min(1).describe('Where the binary or its archive lies: a URL, or a path'),
          sha256: z
            .string()
            .regex(/^[0-9a-f]{64}$/, { error: 'a SHA-256 in hexadecimal' })
            .describe('What it must be'),
        }),
      }),
    ],
    { error: 'ensemble, or { upstream: { from, sha256 } }' },
  )
  .default('ensemble')
  .describe('Whose program runs: ours, or upstream’s binary from where you have it');

export type ProgramChoice = z.output<typeof programSpec>;

/** A third of the machine for the heap; the rest is buffers, which lie outside it, and the system. 512 MiB are enough for any load that was measured. */
export function nodeHeapMiB(memoryMiB: number): number {
  return Math.min(512, Math.floor(memoryMiB / 3));
}

/** Memory of a node process beside its heap: its own code, buffers of sockets and TLS. Measured, rounded up (docs/decisions/0025). */
export const beyondNodeHeapMiB = 96;
