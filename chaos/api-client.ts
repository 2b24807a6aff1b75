/**
 * The messaging API over HTTPS, as its users ask it: kept connections, several entrances in turn. One that takes no connection has seen nothing, and the next is
 * asked; any other silence says nothing of the outcome.
 */
import { Agent, request } from 'node:https';

export interface ApiClientOptions {
  /** `https://127.0.20.91:4443`: balancers, or the nodes of the API themselves. */
  readonly entrances: readonly string[];
  /** PEM; who signs for all of them. */
  readonly authority: string;
  readonly token: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface ApiClient {
  /** `path` is below /v1. Throws NeverSent where no entrance took a connection, and what the network says else. */
  ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<ApiAnswer>;
  close(): void;
}

/** Nobody has seen the request. */
export class NeverSent extends Error {}

/** HAProxy looks for another server for some seconds; a publish waits for all replicas in sync. */
export const apiAnswerMs = 15_000;
const unsent = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']);

export function apiClient({ entrances, authority, token }: ApiClientOptions): ApiClient {
  const agent = new Agent({ keepAlive: true, ca: authority });
  let turn = 0;
  return {
    async ask(method, path, body) {
      turn += 1;
      // Others take their turn while this one waits.
      const first = turn;
      let refused = 'there is no entrance';
      for (let tried = 0; tried < entrances.length; tried += 1) {
        const entrance = entrances[(first + tried) % entrances.length];
        try {
          return await exchange({ agent, method, url: `${entrance}/v1${path}`, token, body });
        } catch (error) {
          if (!unsent.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
          refused = (error as Error).message;
        }
      }
      throw new NeverSent(refused);
    },
    close: () => agent.destroy(),
  };
}

interface Exchange {
  readonly agent: Agent;
  readonly method: string;
  readonly url: string;
  readonly token: string;
  readonly body: object | undefined;
}

function exchange({ agent, method, url, token, body }: Exchange): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { 'x-api-key': token, 'content-length': Buffer.byteLength(text) };
    const asked = request(url, { agent, method, headers, timeout: apiAnswerMs });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${apiAnswerMs} ms`)));
    asked.on('error', reject);
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString('utf8')) }),
      );
    });
    asked.end(text);
  });
}

/** A balancer's own page is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
