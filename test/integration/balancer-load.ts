/** Clients of the API over HTTPS, some on kept connections and some on a new one each time; what became of every request. */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:https';
import { token } from './balanced-nodes.ts';

/** `publish` must never arrive twice; the others change nothing when they do. */
type Kind = 'publish' | 'read' | 'pull';

export interface Outcome {
  readonly id: string;
  readonly kind: Kind;
  /** Undefined where no answer came. */
  readonly status: number | undefined;
  /** Which node answered. */
  readonly node: string | undefined;
  readonly fault: string | undefined;
  readonly text: string;
  /** performance.now() */
  readonly from: number;
  readonly until: number;
  readonly fresh: boolean;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly servername?: string;
}

const bodies: Readonly<Record<Kind, string | undefined>> = {
  publish: JSON.stringify({ messages: [{ attributes: { k: 'v' }, data: Buffer.from('hello').toString('base64') }] }),
  read: undefined,
  pull: JSON.stringify({ maxMessages: '5', returnImmediately: 'true' }),
};
const paths: Readonly<Record<Kind, string>> = {
  publish: '/v1/projects/P/topics/t:publish',
  read: '/v1/projects/P/topics',
  pull: '/v1/projects/P/subscriptions/s:pull',
};

export interface AskOptions {
  readonly agent?: Agent;
  readonly delayMs?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly signal?: AbortSignal;
}

/** One request. Never throws. */
export async function ask(target: Target, kind: Kind, options: AskOptions = {}): Promise<Outcome> {
  const { agent, delayMs, signal } = options;
  const id = randomUUID();
  const from = performance.now();
  const body = options.body ?? bodies[kind];
  return await new Promise((resolve) => {
    const end = (found: Partial<Outcome>) =>
      resolve({
        ...{ id, kind, from, until: performance.now(), fresh: agent === undefined },
        ...{ status: undefined, node: undefined, fault: undefined, text: '', ...found },
      });
    const sent = request({
      ...{ host: target.host, port: target.port, ca: target.ca },
      ...(target.servername === undefined ? {} : { servername: target.servername }),
      path: options.path ?? paths[kind],
      method: body === undefined ? 'GET' : 'POST',
      agent: agent ?? new Agent({ keepAlive: false }),
      headers: {
        'x-api-key': token,
        'x-test-id': id,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...(delayMs === undefined ? {} : { 'x-test-delay-ms': String(delayMs) }),
        ...options.headers,
      },
      ...(signal === undefined ? {} : { signal }),
    });
    sent.on('error', (error) => end({ fault: String(error) }));
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => end({ fault: String(error) }));
      response.on('end', () => {
        const node = response.headers['x-served-by'];
        end({
          status: response.statusCode,
          node: typeof node === 'string' ? node : undefined,
          text: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    sent.end(body);
  });
}

export interface Load {
  /** So far. */
  readonly outcomes: readonly Outcome[];
  /** No new requests; those under way end first. */
  stop(): Promise<readonly Outcome[]>;
}

/** Each client asks one request after the other, kinds in turn; every second client has a new connection for each. */
export function startLoad(target: Target, clients: number, delayMs?: number): Load {
  const outcomes: Outcome[] = [];
  let going = true;
  const kinds: readonly Kind[] = ['publish', 'read', 'pull', 'publish'];
  const client = async (number: number) => {
    const agent = number % 2 === 0 ? new Agent({ keepAlive: true, maxSockets: 1 }) : undefined;
    for (let turn = number; going; turn += 1) {
      const kind = kinds[turn % kinds.length] ?? 'read';
      outcomes.push(
        await ask(target, kind, {
          ...(agent === undefined ? {} : { agent }),
          ...(delayMs === undefined ? {} : { delayMs }),
        }),
      );
    }
    agent?.destroy();
  };
  const running = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  return {
    outcomes,
    async stop() {
      going = false;
      await running;
      return outcomes;
    },
  };
}

/** Those that a client would call failed: another status than 200, or no answer. */
export function failed(outcomes: readonly Outcome[]): readonly Outcome[] {
  return outcomes.filter(({ status }) => status !== 200);
}
