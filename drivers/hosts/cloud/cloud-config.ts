/** What those that answer for the cloud are told, as a file that they read again at each request: machines come and go while they run. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ScramCredentials } from './scram.ts';

const texts = z.record(z.string(), z.string());

const configShape = z.strictObject({
  /** The address at which the cloud's own names are found: that of the network's router. */
  router: z.string(),
  metadata: z.string(),
  resolver: z.string(),
  /** `amazonaws.com`: every name that ends so is the cloud's. */
  domain: z.string(),
  /** Names of the private zone, and their addresses. */
  names: z.record(z.string(), z.array(z.string()).readonly()),
  /** By address: what the metadata service tells a machine. */
  machines: z.record(
    z.string(),
    z.strictObject({ instance: z.string(), zone: z.string(), region: z.string(), tags: texts }),
  ),
  /** A socket: what comes there reaches the cloud's endpoint. */
  socket: z.string(),
  endpoint: z.strictObject({ host: z.string(), port: z.int() }),
  tls: z.strictObject({ certificate: z.string(), key: z.string() }),
  /** What stands in for the metadata store; its files are for root alone. */
  store: z
    .strictObject({
      set: z.string(),
      port: z.int(),
      members: z
        .array(z.strictObject({ name: z.string(), address: z.string(), certificate: z.string(), key: z.string() }))
        .readonly(),
      /** A file: by user, what verifies a password. */
      users: z.string(),
      backend: z.strictObject({ host: z.string(), port: z.int(), command: z.array(z.string()).readonly() }),
    })
    .optional(),
});

const usersShape = z.record(
  z.string(),
  z.strictObject({ salt: z.string(), iterations: z.int(), storedKey: z.string(), serverKey: z.string() }),
);

export type CloudConfig = z.output<typeof configShape>;

/** @throws what is wrong with the file: whoever wrote it is ours */
export function readCloudConfig(file: string): CloudConfig {
  return configShape.parse(JSON.parse(readFileSync(file, 'utf8')));
}

export function readStoreUsers(file: string): Readonly<Partial<Record<string, ScramCredentials>>> {
  return usersShape.parse(JSON.parse(readFileSync(file, 'utf8')));
}
