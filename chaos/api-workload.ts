/**
 * Publishers and a puller of the messaging API, and an endpoint that a push server delivers to, into the same history: what was acknowledged to a publisher
 * must come by each way.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type ApiClient, type ApiClientOptions, apiClient, NeverSent } from './api-client.ts';
import type { Recorder } from './history.ts';
import { readText, type SendOutcome, startLanes } from './lanes.ts';
import type { Scenario } from './scenario.ts';
import type { Workload } from './workload.ts';

export interface ApiWorkloadOptions extends ApiClientOptions {
  readonly via: 'balancer' | 'api';
  readonly project: string;
  readonly topic: string;
  /** Pulled from. */
  readonly subscription: string;
  readonly workload: Scenario['workload'];
  readonly recorder: Recorder;
  /** Where one is there already: a push server delivers to it. */
  readonly endpoint: PushEndpoint | undefined;
}

const published = z.object({ messageIds: z.array(z.string()).min(1) });
const pulled = z.object({
  receivedMessages: z.array(
    z.object({ ackId: z.string(), message: z.object({ messageId: z.string(), data: z.string() }) }),
  ),
});

const pullAtMost = '200';
/** After an empty answer, and after none. */
const pauseMs = 100;

export async function startApiWorkload(options: ApiWorkloadOptions): Promise<Workload> {
  const { workload, recorder, via, project, topic, endpoint } = options;
  const client = apiClient(options);
  /** Acknowledged to their publishers, and not delivered by each way yet. */
  const [unpulled, unpushed] = [new Set<string>(), new Set<string>()];
  /** Delivered before their publisher heard of it. */
  const [early, earlyPushed] = [new Set<string>(), new Set<string>()];
  const settle = (values: readonly string[], waiting: Set<string>, before: Set<string>) => {
    for (const value of values) if (!waiting.delete(value)) before.add(value);
  };
  let acknowledged = 0;
  let readTo = 0;
  let isPushing = false;
  /** When something came last, or was asked for in vain; and when it was answered last that there is nothing. */
  let [news, nothing] = [performance.now(), 0];
  endpoint?.onValues((values) => {
    recorder.record({ type: 'pushed', values });
    isPushing = true;
    news = performance.now();
    settle(values, unpushed, earlyPushed);
  });
  const lanes = startLanes({
    workload,
    partitions: 1,
    recorder,
    via,
    send: (messages) => publish(client, `/projects/${project}/topics/${topic}:publish`, messages),
    onAcknowledged: (_outcome, key, first, count) => {
      acknowledged += count;
      for (let index = 0; index < count; index += 1) {
        const value = `${key}:${first + index}`;
        if (!early.delete(value)) unpulled.add(value);
        if (endpoint !== undefined && !earlyPushed.delete(value)) unpushed.add(value);
      }
    },
  });
  const stopping = new AbortController();
  const pulling = pullOn(client, options, stopping.signal, (answer) => {
    if (answer === 'nothing') nothing = performance.now();
    else news = performance.now();
    if (typeof answer === 'string') return;
    readTo = Math.max(readTo, answer.offset + 1);
    settle(answer.values, unpulled, early);
  });
  return {
    acknowledged: () => acknowledged,
    readTo: () => (endpoint !== undefined && !isPushing ? 0 : readTo),
    isDelivered: () => unpulled.size === 0 && unpushed.size === 0,
    quietMs: () => Math.max(0, nothing - news),
    ready: Promise.resolve(),
    stopProducing: (timeoutMs) => lanes.stop(timeoutMs),
    async close() {
      await lanes.stop(0);
      stopping.abort();
      await pulling;
      client.close();
      await endpoint?.close();
    },
  };
}

async function publish(
  client: ApiClient,
  path: string,
  messages: readonly { readonly value: string }[],
): Promise<SendOutcome> {
  try {
    const body = { messages: messages.map(({ value }) => ({ data: Buffer.from(value).toString('base64') })) };
    const { status, body: answer } = await client.ask('POST', path, body);
    if (status === 200) {
      const [first = ''] = published.parse(answer).messageIds;
      return { outcome: 'ok', partition: 0, offset: Number(first) };
    }
    // A refusal is the API's own word before it writes; what a balancer or a failing node says is no word on what was written.
    return { outcome: status >= 400 && status < 500 && status !== 408 ? 'fail' : 'unknown', why: `status ${status}` };
  } catch (error) {
    return { outcome: error instanceof NeverSent ? 'fail' : 'unknown', why: String(error).slice(0, 200) };
  }
}

/** `none`: it was refused, or nobody answered. */
type PullAnswer = { readonly values: readonly string[]; readonly offset: number } | 'nothing' | 'none';

/** One puller, one call at a time: pull, acknowledge, again. */
async function pullOn(
  client: ApiClient,
  { project, subscription, recorder }: ApiWorkloadOptions,
  signal: AbortSignal,
  onAnswer: (answer: PullAnswer) => void,
): Promise<void> {
  const path = `/projects/${project}/subscriptions/${subscription}`;
  let call = 0;
  const ask = async (verb: string, body: object) =>
    await client.ask('POST', `${path}:${verb}`, body).catch(() => undefined);
  while (!signal.aborted) {
    call += 1;
    recorder.record({ type: 'pull', call, consumer: 'puller' });
    const answer = await ask('pull', { maxMessages: pullAtMost, returnImmediately: 'true' });
    const parsed = answer?.status === 200 ? pulled.safeParse(answer.body) : undefined;
    const last = parsed?.data?.receivedMessages.at(-1);
    const messages = (parsed?.data?.receivedMessages ?? []).flatMap(({ message: { messageId, data } }) => {
      const value = readText(Buffer.from(data, 'base64').toString('latin1'));
      return value === undefined ? [] : [{ offset: Number(messageId), value }];
    });
    if (parsed?.success === true) recorder.record({ type: 'pulled', call, messages });
    if (last === undefined) {
      onAnswer(parsed?.success === true ? 'nothing' : 'none');
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      continue;
    }
    const offset = Number(last.message.messageId);
    onAnswer({ values: messages.map(({ value }) => value), offset });
    call += 1;
    recorder.record({ type: 'acknowledge', call, offset });
    const taken = await ask('acknowledge', { ackIds: [last.ackId] });
    recorder.record({ type: 'acknowledged', call, offset, ok: taken?.status === 200 });
  }
}

/** What a push server posts to. */
export interface PushEndpoint {
  readonly url: string;
  onValues(hear: (values: readonly string[]) => void): void;
  close(): Promise<void>;
}

/**
 * On this machine's loopback, over plain HTTP: a hook as mattermost's, which needs no authority in the environment file, one text a POST.
 * Push servers elsewhere cannot reach it: such a run is for the processes of this machine.
 */
export async function openPushEndpoint(): Promise<PushEndpoint> {
  let hear: (values: readonly string[]) => void = () => {};
  const server = createServer((asked, answer) => {
    textOf(asked)
      .then((text) => {
        const value = readText(text);
        if (value !== undefined) hear([value]);
        answer.end('ok');
      })
      .catch(() => answer.writeHead(400).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    onValues: (next) => {
      hear = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const posted = z.object({ text: z.string() });

async function textOf(asked: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of asked) chunks.push(Buffer.from(chunk));
  return posted.parse(JSON.parse(Buffer.concat(chunks).toString('utf8'))).text;
}
