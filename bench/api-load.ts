/** A bare HTTPS client for load: keep-alive connections, each with one request at a time, as many users of the API are. */
import { type Agent, Agent as HttpsAgent, request } from 'node:https';

export interface ApiClient {
  /** The answer's JSON. @throws Error with status and body for anything but 200 */
  post(path: string, body: unknown): Promise<unknown>;
  put(path: string, body: unknown): Promise<unknown>;
  close(): void;
}

export interface ApiClientOptions {
  /** `https://127.0.20.91:4443` */
  readonly url: string;
  readonly authorityPem: string;
  readonly token: string;
  readonly connections: number;
}

export function apiClient({ url, authorityPem, token, connections }: ApiClientOptions): ApiClient {
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: connections, ca: authorityPem });
  const send = (method: string, path: string, body: unknown) =>
    exchange(agent, method, `${url}/v1${path}`, token, JSON.stringify(body));
  return {
    post: (path, body) => send('POST', path, body),
    put: (path, body) => send('PUT', path, body),
    close: () => agent.destroy(),
  };
}

function exchange(agent: Agent, method: string, url: string, token: string, body: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-api-key': token, 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { agent, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(text === '' ? undefined : JSON.parse(text));
        else reject(new Error(`${method} ${url}: ${response.statusCode} ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export interface Rate {
  /** Messages a second. */
  readonly perSecond: number;
  /** Of one operation. */
  readonly p99Ms: number;
}

/**
 * As many operations at once as `workers`, each again and again, until the time is over.
 * @param messages that one operation carries
 */
export async function sustain(
  { workers, messages, forMs }: { readonly workers: number; readonly messages: number; readonly forMs: number },
  operation: (worker: number) => Promise<unknown>,
): Promise<Rate> {
  const durations: number[] = [];
  const began = performance.now();
  const until = began + forMs;
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      while (performance.now() < until) {
        const before = performance.now();
        await operation(worker);
        durations.push(performance.now() - before);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  durations.sort((a, b) => a - b);
  return {
    perSecond: (durations.length * messages) / seconds,
    p99Ms: durations[Math.floor(durations.length * 0.99)] ?? Number.NaN,
  };
}
