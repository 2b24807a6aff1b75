/**
 * Messages through a messaging API, as its users send and get them: a project, and for each entrance a topic and a subscription; published in batches through
 * one entrance, pulled and acknowledged through the next, until each came. What is wrong is named, not thrown: a report shows all of it.
 */
import { z } from 'zod';
import { deliverByPush, type Endpoint } from './push.ts';

/** One call below `/v1/`. Rejects where no answer came. */
export type Api = (
  method: string,
  path: string,
  body?: object,
) => Promise<{ readonly status: number; readonly body: unknown }>;

export interface ExchangeOptions {
  /** In the order in which they are used. */
  readonly entrances: readonly { readonly name: string; readonly api: Api }[];
  /** A project's name, which none has yet. */
  readonly project: string;
  /** Through each entrance. */
  readonly messages: number;
  readonly perBatch: number;
  /** For everything that was published to be pulled, of one entrance. */
  readonly timeoutMs: number;
  /** Where a push subscription brings its messages; none is made where absent. */
  readonly endpoint?: Endpoint | undefined;
}

const exchangedShape = z.strictObject({
  entrances: z
    .array(
      z.strictObject({
        name: z.string(),
        /** Through which entrance they were pulled. */
        pulledThrough: z.string(),
        published: z.int(),
        /** Different ones, with the content that they were published with under that id. */
        delivered: z.int(),
        /** Pulled more than once, which may be. */
        again: z.int(),
        /** Of a batch, from the request to the ids; median. */
        publishMs: z.number(),
      }),
    )
    .readonly(),
  /** From the first request to the first acknowledged message, all entrances. */
  firstAcknowledgedMs: z.number().optional(),
  /** Messages that were brought to the endpoint of a push subscription. */
  pushed: z.strictObject({ published: z.int(), delivered: z.int() }).optional(),
  /** A sentence each; none where all is well. */
  troubles: z.array(z.string()).readonly(),
});

export type Exchanged = z.output<typeof exchangedShape>;

/** @throws what is wrong with it */
export function parseExchanged(text: string): Exchanged {
  return exchangedShape.parse(JSON.parse(text));
}

const idsShape = z.object({ messageIds: z.array(z.string()) });
const pulledShape = z.object({
  receivedMessages: z.array(
    z.object({ ackId: z.string(), message: z.object({ messageId: z.string(), data: z.string() }) }),
  ),
});
/** The API gives as many in one answer. */
const mostPulled = 100;
const kept = 10;
/** Each is a delivery of its own. */
const ofEndpoint = 20;

export async function exchangeThroughApi(options: ExchangeOptions): Promise<Exchanged> {
  const { entrances, project } = options;
  const troubles: string[] = [];
  const begun = performance.now();
  let firstAcknowledgedMs: number | undefined;
  const done: Exchanged['entrances'][number][] = [];
  const [first] = entrances;
  let pushed: Exchanged['pushed'];
  try {
    if (first !== undefined) await asked(first.api, 'POST', `projects/${project}`, { description: 'a rehearsal’s' });
    for (const [index, entrance] of entrances.entries()) {
      const next = entrances[(index + 1) % entrances.length] ?? entrance;
      const through = {
        topic: `projects/${project}/topics/t-${index}`,
        subscription: `projects/${project}/subscriptions/s-${index}`,
      };
      await asked(entrance.api, 'PUT', through.topic, {});
      await asked(entrance.api, 'PUT', through.subscription, { topic: through.topic, ackDeadlineSeconds: 60 });
      const { contents, publishMs } = await publishAll(entrance.api, through.topic, options);
      const found = await pullAll(next.api, through.subscription, contents, options, () => {
        firstAcknowledgedMs ??= performance.now() - begun;
      });
      troubles.push(...found.troubles.slice(0, kept).map((words) => `${entrance.name}: ${words}`));
      const { delivered, again } = found;
      done.push({
        name: entrance.name,
        pulledThrough: next.name,
        published: contents.size,
        delivered,
        again,
        publishMs,
      });
    }
    if (options.endpoint !== undefined && first !== undefined) {
      const ask = async (method: string, path: string, body: object) => ({
        status: 200,
        body: await asked(first.api, method, path, body),
      });
      const { troubles: ofPush, ...rest } = await deliverByPush(ask, options.endpoint, {
        ...options,
        messages: ofEndpoint,
      });
      pushed = rest;
      troubles.push(...ofPush);
    }
  } catch (error) {
    troubles.push(error instanceof Error ? error.message : String(error));
  }
  return {
    entrances: done,
    ...(firstAcknowledgedMs === undefined ? {} : { firstAcknowledgedMs }),
    ...(pushed === undefined ? {} : { pushed }),
    troubles,
  };
}

/** What was published, by the id that the API gave it. */
async function publishAll(api: Api, topic: string, { messages, perBatch }: ExchangeOptions) {
  const contents = new Map<string, string>();
  const tookMs: number[] = [];
  for (let at = 0; at < messages; at += perBatch) {
    const batch = Array.from({ length: Math.min(perBatch, messages - at) }, (_, index) =>
      Buffer.from(`${topic} ${at + index}`).toString('base64'),
    );
    const begun = performance.now();
    const body = { messages: batch.map((data) => ({ data })) };
    const { messageIds } = idsShape.parse(await asked(api, 'POST', `${topic}:publish`, body));
    tookMs.push(performance.now() - begun);
    if (messageIds.length !== batch.length) throw new Error(`${messageIds.length} ids for ${batch.length} messages`);
    for (const [index, id] of messageIds.entries()) {
      if (contents.has(id)) throw new Error(`two messages have the id ${id}`);
      contents.set(id, batch[index] ?? '');
    }
  }
  return { contents, publishMs: Math.round(tookMs.sort((a, b) => a - b)[Math.floor(tookMs.length / 2)] ?? 0) };
}

async function pullAll(
  api: Api,
  subscription: string,
  contents: ReadonlyMap<string, string>,
  { timeoutMs }: ExchangeOptions,
  onAcknowledged: () => void,
) {
  const missing = new Map(contents);
  const troubles: string[] = [];
  let again = 0;
  const deadline = performance.now() + timeoutMs;
  while (missing.size > 0 && performance.now() < deadline) {
    const body = { maxMessages: `${mostPulled}` };
    const { receivedMessages } = pulledShape.parse(await asked(api, 'POST', `${subscription}:pull`, body));
    if (receivedMessages.length === 0) continue;
    for (const { message } of receivedMessages) {
      const { messageId, data } = message;
      if (!contents.has(messageId)) troubles.push(`a message ${messageId} came that was not published`);
      else if (contents.get(messageId) !== data) troubles.push(`message ${messageId} came with another content`);
      else if (!missing.delete(messageId)) again += 1;
    }
    const ackIds = receivedMessages.map(({ ackId }) => ackId);
    await asked(api, 'POST', `${subscription}:acknowledge`, { ackIds });
    onAcknowledged();
    if (troubles.length >= kept) break;
  }
  if (missing.size > 0)
    troubles.push(
      `${missing.size} of ${contents.size} messages did not come: ${[...missing.keys()].slice(0, kept).join(', ')}`,
    );
  return { delivered: contents.size - missing.size, again, troubles };
}

async function asked(api: Api, method: string, path: string, body: object): Promise<unknown> {
  const answer = await api(method, path, body);
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}
