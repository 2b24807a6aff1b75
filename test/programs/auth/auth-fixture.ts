/** The authentication service with a real TLS server on 127.0.0.1 and a store in memory, and requests to it with and without a client certificate. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { authConfigShape } from '../../../contracts/auth-config.ts';
import { createApp } from '../../../programs/auth/app.ts';
import type { PeerChecks } from '../../../programs/auth/peer.ts';
import { type AuthStore, createMemoryAuthStore } from '../../../programs/auth/store.ts';
import { readTrust } from '../../../programs/auth/trust.ts';
import { ensureAuthority } from '../../../secrets/authority.ts';
import { ensureCertificate } from '../../../secrets/certificate.ts';
import { memoryStore } from '../../secrets/memory-store.ts';

export const serviceToken = 'the-key-of-the-operator';
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface KeyPair {
  readonly pem: string;
  readonly keyPem: string;
}

export interface AskOptions {
  /** Undefined: the operator's; empty: none. */
  readonly key?: string;
  readonly body?: unknown;
  readonly raw?: string;
  readonly certificate?: KeyPair;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Auth {
  readonly app: FastifyInstance;
  readonly store: AuthStore;
  readonly folder: string;
  readonly log: string[];
  readonly clock: { now: number };
  /** As SIGTERM does. */
  leave(): void;
  ask(method: Method, path: string, options?: AskOptions): Promise<Reply>;
  close(): Promise<void>;
}

/** The environment's own certificates, as secrets/ makes them: of a server on this machine, and of an operator. */
export async function ownCertificates() {
  const secrets = memoryStore();
  const authority = await ensureAuthority(secrets, 'test');
  const of = async (id: string) => {
    const issued = await ensureCertificate(secrets, authority, {
      id,
      commonName: id,
      hosts: ['localhost', '127.0.0.1'],
    });
    return { pem: issued.certificatePem, keyPem: issued.keyPem };
  };
  return { authority: authority.certificatePem, server: await of('auth-1'), operator: await of('operator') };
}

export type OwnCertificates = Awaited<ReturnType<typeof ownCertificates>>;

/** `authorities`: PEM of those whose clients are taken beside the environment's. */
export async function startAuth(
  own: OwnCertificates,
  config: Readonly<Record<string, unknown>> = {},
  parts: { authorities?: readonly string[]; checks?: Partial<PeerChecks>; store?: AuthStore } = {},
): Promise<Auth> {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-auth-'));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  for (const [at, pem] of (parts.authorities ?? []).entries()) write(`authority-${at}.pem`, pem);
  const { ensemble, ...rest } = config;
  const settings = authConfigShape.parse({
    service_port: 0,
    mongo_host: 'unused',
    mongo_db: 'unused',
    certificate_authorities: folder,
    certificate: write('server.crt', own.server.pem),
    certificate_key: write('server.key', own.server.keyPem),
    service_token: serviceToken,
    supported_auth_types: ['x509', 'oidc'],
    supported_auth_methods: ['api-key', 'headers'],
    supported_service_types: ['ams', 'web-api', 'custom'],
    service_types_paths: { ams: '/v1/users:byUUID/{{identifier}}', 'web-api': '/by/{{identifier}}?key={{access_key}}' },
    service_types_retrieval_fields: { ams: 'token', 'web-api': 'api_key' },
    ...rest,
    ensemble: { certificateAuthority: write('own.crt', own.authority), ...(ensemble ?? {}) },
  });
  const clock = { now: Date.now() };
  const now = () => new Date(clock.now);
  const log: string[] = [];
  const warn = (words: string, error?: unknown) => log.push(`${words} ${String(error)}`);
  const trust = await readTrust(settings, now, warn);
  const store = parts.store ?? createMemoryAuthStore();
  const tell = (fields: object, words: string) => log.push(`${words} ${JSON.stringify(fields)}`);
  const checks = { ...trust.checks, ...parts.checks };
  const signal = { leaving: false };
  const leaving = () => signal.leaving;
  const service = { config: settings, store, trust: () => ({ ...trust, checks }), leaving, now, tell, warn };
  const app = createApp(service, trust.tls);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  return {
    app,
    store,
    folder,
    log,
    clock,
    leave: () => {
      signal.leaving = true;
    },
    ask: (method, path, options = {}) => ask({ method, path, port, ca: own.authority }, options),
    close: async () => {
      await app.close();
      trust.lookup.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One request on a connection of its own. */
export function ask(
  { method, path, port, ca }: { method: Method; path: string; port: number; ca: string },
  { key = serviceToken, body, raw, certificate, headers = {} }: AskOptions = {},
): Promise<Reply> {
  const whole = path.startsWith('/') ? path : `/v1/${path}`;
  const withKey = key === '' ? whole : `${whole}${whole.includes('?') ? '&' : '?'}key=${encodeURIComponent(key)}`;
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const client = certificate === undefined ? {} : { cert: certificate.pem, key: certificate.keyPem };
  return new Promise((resolve, reject) => {
    const options = { method, path: withKey, host: '127.0.0.1', port, ca, agent: false as const, headers, ...client };
    const asked = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = String(response.headers['content-type']).startsWith('application/json') && text !== '';
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          text,
          body: isJson ? JSON.parse(text) : undefined,
          headers: response.headers,
        });
      });
    });
    asked.once('error', reject);
    asked.end(payload);
  });
}

export function refusal(code: number, status: string, message: string): object {
  return { error: { message, code, status } };
}
