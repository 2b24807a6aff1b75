/** A push subscription, as its user has it: made, its endpoint verified by the hash that the API asks for, and every message brought there. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Api } from './exchange.ts';

export interface Endpoint {
  /** `https://10.20.0.1:8444/messages` */
  readonly url: string;
  /** From now on it answers with this when it is asked whether it wants to be brought messages. */
  verifyBy(hash: string): void;
  /** By id, the content of what was brought there. */
  readonly received: ReadonlyMap<string, string>;
}

export interface PushOptions {
  readonly project: string;
  readonly messages: number;
  readonly timeoutMs: number;
}

export interface Pushed {
  readonly published: number;
  readonly delivered: number;
  readonly troubles: readonly string[];
}

const madeShape = z.object({ pushConfig: z.object({ verificationHash: z.string() }) });
const idsShape = z.object({ messageIds: z.array(z.string()) });
const pollMs = 100;

export async function deliverByPush(
  ask: (method: string, path: string, body: object) => ReturnType<Api>,
  endpoint: Endpoint,
  { project, messages, timeoutMs }: PushOptions,
): Promise<Pushed> {
  const topic = `projects/${project}/topics/pushed`;
  const subscription = `projects/${project}/subscriptions/pushed`;
  const pushConfig = {
    type: 'http_endpoint',
    pushEndpoint: endpoint.url,
    retryPolicy: { type: 'linear', period: 300 },
  };
  await ask('PUT', topic, {});
  const made = madeShape.parse((await ask('PUT', subscription, { topic, pushConfig })).body);
  endpoint.verifyBy(made.pushConfig.verificationHash);
  await ask('POST', `${subscription}:verifyPushEndpoint`, {});
  const contents = Array.from({ length: messages }, (_, index) => Buffer.from(`pushed ${index}`).toString('base64'));
  const body = { messages: contents.map((data) => ({ data })) };
  const { messageIds } = idsShape.parse((await ask('POST', `${topic}:publish`, body)).body);
  if (messageIds.length !== messages) throw new Error(`${messageIds.length} ids for ${messages} messages`);
  const isDelivered = (id: string, index: number) => endpoint.received.get(id) === contents[index];
  const deadline = performance.now() + timeoutMs;
  while (!messageIds.every(isDelivered) && performance.now() < deadline) await delay(pollMs);
  // No more is brought there.
  await ask('POST', `${subscription}:modifyPushConfig`, { pushConfig: {} });
  const delivered = messageIds.filter(isDelivered).length;
  const missing = messageIds.length - delivered;
  const troubles = missing === 0 ? [] : [`${missing} of ${messages} messages were not brought to the push endpoint`];
  return { published: messages, delivered, troubles };
}
