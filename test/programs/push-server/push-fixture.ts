/**
 * What a push server's tests stand on: a messaging API in this process (memory store and back-end) behind TLS on 127.0.0.1, endpoints that do as they are told,
 * certificates of an authority of their own.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as nap } from 'node:timers/promises';
import { type PushServerConfig, pushServerConfigShape } from '../../../contracts/push-server-config.ts';
import { type Authority, ensureAuthority } from '../../../secrets/authority.ts';
import { ensureCertificate } from '../../../secrets/certificate.ts';
import { memoryStore } from '../../secrets/memory-store.ts';
import { type Api, startApi } from '../messaging-api/api-fixture.ts';

export const workerToken = randomBytes(32).toString('hex');
/** Who may call the push servers. */
export const apiName = 'api.local';

/** Polls until it holds; throws with what was seen last. */
export async function until<Seen>(
  look: () => Seen | Promise<Seen>,
  holds: (seen: Seen) => boolean,
  withinMs = 10_000,
): Promise<Seen> {
  const end = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > end) throw new Error(`still ${JSON.stringify(seen)?.slice(0, 500)} after ${withinMs} ms`);
    await nap(10);
  }
}

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority and its certificates, as files in a folder that goes when the tests end. */
export class Certificates {
  readonly folder = mkdtempSync(join(tmpdir(), 'ensemble-push-'));
  readonly #store = memoryStore();
  #authority: Promise<Authority> | undefined;

  async authority(): Promise<{ pem: string; file: string }> {
    this.#authority ??= ensureAuthority(this.#store, 'push');
    const { certificatePem: pem } = await this.#authority;
    const file = join(this.folder, 'ca.pem');
    writeFileSync(file, pem);
    return { pem, file };
  }

  async issue(commonName: string, id = commonName.replaceAll('.', '-')): Promise<KeyPair> {
    await this.authority();
    const authority = await (this.#authority as Promise<Authority>);
    const spec = { id, commonName, hosts: ['127.0.0.1', 'localhost'] };
    const { certificatePem: cert, keyPem: key } = await ensureCertificate(this.#store, authority, spec);
    const [certFile, keyFile] = [join(this.folder, `${id}.crt-pem`), join(this.folder, `${id}.key-pem`)];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    return { cert, key, certFile, keyFile };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Posted {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method: string;
  readonly body: string;
}

export interface Reaction {
  /** Undefined: it never answers. */
  readonly status: number | undefined;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly afterMs?: number;
}

/** An https endpoint: what came is kept, what it answers is told by `react`. */
export class Endpoint {
  readonly posted: Posted[] = [];
  /** The most requests at once, by path. */
  readonly together = new Map<string, number>();
  react: (posted: Posted, count: number) => Reaction = () => ({ status: 200 });
  readonly #server: Server;
  readonly #inside = new Map<string, number>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(certificates: Certificates): Promise<Endpoint> {
    const { cert, key } = await certificates.issue('endpoint.local');
    const endpoint: Endpoint = new Endpoint(
      createServer({ cert, key }, (request, response) => {
        const path = request.url ?? '';
        const inside = (endpoint.#inside.get(path) ?? 0) + 1;
        endpoint.#inside.set(path, inside);
        endpoint.together.set(path, Math.max(inside, endpoint.together.get(path) ?? 0));
        response.once('close', () => endpoint.#inside.set(path, (endpoint.#inside.get(path) ?? 1) - 1));
        let body = '';
        request.setEncoding('utf8').on('data', (chunk) => {
          body += chunk;
        });
        request.once('end', () => {
          const posted = { path, headers: request.headers, method: request.method ?? '', body };
          endpoint.posted.push(posted);
          const {
            status,
            body: answer = '',
            headers = {},
            afterMs = 0,
          } = endpoint.react(posted, endpoint.posted.length);
          if (status === undefined) return;
          const reply = () => response.writeHead(status, { ...headers }).end(answer);
          if (afterMs === 0) reply();
          else setTimeout(reply, afterMs);
        });
      }),
    );
    await new Promise<void>((resolve) => endpoint.#server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  url(path: string): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** Texts of the messages that came to a path, in their order. */
  texts(path: string): readonly string[] {
    return this.posted.filter((each) => each.path === path).flatMap(({ body }) => textsOf(body));
  }

  /** As a server does that goes away in the middle. */
  dropConnections(): void {
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function textsOf(body: string): readonly string[] {
  const parsed = JSON.parse(body) as {
    text?: string;
    messages?: readonly { message: { data: string } }[];
    message?: { data: string };
  };
  if (parsed.text !== undefined) return [parsed.text];
  const messages = parsed.messages ?? (parsed.message === undefined ? [] : [{ message: parsed.message }]);
  return messages.map(({ message }) => Buffer.from(message.data, 'base64').toString());
}

/** A messaging API that has the push worker's user, a project P and its topics, on a port of its own. */
export interface PushApi {
  readonly api: Api;
  readonly port: number;
  /** Requests that came, by method and path without names of subscriptions. */
  readonly counts: Map<string, number>;
  /** While true it refuses every request with 503. */
  down: boolean;
  /** What becomes of an answer's text on its way; of the same length. */
  alter: ((answer: string) => string) | undefined;
  topic(name: string): Promise<void>;
  publish(topic: string, texts: readonly string[]): Promise<void>;
  /** Makes a verified push subscription to `topic`, on the worker's list; nobody is told. */
  subscribe(name: string, topic: string, push: object): Promise<void>;
  /** Takes the worker off its list. */
  unlist(name: string): Promise<void>;
  offset(name: string): Promise<number>;
  stop(): Promise<void>;
}

export async function startPushApi(certificates: Certificates): Promise<PushApi> {
  const api = await startApi({ push_enabled: true, push_worker_token: workerToken });
  await api.make('POST', 'projects/P', {});
  await api.user('push_worker_0', [], ['push_worker']);
  await api.store.users.change({ name: 'push_worker_0' }, { set: { token: workerToken } });
  const worker = await api.store.users.first({ name: 'push_worker_0' });
  const acl = worker?.uuid ?? '';
  await api.app.ready();
  const { cert, key } = await certificates.issue(apiName);
  const counts = new Map<string, number>();
  const server = createServer({ cert, key }, (request, response) => {
    const what = `${request.method} ${(request.url ?? '').replace(/^.*(:\w+)$/, '$1').replace(/byToken\/.*/, 'byToken')}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
    if (made.down) response.writeHead(503).end('{"error":{"code":503,"message":"down","status":"X"}}');
    else {
      const end = response.end.bind(response) as (text: string) => typeof response;
      const { alter } = made;
      if (alter !== undefined && request.url?.includes(':pull') === true)
        response.end = ((text: unknown) => end(alter(String(text ?? '')))) as typeof response.end;
      api.app.routing(request, response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const change = (name: string, how: object) => api.store.subscriptions.change({ name }, how);
  const made: PushApi = {
    api,
    port: (server.address() as AddressInfo).port,
    counts,
    down: false,
    alter: undefined,
    topic: async (name) => void (await api.make('PUT', `projects/P/topics/${name}`)),
    async publish(topic, texts) {
      const messages = texts.map((text) => ({ data: Buffer.from(text).toString('base64') }));
      await api.make('POST', `projects/P/topics/${topic}:publish`, { messages });
    },
    async subscribe(name, topic, push) {
      const pushConfig = { type: 'http_endpoint', ...push };
      await api.make('PUT', `projects/P/subscriptions/${name}`, { topic: `projects/P/topics/${topic}`, pushConfig });
      await change(name, { set: { verified: true }, addToLists: { acl } });
      const { projects } = (await api.store.users.first({ name: 'push_worker_0' })) ?? {};
      const project_uuid = (await api.store.projects.first({ name: 'P' }))?.uuid ?? '';
      if ((projects ?? []).length === 0)
        await api.store.users.change({ name: 'push_worker_0' }, { set: { projects: [{ project_uuid, roles: [] }] } });
    },
    unlist: async (name) => void (await change(name, { removeFromLists: { acl } })),
    async offset(name) {
      return ((await api.make('GET', `projects/P/subscriptions/${name}:offsets`)) as { current: number }).current;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await api.app.close();
    },
  };
  return made;
}

/** A configuration for that API; `changes` on top, those within `ensemble` one by one. */
export async function pushConfig(
  certificates: Certificates,
  apiPort: number,
  changes: { readonly ensemble?: object } & Record<string, unknown> = {},
): Promise<PushServerConfig> {
  const [authority, { certFile, keyFile }] = [await certificates.authority(), await certificates.issue('push.local')];
  return pushServerConfigShape.parse({
    bind_ip: '127.0.0.1',
    bind_port: 0,
    certificate: certFile,
    certificate_key: keyFile,
    certificate_authorities_dir: certificates.folder,
    ams_token: workerToken,
    ams_host: '127.0.0.1',
    ams_port: apiPort,
    acl: [apiName],
    ...changes,
    ensemble: {
      leaseMs: 1_000,
      discoverMs: 200,
      certificateAuthority: authority.file,
      endpointAuthorities: authority.file,
      ...changes.ensemble,
    },
  });
}
