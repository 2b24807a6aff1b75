/** What the program beside a node's services is told: where its journal goes, and which volumes it measures. No secret: it has its machine's role. */
import { z } from 'zod';

const absolute = z.string().startsWith('/');

/** The file, parsed; an unknown key is an error. */
export const nodeWatchConfigShape = z.strictObject({
  environment: z.string().min(1),
  node: z.string().min(1),
  /** A kind for each cloud. */
  sink: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('cloudwatch'),
      region: z.string().min(1),
      /** The role's group of logs; the node is a stream in it. */
      group: z.string().min(1),
    }),
  ]),
  /** `system` is the machine's own disk; any other must be mounted to be measured. */
  volumes: z.array(z.strictObject({ name: z.string().min(1), path: absolute })),
  /** Where it notes how far it has come; its own alone. */
  stateFolder: absolute,
  journal: z
    .strictObject({
      /** Followed by options of journalctl's. */
      command: z.array(z.string()).min(1).default(['/usr/bin/journalctl']),
      /** How far back the first reading goes, in journalctl's words. */
      since: z.string().default('-1d'),
    })
    .prefault({}),
  /** How long the first line of a batch waits for others. */
  lingerMs: z.int().min(0).default(5_000),
  metricsEveryMs: z.int().min(1).default(60_000),
});

export type NodeWatchConfig = z.output<typeof nodeWatchConfigShape>;
