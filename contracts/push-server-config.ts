/**
 * The push server's file (`--config FILE`): upstream's keys (ams-push-server; the platform's reference), so that one file starts either program, and beside
 * them `ensemble` with what only ours knows. The renderer and the program parse with this shape.
 */
import { z } from 'zod';

/** Upstream writes some switches as text. */
const onOff = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
const port = z.int().min(0).max(65_535);

const limits = z.strictObject({
  /** Subscriptions in the middle of a cycle: an endpoint that hangs holds one for 30 s. */
  deliveries: z.int().min(1).default(1_024),
  /** Of these, those to one host: one that hangs holds up its own subscriptions alone, and a thousand to one host share that many connections. */
  deliveriesOfHost: z.int().min(1).default(64),
  /** Requests to the messaging API at once. */
  apiRequests: z.int().min(1).default(48),
  /** Pulls a second that this server spends on subscriptions whose last pull was empty; beyond it their cycles come later than their policy says. */
  idlePullsPerSecond: z.int().min(1).default(500),
  /** Messages that were pulled and are not delivered yet; beyond it no pull starts. */
  waitingBytes: z.int().min(1024).default(134_217_728),
});

const ours = z.strictObject({
  /**
   * Where servers keep what they share: what follows `mongodb://`. Empty: this server is alone and keeps its subscriptions in memory, as upstream; a second
   * one beside it would deliver everything twice.
   */
  storeHost: z.string().default(''),
  storeDb: z.string().min(1).default('argo_msg'),
  /** A server that was not heard of for this long is dead, and others take what it had. */
  leaseMs: z.int().min(500).max(600_000).default(5_000),
  /** How often the messaging API is asked which subscriptions are ours, so that a lost activation is found. */
  discoverMs: z.int().min(100).default(30_000),
  /** Within how long each subscription's push configuration is read again from the messaging API. */
  refreshMs: z.int().min(1_000).default(300_000),
  /** PEM file: who signs the messaging API's certificate. Empty: the system's authorities. */
  certificateAuthority: z.string().default(''),
  /** PEM file: authorities of endpoints, beside the system's. Empty: none. */
  endpointAuthorities: z.string().default(''),
  /** A plain HTTP listener with /ready and /metrics; port 0: none. Private addresses only. */
  operations: z.strictObject({ bind: z.string().min(1).default('127.0.0.1'), port: port.default(0) }).prefault({}),
  limits: limits.prefault({}),
  /** After SIGTERM: how long deliveries under way may take. They have 30 s each. */
  drainMs: z.int().min(0).default(35_000),
});

/** The file, parsed; an unknown key is an error. */
export const pushServerConfigShape = z
  .strictObject({
    /** Empty: all addresses. */
    bind_ip: z.string().default(''),
    bind_port: port,
    certificate: z.string().default(''),
    certificate_key: z.string().default(''),
    /** A folder of PEM files: who signs the certificates of clients. */
    certificate_authorities_dir: z.string().default(''),
    /** The key of the push worker's user; the messaging API's `push_worker_token`. */
    ams_token: z.string().min(1),
    ams_host: z.string().min(1),
    ams_port: port.default(443),
    /** Off: certificates of the messaging API and of endpoints are not verified. */
    verify_ssl: onOff.default(true),
    /** Off: gRPC in clear, and nobody is asked for a certificate. */
    tls_enabled: onOff.default(true),
    /** Connections with certificates of unknown authorities are taken; their calls are refused all the same, since anyone may write a listed name into one. */
    trust_unknown_cas: onOff.default(false),
    /** Subscriptions are not looked for in the messaging API: only those that are activated, or stored, are delivered. */
    skip_subs_load: onOff.default(false),
    /** Common names of the client certificates that may call; nobody else may. */
    acl: z.array(z.string()).default([]),
    log_level: z.string().default('INFO'),
    /** Read and not used: the log goes to the standard output. */
    syslog_enabled: onOff.default(false),
    ensemble: ours.prefault({}),
  })
  .refine((config) => !config.tls_enabled || (config.certificate !== '' && config.certificate_key !== ''), {
    path: ['certificate'],
    message: 'certificate and certificate_key are needed while tls_enabled is on',
  });

/** */
export type PushServerConfig = z.output<typeof pushServerConfigShape>;
