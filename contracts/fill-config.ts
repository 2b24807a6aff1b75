/** What the script of a node tells `fill`: which list, where the objects lie that it names, and where what only the node knows is to be had. */
import { z } from 'zod';

const absolute = z.string().startsWith('/');

/** The file, parsed; an unknown key is an error. */
export const fillConfigShape = z.strictObject({
  /** The node's list (node-list.ts). */
  list: absolute,
  /** A folder with each object as a file, called by its SHA-256. */
  objects: absolute,
  secrets: z.discriminatedUnion('kind', [
    /** The node's own secret in AWS, read by the machine's role. */
    z.strictObject({ kind: z.literal('aws'), region: z.string().min(1) }),
    /** A folder with each secret as a file, called by its id. */
    z.strictObject({ kind: z.literal('folder'), path: absolute }),
  ]),
  facts: z.strictObject({ zone: z.string().min(1) }),
  /** How long a secret that is not there yet is waited for. */
  waitMs: z.int().min(0).default(900_000),
});

export type FillConfig = z.output<typeof fillConfigShape>;
