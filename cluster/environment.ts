/**
 * The environment file: the one file that a person writes. Fields, defaults and what each field alone must be; what several fields must be
 * together is in environment-checks.ts. The JSON Schema beside the shipped environments is made from this schema.
 */
import { z } from 'zod';
import { aws } from './environment-aws.ts';
import { roles } from './roles.ts';
import * as haproxy from './services/haproxy/settings.ts';
import * as kafka from './services/kafka/settings.ts';
import * as messagingApi from './services/messaging-api/settings.ts';
import * as pushServer from './services/push-server/settings.ts';
import { serviceTable } from './services/table.ts';
import * as zookeeper from './services/zookeeper/settings.ts';

const idPattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const name = z.string().regex(idPattern, { error: 'a name of lower-case letters, digits and single hyphens' });
const idOf = (ids: readonly string[]) =>
  z.string().regex(new RegExp(`^(${ids.join('|')})-[1-9]\\d{0,5}$`), { error: 'a node’s id, such as worker-4' });
const nodeId = idOf(roles.map(({ id }) => id));
/** Of a group whose nodes keep their data: the others are interchangeable, so that lowering their count is all it takes. */
const pinnedNodeId = idOf(roles.filter(({ identity }) => identity === 'pinned').map(({ id }) => id));
const octet = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = `${octet}(\\.${octet}){3}`;
const address = z.string().regex(new RegExp(`^${ipv4}$`), { error: 'an IPv4 address, such as 127.0.20.11' });
const subnet = z
  .string()
  .regex(new RegExp(`^${ipv4}/([89]|[12]\\d|3[0-2])$`), { error: 'a block of addresses, such as 127.0.20.0/24' });

const machine = z
  .union([z.string(), z.strictObject({ memoryMiB: z.int().min(512), cpus: z.int().min(1) })], {
    error: 'the name of a machine type, or { memoryMiB, cpus }',
  })
  .describe('A machine type of the cloud (t3.small), or its size: { memoryMiB: 2048, cpus: 2 }');

const volumeGiB = z
  .int()
  .min(1, { error: 'a volume of at least 1 GiB (Kafka and ZooKeeper reserve whole log segments) | give it 1 or more' })
  .max(16_384, { error: 'a volume of at most 16,384 GiB, the largest gp3 volume there is | use several volumes' })
  .describe('Size of each data volume, in GiB');

/**
 * gp3's base figures and bounds, which cost nothing and are enough for most: AWS EBS user guide, "General Purpose SSD volumes".
 */
const volumeSpeed = {
  volumeIops: z
    .int()
    .min(3_000, { error: 'at least 3,000, which every gp3 volume has | leave it out' })
    .max(16_000, { error: 'at most 16,000 operations a second for a gp3 volume | use several volumes' })
    .default(3_000)
    .describe('Operations a second of each data volume, in a cloud'),
  volumeThroughputMiB: z
    .int()
    .min(125, { error: 'at least 125, which every gp3 volume has | leave it out' })
    .max(1_000, { error: 'at most 1,000 MiB a second for a gp3 volume | use several volumes' })
    .default(125)
    .describe('MiB a second of each data volume, in a cloud'),
};

/** `kafka.plaintext`: the names under which network.ports moves a listener. */
const listenerNames = [...serviceTable.values()]
  // A stand-in listens where the one does that it stands in for.
  .filter(({ standsInFor }) => standsInFor === undefined)
  .flatMap(({ id, listeners }) => listeners.map(({ name: listener }) => `${id}.${listener}`));

/** The sizes up to which resolving and rendering are measured (bench/). */
const mostNodes = 10_000;
/** Numbers are never given twice, so that they grow with the years; six digits, as in nodeId. */
const highestOrdinal = 999_999;

const group = {
  count: z
    .int()
    .max(mostNodes, { error: `at most ${mostNodes} nodes in a group | write fewer` })
    .optional()
    .describe('Active nodes; they are numbered from 1 unless ids says otherwise'),
  ids: z
    .array(z.int().min(1).max(highestOrdinal))
    .min(1)
    .optional()
    .describe('Numbers of the active nodes, where they are not 1 to count'),
  machine,
};

/** A field that has its place but no service behind it yet. Accepting it would promise what nothing does. */
function reserved(what: string) {
  return z
    .never({ error: `no ${what} yet: this version has no service behind it | remove it` })
    .optional()
    .describe(`Kept for ${what}; refused until a version has it`);
}

export const environmentSchema = z.strictObject({
  name: name.describe('The environment’s name; it opens every name that is made for it'),
  target: z.enum(['local', 'aws', 'gcp', 'kubernetes']).describe('Where it runs'),
  region: z.string().min(1).optional().describe('The cloud’s region; not for target local'),
  zones: z.array(z.string().min(1)).min(1).describe('Zones in the order in which nodes are spread over them'),
  spread: z.int().min(1).optional().describe('Over how many zones each group is spread; all of them where absent'),
  tolerate: z.int().min(0).default(1).describe('f: workers that may fail at once; topics get f + 1 replicas'),
  masters: z.strictObject({
    ...group,
    volumeGiB,
    ...volumeSpeed,
    runs: z.array(z.string()).default(['zookeeper']).describe('Services of a master'),
  }),
  workers: z.strictObject({
    ...group,
    volumeGiB,
    ...volumeSpeed,
    volumes: z.int().min(1).max(16).default(1).describe('Data volumes of each worker'),
    runs: z.array(z.string()).default(['kafka']).describe('Services of a worker'),
  }),
  aws: aws.optional().describe('What AWS must know; for target aws alone'),
  protect: z
    .boolean()
    .default(true)
    .describe('Whether a deployment’s volumes and machines are guarded against being destroyed'),
  retired: z.array(pinnedNodeId).default([]).describe('Nodes that are leaving: they run until they are empty'),
  network: z
    .strictObject({
      subnet: subnet.optional().describe('Addresses are given from this block'),
      addresses: z.record(nodeId, address).default({}).describe('Addresses of single nodes, by node id'),
      ports: z
        .partialRecord(
          z.enum(listenerNames, { error: `one of ${listenerNames.join(', ')}` }),
          z.int().min(1).max(65_535),
        )
        .default({})
        .describe('Ports of single listeners, by service.listener'),
    })
    .prefault({}),
  zookeeper: zookeeper.spec.describe('ZooKeeper settings by their own names; those that the model owns are refused'),
  kafka: kafka.spec.describe('Kafka settings by their own names; those that the model owns are refused'),
  topics: z.string().min(1).describe('The topics manifest, relative to this file'),
  profile: z
    .strictObject({ zookeeper: zookeeper.profile.optional(), kafka: kafka.profile.optional() })
    .optional()
    .describe(
      'What may differ on a small machine, and nothing else: heap, JVM start-up flags, internal topics, rebalance delay',
    ),
  metadata: z
    .strictObject({ ...group, volumeGiB, ...volumeSpeed })
    .optional()
    .describe('The metadata store: members of a MongoDB replica set'),
  api: z
    .strictObject({ ...group, ...messagingApi.spec })
    .optional()
    .describe('Nodes of the messaging API, with the authentication service beside it'),
  push: z
    .strictObject({ ...group, ...pushServer.spec })
    .optional()
    .describe('Push servers'),
  balancer: z
    .strictObject({ ...group, ...haproxy.spec })
    .optional()
    .describe('HAProxy in front of the API'),
  routing: reserved('routing'),
  broker: z.literal('kafka').default('kafka').describe('The message back end; Kafka is the one there is'),
});

export type EnvironmentSpec = z.output<typeof environmentSchema>;
