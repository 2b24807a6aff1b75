/**
 * What a node says of itself, as JSON in the bucket (`reports/<node>`) and as what `ensemble-node report` prints: provision/script/report.py writes it,
 * drivers read it. A service is outdated where what is installed for it is not what it was started with.
 */
import { z } from 'zod';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const serviceShape = z.object({
  service: z.string().min(1),
  /** systemd's ActiveState and SubState: `active`, `running`. */
  state: z.string(),
  detail: z.string(),
  /** It is active and answers its probe. */
  ready: z.boolean(),
  /** How often systemd has started it again by itself. */
  restarts: z.int().min(0),
  /** 0 where it does not run. */
  pid: z.int().min(0),
  /** When it was started; ISO 8601. */
  since: z.string().nullable(),
  /** As NodeObjects' services have it, of the list that is installed. */
  installed: digest,
  /** Of what it was started with, or last read; absent where it does not run. */
  running: z.string().nullable(),
});

/** @internal */
export const nodeReportShape = z.object({
  version: z.literal(1),
  environment: z.string(),
  node: z.string(),
  /** ISO 8601. */
  time: z.string(),
  /** The kernel's id of this start of the machine. */
  boot: z.string().nullable(),
  /** SHA-256 of the list that is installed. */
  list: digest,
  /** Why the last try to become what the list says failed, in one sentence. */
  fault: z.string().nullable(),
  services: z.array(serviceShape),
});
