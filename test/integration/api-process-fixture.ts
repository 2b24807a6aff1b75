/** The messaging API as it ships: its bundle as a process of its own on a real cluster and a metadata store, with certificates of a test's own authority. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { ensureProgram } from '../../artifacts/program-bundle.ts';
import type { MessagingApiConfig } from '../../contracts/messaging-api-config.ts';
import { defaultRoles } from '../../contracts/messaging-roles.ts';
import { connectMongoStore } from '../../programs/messaging-api/store/mongo-store.ts';
import { type Authority, ensureAuthority } from '../../secrets/authority.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import { memoryStore } from '../secrets/memory-store.ts';
import { eventually } from './platform-fixture.ts';

export const serviceToken = 'the-service-token-of-the-test';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** SHA-256 of the certificate that answered. */
  readonly fingerprint: string;
}

/** One person's connections. */
export interface Client {
  ask(method: string, path: string, options?: { body?: unknown; key?: string; timeoutMs?: number }): Promise<Reply>;
  /** As ask; throws unless it is a 200. */
  make(method: string, path: string, body?: unknown): Promise<unknown>;
  close(): void;
}

export interface ApiProcess {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  /** Every line that it wrote. */
  readonly log: readonly string[];
  /** Its status once it has ended, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  client(): Client;
  signal(signal: NodeJS.Signals): void;
  /** Has it make and use another certificate; SIGHUP is the caller's. */
  renewCertificate(): Promise<void>;
  writeCertificate(text: string): Promise<void>;
}

const startLimitMs = 60_000;

export class ApiFixture {
  readonly #secrets = memoryStore();
  readonly #folders: string[] = [];
  readonly #children: ChildProcess[] = [];
  readonly #clients: Client[] = [];
  #authority: Authority | undefined;

  /** Starts one node and waits until its log holds `until`. `config` names at least the store and the brokers. */
  async start(
    host: string,
    port: number,
    config: Partial<Record<keyof MessagingApiConfig, unknown>>,
    until = '"listening"',
  ): Promise<ApiProcess> {
    const [folder, { file }] = [await this.folder(), await ensureProgram('messaging-api')];
    const paths = { certificate: join(folder, 'certificate.pem'), certificate_key: join(folder, 'key.pem') };
    const id = `api-${host}-${port}`.replaceAll('.', '-');
    const renewCertificate = async () => {
      const { pem } = await this.#issue(id, host);
      const end = pem.indexOf('-----BEGIN CERTIFICATE-----');
      await writeFile(paths.certificate_key, pem.slice(0, end));
      await writeFile(paths.certificate, pem.slice(end));
    };
    await renewCertificate();
    const full = { bind_ip: host, port, service_token: serviceToken, auth_option: 'both', ...paths, ...config };
    await writeFile(join(folder, 'config.json'), JSON.stringify(full));
    const log: string[] = [];
    const child = this.run(file, folder, log);
    const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
      child.once('close', (status, signal) => resolve(signal ?? status)),
    );
    const ca = this.#authority?.certificatePem ?? '';
    const api: ApiProcess = {
      pid: child.pid ?? 0,
      host,
      port,
      log,
      ended,
      client: () => {
        const client = connectClient({ host, port, ca });
        this.#clients.push(client);
        return client;
      },
      signal: (signal) => void child.kill(signal),
      renewCertificate,
      writeCertificate: (text) => writeFile(paths.certificate, text),
    };
    await eventually('the messaging API listens', startLimitMs, () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${log.join('\n')}`);
      return log.some((line) => line.includes(until));
    });
    return api;
  }

  /** The bundle with a folder as it is, its output collected line by line. */
  run(file: string, folder: string, log: string[]): ChildProcess {
    const child = spawn(process.execPath, [file, '--config-dir', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream?.on('data', (chunk: Buffer) => {
        const lines = `${rest}${chunk}`.split('\n');
        rest = lines.pop() ?? '';
        log.push(...lines);
      });
      stream?.on('end', () => rest !== '' && log.push(rest));
    }
    return child;
  }

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'ensemble-api-'));
    this.#folders.push(folder);
    return folder;
  }

  /** What the seed makes at least: the roles. */
  async seed(storeHost: string, database: string): Promise<void> {
    const store = await connectMongoStore({ host: storeHost, database, warn: () => {} });
    for (const role of defaultRoles) await store.roles.insert(role);
    await store.close();
  }

  async dispose(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }

  async #issue(id: string, host: string): Promise<{ readonly pem: string }> {
    this.#authority ??= await ensureAuthority(this.#secrets, 'test', new Date());
    const spec = { id, commonName: 'api', hosts: [host], renew: true };
    await ensureCertificate(this.#secrets, this.#authority, spec);
    return { pem: `${await this.#secrets.read(`tls/${id}.keystore.pem`)}` };
  }
}

/** An API's client as another program would be: its own connections, kept open. */
export function connectClient({ host, port, ca }: { host: string; port: number; ca: string }): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
  const ask: Client['ask'] = (method, path, { body, key = serviceToken, timeoutMs = 60_000 } = {}) =>
    new Promise((resolve, reject) => {
      const headers = { ...(key === '' ? {} : { 'x-api-key': key }) };
      const url = path.startsWith('/') ? path : `/v1/${path}`;
      const sent = request({ host, port, method, path: url, agent, headers, timeout: timeoutMs }, (response) => {
        const fingerprint =
          'getPeerCertificate' in response.socket
            ? (response.socket as TLSSocket).getPeerCertificate().fingerprint256
            : '';
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
            fingerprint,
          }),
        );
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return {
    ask,
    async make(method, path, body) {
      const { status, text } = await ask(method, path, { body });
      if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}`);
      return text === '' ? undefined : JSON.parse(text);
    },
    close: () => agent.destroy(),
  };
}
