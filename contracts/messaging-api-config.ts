/**
 * config.json of the messaging API: upstream's keys (argo-messaging, config/config.go), so that one file starts either program, and beside them
 * `ensemble` with what only ours knows; upstream's reader passes over a key that it does not know. The renderer and the program parse with this shape.
 */
import { z } from 'zod';

/** Upstream writes some switches as text. */
const onOff = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

const limits = z.strictObject({
  /** The greatest request body. Upstream has no limit; a batch of ten of the greatest messages (1.5 MB) fits. */
  bodyBytes: z.int().min(1024).default(16_777_216),
  /** What one pull gives at most, whatever it asks for, so that an answer fits into memory. */
  pullMessages: z.int().min(1).default(10_000),
  pullBytes: z.int().min(1024).default(8_388_608),
  /** What waits to be written to Kafka, all topics together; a publish beyond it is refused with 503. */
  waitingBytes: z.int().min(1024).default(67_108_864),
  connections: z.int().min(1).default(4_096),
  /** Requests a second for one user; bursts of twice as many pass. 0: no limit. */
  requestsPerSecond: z.int().min(0).default(0),
});

const ours = z.strictObject({
  /** host:port of brokers; upstream finds them below `kafka_znode` instead. */
  bootstrapServers: z.array(z.string().min(1)).default([]),
  /** host:port of every push server, tried in turn; upstream knows one, `push_server_host`. */
  pushServers: z.array(z.string().min(1)).default([]),
  /** PEM file: authorities of push endpoints beside the system's, for their verification. Empty: none. */
  endpointAuthorities: z.string().default(''),
  /** A pulled window belongs to one puller until its deadline. Off: every pull starts at the offset again, as upstream. */
  exclusiveWindows: z.boolean().default(false),
  limits: limits.prefault({}),
  /**
   * How long a node remembers the user, project, role, topic and schema that a publish, a pull or an acknowledgement asked for (decision 0027). So long at most
   * what another node took away still holds here: a token that was renewed or deleted, a role, a name on an access list, a schema that was attached. What
   * is given holds at once. All other requests ask the store. 0: nothing is remembered.
   */
  lookupMs: z.int().min(0).max(60_000).default(1_000),
  /** After SIGTERM: how long it goes on to take requests while /ready says no, so that a balancer turns away first. Part of drainMs. */
  leaveMs: z.int().min(0).default(1_500),
  /** After SIGTERM: how long all may take until it has left. */
  drainMs: z.int().min(0).default(25_000),
});

/** The file, parsed; an unknown key is an error. */
export const messagingApiConfigShape = z.strictObject({
  /** The address to listen on; empty: all. Upstream reads it and listens on all. */
  bind_ip: z.string().default(''),
  port: z.int().min(0).max(65_535).default(8080),
  zookeeper_hosts: z.array(z.string()).default([]),
  kafka_znode: z.string().default(''),
  /** What follows `mongodb://`: credentials, replicaSet and TLS options are part of it. */
  store_host: z.string().default('localhost'),
  store_db: z.string().min(1).default('argo_msg'),
  certificate: z.string().default(''),
  certificate_key: z.string().default(''),
  certificate_authorities_dir: z.string().default(''),
  /** Where the key of a request is looked for: `both` the header, then the query; `header`; anything else the query alone. */
  auth_option: z.string().default(''),
  per_resource_auth: onOff.default(true),
  service_token: z.string().default(''),
  proxy_hostname: z.string().default(''),
  log_level: z.string().default('INFO'),
  log_facilities: z.array(z.string()).default([]),
  push_enabled: onOff.default(false),
  push_tls_enabled: onOff.default(false),
  push_server_host: z.string().default(''),
  push_server_port: z.int().min(0).max(65_535).default(0),
  verify_push_server: onOff.default(true),
  push_worker_token: z.string().default(''),
  ensemble: ours.prefault({}),
});

export type MessagingApiConfig = z.output<typeof messagingApiConfigShape>;
