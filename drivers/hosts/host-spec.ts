/** What is to be there: machines of an environment as a cloud would have launched them. Plain data, kept as world.json. */
import { z } from 'zod';

const hostShape = z.strictObject({
  node: z.string(),
  /** Its name in the private zone, found at its address. */
  name: z.string(),
  /** `i-0123...`: another one is another machine, which begins with nothing but its volumes. */
  instance: z.string(),
  address: z.string(),
  zone: z.string(),
  region: z.string(),
  memoryMiB: z.int(),
  userData: z.string(),
  /** What the metadata service tells it of its tags. */
  tags: z.record(z.string(), z.string()),
  volumes: z.array(z.strictObject({ id: z.string(), sizeGiB: z.int() })).readonly(),
});

export type HostSpec = z.output<typeof hostShape>;

const worldShape = z.strictObject({
  version: z.literal(1),
  environment: z.string(),
  /** Of the whole network: `10.20.0.0/16`. */
  block: z.string(),
  /** A root file system that machines start from. */
  image: z.string(),
  /** Folders that lie on top of it, the first above the others: what an image of this environment has beside. */
  layers: z.array(z.string()).readonly(),
  /** Further names of the private zone, and their addresses. */
  names: z.record(z.string(), z.array(z.string()).readonly()),
  cloud: z.strictObject({
    /** `amazonaws.com` */
    domain: z.string(),
    /** Where the cloud's services answer on this machine. */
    endpoint: z.strictObject({ host: z.string(), port: z.int() }),
    /** What machines trust beside Debian's own, and what is shown to them under the cloud's names. */
    authorityPem: z.string(),
    certificatePem: z.string(),
  }),
  hosts: z.array(hostShape).readonly(),
  /** Where the nodes of the metadata store cannot boot: a server at their addresses and names, which is no replica set and does not look like one for long. */
  store: z
    .strictObject({
      /** In words: what it is, and what it is not. */
      says: z.string(),
      /** Of the replica set that it greets as. */
      set: z.string(),
      port: z.int(),
      members: z.array(z.strictObject({ node: z.string(), name: z.string(), address: z.string() })).readonly(),
      /** The server behind: where it listens, inside the machines' network, and its command line. */
      backend: z.strictObject({ host: z.string(), port: z.int(), command: z.array(z.string()).readonly() }),
    })
    .optional(),
});

/** Without any secret. */
export type HostsWorld = z.output<typeof worldShape>;

export function parseWorld(text: string): HostsWorld {
  return worldShape.parse(JSON.parse(text));
}
