/**
 * The configuration file of the authentication service: upstream's keys (argo-api-authn, config/config.go), so that one file starts either program,
 * and beside them `ensemble` with what only ours knows. The renderer and the program parse with this shape.
 */
import { z } from 'zod';

const file = z.string().min(1);
const seconds = z.int().min(0);

const ours = z.strictObject({
  /** Where it listens. Upstream listens on all addresses, and so does the default. */
  bindAddress: z.string().min(1).default('::'),
  /**
   * A PEM file: an authority that is trusted for clients beside those of `certificate_authorities`, and for the hosts that tokens are fetched from (where
   * it is absent: those of the folder and the system's).
   */
  certificateAuthority: z.string().default(''),
  /**
   * With `verify_certificate`: what becomes of a certificate that names no revocation list (CRL distribution point). `required`: refused, as upstream.
   * `whenNamed`: it passes, unless a list of `revocationLists` holds it. Our authority names none.
   */
  revocation: z.enum(['required', 'whenNamed']).default('required'),
  /** Files (PEM or DER) with revocation lists that are looked at for every certificate of their issuer; read again on SIGHUP. */
  revocationLists: z.array(file).default([]),
  /** How long the host that knows the token may take. Upstream's figure. */
  lookupTimeoutMs: z.int().min(1).default(30_000),
  /** The greatest request body; what is sent here is small. */
  bodyBytes: z.int().min(1024).default(1_048_576),
  connections: z.int().min(1).default(1_024),
  /** After SIGTERM: how long it goes on to serve while it says that it is not ready, so that a balancer sends nothing more. Part of `drainMs`. */
  leaveMs: z.int().min(0).default(0),
  /** After SIGTERM: how long requests under way may take. */
  drainMs: z.int().min(0).default(10_000),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

/** The file, parsed; an unknown key is an error. Those without a default are the ones that upstream requires. */
export const authConfigShape = z.strictObject({
  service_port: z.int().min(0).max(65_535),
  /** What follows `mongodb://`: credentials, replicaSet and TLS options are part of it. */
  mongo_host: z.string().min(1),
  mongo_db: z.string().min(1),
  /** A folder; its *.pem are the authorities whose client certificates are taken. */
  certificate_authorities: z.string().min(1),
  certificate: file,
  certificate_key: file,
  /** The key of every route that administers. */
  service_token: z.string().min(1),
  supported_auth_types: z.array(z.string().min(1)).min(1),
  supported_auth_methods: z.array(z.enum(['api-key', 'headers'])).min(1),
  supported_service_types: z.array(z.string().min(1)).min(1),
  /** Service type -> path below https://HOST:PORT; `{{identifier}}` is the binding's unique key, `{{access_key}}` the auth method's key. */
  service_types_paths: z.record(z.string(), z.string().startsWith('/')),
  /** Service type -> the field of that host's answer that is the token. */
  service_types_retrieval_fields: z.record(z.string(), z.string().min(1)),
  /** Whether the hosts that tokens are fetched from must prove their names. Upstream's default is false; ours true. */
  verify_ssl: z.boolean().default(true),
  /** Takes client certificates of any issuer. */
  trust_unknown_cas: z.boolean().default(false),
  /** Asks of a client certificate more than that an authority signed it: expiry and revocation. */
  verify_certificate: z.boolean().default(false),
  /** With `verify_certificate`: the client's address must lead, by reverse DNS, to a name of its certificate. Of no use behind a proxy. */
  client_cert_host_verification: z.boolean().default(false),
  /** Read and not used: ours logs to its standard output. */
  syslog_enabled: z.boolean().default(false),
  server_read_timeout: seconds.default(5),
  server_header_read_timeout: seconds.default(5),
  server_write_timeout: seconds.default(15),
  server_idle_timeout: seconds.default(60),
  ensemble: ours.prefault({}),
});

export type AuthConfig = z.output<typeof authConfigShape>;
