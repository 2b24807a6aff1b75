/**
 * HTTP as a push server needs it: connections that are kept, a time-out over the whole exchange, answers that are read up to a bound, and redirects followed as
 * upstream follows them, but without losing a body (reference, section 5: time-out 30 s, redirects followed).
 *
 * Node's own client rather than fetch, since fetch takes no certificate authorities of ours.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext, rootCertificates } from 'node:tls';

export interface HttpClientOptions {
  /** PEM, beside those of Node. Left out: Node's alone. */
  readonly authorities?: string;
  /** PEM alone, without those of Node. */
  readonly onlyAuthorities?: string;
  readonly verify: boolean;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Over everything, redirects too. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** An answer that is longer is cut there. */
  readonly mostBytes: number;
  /** False: the answer's body is not waited for. */
  readonly wantsBody: (status: number) => boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  /** The body went beyond `mostBytes`. */
  readonly cut: boolean;
}

const mostRedirects = 10;
/** Shorter than what servers keep a silent connection (Node 5 s by its hint, nginx 75 s, HAProxy as configured). */
const silentMs = 20_000;
/** 303 asks for a GET; the others repeat the request. Upstream makes a GET of 301 and 302 too, which acknowledges what the endpoint never saw. */
const redirects = new Set([301, 302, 303, 307, 308]);

export class HttpClient {
  readonly #http = new HttpAgent({ keepAlive: true, scheduling: 'lifo', timeout: silentMs });
  #https: HttpsAgent;

  constructor(options: HttpClientOptions) {
    this.#https = httpsAgent(options);
  }

  /** Other authorities for connections from now on; those that are open end when they fall silent. */
  trust(options: HttpClientOptions): void {
    this.#https = httpsAgent(options);
  }

  /**
   * @throws Error whose message is for a person: it names an address and never what was sent. An aborted signal: its reason.
   */
  async send(url: string, asked: HttpRequest): Promise<HttpAnswer> {
    const deadline = performance.now() + asked.timeoutMs;
    let target = new URL(url);
    let request = asked;
    for (let hops = 0; hops <= mostRedirects; hops += 1) {
      const answer = await this.#sendOnce(target, request, deadline);
      const { location } = answer;
      if (location === undefined || !redirects.has(answer.status)) return answer;
      if (!URL.canParse(location, target.href)) return answer;
      const next = new URL(location, target);
      if (next.protocol !== 'https:' && (next.protocol !== 'http:' || target.protocol === 'https:'))
        throw new Error(`redirected from ${target.protocol} to ${next.protocol}, which is not followed`);
      const { authorization: _kept, ...elsewhere } = request.headers;
      const headers = next.host === target.host ? request.headers : elsewhere;
      const { body, ...bare } = request;
      request = answer.status === 303 ? { ...bare, method: 'GET', headers } : { ...request, headers };
      target = next;
    }
    throw new Error(`stopped after ${mostRedirects} redirects`);
  }

  /** Ends connections that are kept; those in use go on. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  async #sendOnce(target: URL, request: HttpRequest, deadline: number): Promise<HttpAnswer & Redirect> {
    try {
      return await this.#exchange(target, request, deadline);
    } catch (error) {
      // The server closed a kept connection as we used it: it has not seen the request, or we may repeat it (at least once).
      if (error instanceof Stale) return await this.#exchange(target, request, deadline);
      throw error;
    }
  }

  #exchange(target: URL, asked: HttpRequest, deadline: number): Promise<HttpAnswer & Redirect> {
    const { method, headers, body, signal } = asked;
    const secure = target.protocol === 'https:';
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const all = { method, headers: { ...headers, ...length } };
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const request = secure
        ? httpsRequest(target, { ...all, agent: this.#https })
        : httpRequest(target, { ...all, agent: this.#http });
      let answered = false;
      const end = (error: Error) => {
        request.destroy(error);
        reject(error);
      };
      const abort = () => end(signal?.reason);
      const timer = setTimeout(
        () => end(new Error(`no answer within ${asked.timeoutMs / 1000} s`)),
        Math.max(0, deadline - performance.now()),
      );
      signal?.addEventListener('abort', abort, { once: true });
      request.once('close', () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      });
      request.on('error', (error: Error & { code?: string }) => {
        const stale = request.reusedSocket && !answered && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(stale ? new Stale() : plain(error, target));
      });
      request.once('response', (response) => {
        answered = true;
        const status = response.statusCode ?? 0;
        const { location } = response.headers;
        const wanted = asked.wantsBody(status);
        read(response, asked.mostBytes).then(
          ({ text, cut }) => resolve({ status, text, cut, location }),
          (error) => reject(plain(error, target)),
        );
        if (!wanted) resolve({ status, text: '', cut: false, location });
      });
      request.end(body);
    });
  }
}

interface Redirect {
  readonly location: string | undefined;
}

class Stale extends Error {}

function httpsAgent({ authorities, onlyAuthorities, verify }: HttpClientOptions): HttpsAgent {
  const ca = onlyAuthorities ?? (authorities === undefined ? undefined : [...rootCertificates, authorities]);
  return new HttpsAgent({
    keepAlive: true,
    scheduling: 'lifo',
    timeout: silentMs,
    maxCachedSessions: 1_000,
    rejectUnauthorized: verify,
    // Made once: else each connection reads all authorities anew, which costs more than its handshake.
    secureContext: createSecureContext({ minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) }),
  });
}

async function read(response: IncomingMessage, mostBytes: number): Promise<{ text: string; cut: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > mostBytes) break; // leaves the loop, which destroys the connection
  }
  const cut = bytes > mostBytes;
  return { text: Buffer.concat(chunks).subarray(0, mostBytes).toString('utf8'), cut };
}

/** Node's words hold addresses and codes, and where they are empty (several addresses failed) its code says it. */
function plain(error: Error & { code?: string }, { host }: URL): Error {
  return new Error(error.message === '' ? `${host} cannot be reached (${error.code ?? error.name})` : error.message);
}
