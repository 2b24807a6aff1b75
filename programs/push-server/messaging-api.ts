/**
 * The messaging API as the push worker's user calls it (reference, sections 2, 3 and 5): which subscriptions are his, their configuration, pull and
 * acknowledge. Key in the x-api-key header, 30 s for each request.
 */
import { z } from 'zod';
import type { ReceivedMessage } from './delivery.ts';
import type { HttpClient } from './http-client.ts';

/** What the API, or the way to it, said instead. The message is for a person and holds no token. */
export class ApiFault extends Error {
  override readonly name = 'ApiFault';
  /** 0: no answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  /** The project or the subscription is no more: the worker stops. */
  get isGone(): boolean {
    return this.status === 404 && /^(project|subscription) doesn't exist$/i.test(this.message);
  }
}

export interface MessagingApi {
  /** Full names of the subscriptions whose list of consumers holds the worker. @throws ApiFault */
  subscriptions(): Promise<readonly string[]>;
  /** As the API shows it. @throws ApiFault */
  show(name: string): Promise<unknown>;
  /** @throws ApiFault, or the signal's reason */
  pull(name: string, maxMessages: number, signal: AbortSignal): Promise<Pulled>;
  /** @throws ApiFault, or the signal's reason */
  acknowledge(name: string, ackIds: readonly string[], signal: AbortSignal): Promise<void>;
}

export interface Pulled {
  readonly messages: readonly ReceivedMessage[];
  /** Of the answer, as a measure of memory. */
  readonly bytes: number;
}

const timeoutMs = 30_000;
/** The API gives at most 8 MiB of messages by default; names of its and JSON come on top. */
const mostBytes = 64 * 1_048_576;

const userShape = z.object({
  projects: z.array(z.object({ project: z.string(), subscriptions: z.array(z.string()).nullish() })).nullish(),
});
const pullShape = z.object({
  receivedMessages: z
    .array(
      z.object({
        ackId: z.string(),
        message: z.object({
          messageId: z.string(),
          attributes: z.record(z.string(), z.string()).optional(),
          data: z.string().default(''),
          publishTime: z.string().default(''),
        }),
      }),
    )
    .nullish(),
});
const refusalShape = z.object({ error: z.object({ message: z.string() }) });

/** `origin`: host:port. */
export function createMessagingApi(http: HttpClient, origin: string, token: string): MessagingApi {
  async function ask(method: 'GET' | 'POST', path: string, content?: object, signal?: AbortSignal): Promise<Body> {
    const { status, text, cut } = await http
      .send(`https://${origin}/v1${path}`, {
        method,
        headers: { 'x-api-key': token, ...(content === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(content === undefined ? {} : { body: JSON.stringify(content) }),
        timeoutMs,
        signal,
        mostBytes,
        wantsBody: () => true,
      })
      .catch((error: unknown) => {
        if (signal?.aborted === true) throw error;
        throw new ApiFault(0, error instanceof Error ? error.message : String(error));
      });
    const value = cut || text === '' ? undefined : json(text);
    if (status === 200) return { value, bytes: text.length };
    const refusal = refusalShape.safeParse(value);
    throw new ApiFault(status, refusal.success ? refusal.data.error.message : `the messaging API answered ${status}`);
  }
  return {
    async subscriptions() {
      const { value } = await ask('GET', `/users:byToken/${encodeURIComponent(token)}`);
      const { projects } = understood(userShape, value);
      return (projects ?? []).flatMap(({ project, subscriptions }) =>
        (subscriptions ?? []).map((name) => `/projects/${project}/subscriptions/${name}`),
      );
    },
    async show(name) {
      return (await ask('GET', name)).value;
    },
    async pull(name, maxMessages, signal) {
      const options = { maxMessages: String(maxMessages), returnImmediately: 'true' };
      const { value, bytes } = await ask('POST', `${name}:pull`, options, signal);
      return { messages: understood(pullShape, value).receivedMessages ?? [], bytes };
    },
    async acknowledge(name, ackIds, signal) {
      await ask('POST', `${name}:acknowledge`, { ackIds }, signal);
    },
  };
}

interface Body {
  readonly value: unknown;
  readonly bytes: number;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function understood<Shape extends z.ZodType>(shape: Shape, value: unknown): z.output<Shape> {
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw new ApiFault(200, 'the messaging API answered with something else than its protocol has');
  return parsed.data;
}
