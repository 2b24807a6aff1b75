/** A client of the messaging API over https for tests: single calls, and a steady stream of them that counts what failed while something is done to the platform. */
import { Agent, request } from 'node:https';

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  /** Undefined where the body is empty or no JSON. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

export interface ApiOptions {
  /** `https://127.0.56.91:4443` */
  readonly url: string;
  /** PEM. */
  readonly authority: string;
  readonly token?: string;
}

export type Api = (method: string, path: string, body?: object) => Promise<ApiAnswer>;

const timeoutMs = 30_000;

/** `path` is below `/v1/`. Rejects where no answer came. A connection for each call, so that a balancer that stops waits for none. */
export function apiClient({ url, authority, token }: ApiOptions, agent = new Agent({ keepAlive: false })): Api {
  const headers = token === undefined ? {} : { 'x-api-key': token };
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const asked = request(`${url}/v1/${path}`, { method, headers, ca: authority, agent, timeout: timeoutMs });
      asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      asked.on('error', reject);
      asked.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text, body: parsed(text) }));
      });
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

function parsed(text: string): ApiAnswer['body'] {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface StreamReport {
  readonly answered: number;
  /** One line for each request that had no answer, or another than 200. */
  readonly failures: readonly string[];
}

/**
 * Asks again and again, one loop each, until `work` is done, and for `atLeast` answers in all: over a kept connection, over a new one each time, and publishes.
 * `asked` begin the loops.
 */
export async function whileAsking(
  options: ApiOptions,
  asked: readonly { readonly method: string; readonly path: string; readonly body?: object; readonly kept: boolean }[],
  work: () => Promise<void>,
  atLeast = 50,
): Promise<StreamReport> {
  let answered = 0;
  let isOver = false;
  const failures: string[] = [];
  const loops = asked.map(async ({ method, path, body, kept }) => {
    const agent = new Agent({ keepAlive: kept });
    const call = apiClient(options, agent);
    while (!isOver) {
      try {
        const { status, text } = await call(method, path, body);
        answered += 1;
        if (status !== 200) failures.push(`${method} ${path}: ${status} ${text}`);
      } catch (error) {
        failures.push(`${method} ${path}: ${String(error)}`);
      }
    }
    agent.destroy();
  });
  const enough = async () => {
    const deadline = performance.now() + timeoutMs;
    const wanted = answered + atLeast;
    while (answered < wanted && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  try {
    await enough();
    await work();
    await enough();
  } finally {
    isOver = true;
    await Promise.all(loops);
  }
  return { answered, failures };
}
