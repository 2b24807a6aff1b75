/**
 * What is POSTed to an endpoint, and which answers acknowledge it (reference, section 5): pure, so that tests hold the bodies byte for byte.
 * Where ours differs from upstream on purpose: docs/decisions/0021-push-leases.md.
 */
import type { PushSubscription } from './subscription.ts';

export interface ReceivedMessage {
  readonly ackId: string;
  readonly message: {
    readonly messageId: string;
    readonly attributes?: Readonly<Record<string, string>> | undefined;
    /** base64 by convention. */
    readonly data: string;
    readonly publishTime: string;
  };
}

/** One POST, and what is acknowledged once it succeeded. */
export interface Delivery {
  readonly body: string;
  readonly messages: readonly ReceivedMessage[];
}

/**
 * The POSTs of one pull, in order. An endpoint gets one body for all; mattermost one for each message, since a post there has one text: upstream sends the
 * first alone and acknowledges the rest unseen. `origin`: host:port of the messaging API.
 */
export function deliveriesOf(
  subscription: PushSubscription,
  messages: readonly ReceivedMessage[],
  origin: string,
): readonly Delivery[] {
  if (subscription.type === 'mattermost') {
    return messages.map((each) => ({ body: mattermostBody(subscription, each), messages: [each] }));
  }
  const from = `subscription ${subscription.name} from ${origin}`;
  const wrapped = messages.map(({ message: { messageId, attributes, data, publishTime } }) => ({
    message: {
      messageId,
      ...(attributes === undefined || Object.keys(attributes).length === 0 ? {} : { attributes }),
      data: dataOf(subscription, data),
      publishTime,
    },
    subscription: from,
  }));
  const body = JSON.stringify(subscription.maxMessages === 1 ? wrapped[0] : { messages: wrapped });
  return messages.length === 0 ? [] : [{ body, messages }];
}

function mattermostBody(subscription: PushSubscription, { message }: ReceivedMessage): string {
  const { username, channel } = subscription;
  return JSON.stringify({
    text: dataOf(subscription, message.data),
    ...(username === '' ? {} : { username }),
    ...(channel === '' ? {} : { channel }),
  });
}

const base64Shape = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function dataOf({ base64Decode }: PushSubscription, data: string): string {
  return base64Decode && base64Shape.test(data) ? Buffer.from(data, 'base64').toString('utf8') : data;
}

/** Whether an endpoint's answer takes the messages over. (102, which upstream lists, is no final answer.) */
export function acknowledges({ type }: PushSubscription, status: number): boolean {
  return type === 'mattermost' ? status === 200 : status === 200 || status === 201 || status === 204;
}

/**
 * An acknowledgement covers all before it, so the last id says it; where a topic has partitions (`S:2-17`), the last of each.
 */
export function acknowledgementOf(messages: readonly ReceivedMessage[]): readonly string[] {
  const last = new Map<string, string>();
  for (const { ackId } of messages) last.set(/:(\d+)-\d+$/.exec(ackId)?.[1] ?? '', ackId);
  return [...last.values()];
}
