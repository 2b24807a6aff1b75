/**
 * One cycle of one subscription: consume, deliver, acknowledge (reference, section 5). Each step looks first whether this server still holds the subscription,
 * so that one that slept through its lease delivers nothing more; messages that were delivered and not acknowledged come again.
 */
import { acknowledgementOf, acknowledges, deliveriesOf } from './delivery.ts';
import type { Gate } from './gate.ts';
import type { HttpClient } from './http-client.ts';
import { ApiFault, type MessagingApi } from './messaging-api.ts';
import type { PushSubscription } from './subscription.ts';

/** What came of a cycle; `messages` were delivered and acknowledged, `error` is upstream's sentence without its time. */
export type CycleReport =
  | { readonly outcome: 'delivered'; readonly messages: number }
  | { readonly outcome: 'nothing' }
  | { readonly outcome: 'failed'; readonly error: string }
  /** The subscription is no more. */
  | { readonly outcome: 'gone' }
  /** The lease lapsed meanwhile: whatever happened is not ours to tell. */
  | { readonly outcome: 'lapsed' };

/** The right to deliver, as it stands now. */
export interface Tenure {
  isValid(): boolean;
  /** Aborted when the right lapses. */
  readonly signal: AbortSignal;
}

export interface CycleParts {
  readonly api: MessagingApi;
  /** host:port of the messaging API. */
  readonly origin: string;
  readonly endpoints: HttpClient;
  readonly tenure: Tenure;
  /** Requests to the messaging API. */
  readonly apiGate: Gate;
  /** Told of what is pulled and not delivered yet: plus, then minus. */
  readonly waiting: (bytes: number) => void;
}

const timeoutMs = 30_000;
/** An endpoint's answer is shown to people as the subscription's status. */
const mostAnswerBytes = 65_536;
const mostShownCharacters = 1_000;

class Lapsed extends Error {}

export async function runCycle(subscription: PushSubscription, parts: CycleParts): Promise<CycleReport> {
  const { api, apiGate, tenure } = parts;
  const { name, maxMessages } = subscription;
  const held = () => {
    if (!tenure.isValid()) throw new Lapsed();
  };
  let step = 'consume';
  let pulledBytes = 0;
  let delivered = 0;
  try {
    const pulled = await apiGate.run(async () => {
      held();
      return api.pull(name, maxMessages, tenure.signal);
    });
    const { messages, bytes } = pulled;
    if (messages.length === 0) return { outcome: 'nothing' };
    pulledBytes = bytes;
    parts.waiting(bytes);
    let fault: unknown;
    step = 'send';
    try {
      for (const { body, messages: taken } of deliveriesOf(subscription, messages, parts.origin)) {
        held();
        await send(subscription, body, parts);
        delivered += taken.length;
      }
    } catch (error) {
      fault = error; // what went before it is acknowledged first
    }
    if (delivered > 0) {
      const ackIds = acknowledgementOf(messages.slice(0, delivered));
      if (fault === undefined) step = 'acknowledge';
      await apiGate.run(async () => {
        held();
        await api.acknowledge(name, ackIds, tenure.signal);
      });
    }
    if (fault !== undefined) throw fault;
    return { outcome: 'delivered', messages: delivered };
  } catch (error) {
    if (error instanceof Lapsed || tenure.signal.aborted) return { outcome: 'lapsed' };
    if (error instanceof ApiFault && error.isGone) return { outcome: 'gone' };
    return { outcome: 'failed', error: `Could not ${step} message, ${shown(error)}` };
  } finally {
    if (pulledBytes > 0) parts.waiting(-pulledBytes);
  }
}

async function send(subscription: PushSubscription, body: string, { endpoints, tenure }: CycleParts): Promise<void> {
  const { authorization, endpoint } = subscription;
  const { status, text } = await endpoints.send(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(authorization === '' ? {} : { authorization }),
    },
    body,
    timeoutMs,
    signal: tenure.signal,
    mostBytes: mostAnswerBytes,
    wantsBody: (answered) => !acknowledges(subscription, answered),
  });
  if (!acknowledges(subscription, status)) throw new Error(text === '' ? `status ${status}` : text);
}

function shown(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > mostShownCharacters ? `${text.slice(0, mostShownCharacters)}…` : text;
}
