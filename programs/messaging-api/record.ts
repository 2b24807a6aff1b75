/**
 * A message as it lies in the back-end: upstream's JSON (reference, section 3), escaped properly, which upstream's is not. A record that is no such
 * JSON (written by another producer, or the empty one that upstream's fault leaves) is delivered as data: nothing in a topic stops a subscription.
 */
import { z } from 'zod';
import type { BackendRecord } from './backend/backend.ts';

export interface Message {
  readonly attributes: Readonly<Record<string, string>>;
  /** base64 by convention; passed on as it came. */
  readonly data: string;
}

export interface DeliveredMessage {
  readonly messageId: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly data: string;
  readonly publishTime: string;
}

const recordShape = z.object({
  attributes: z.record(z.string(), z.string()).nullish(),
  data: z.string(),
  publishTime: z.string(),
});

/** Where the record will lie is not known yet: its offset is the id, and readers take it from there. */
export function encodeRecord(message: Message, at: Date): Buffer {
  const names = Object.keys(message.attributes).sort();
  const record = {
    messageId: '',
    ...(names.length === 0
      ? {}
      : { attributes: Object.fromEntries(names.map((name) => [name, message.attributes[name]])) }),
    data: message.data,
    publishTime: publishTime(at.getTime()),
  };
  return Buffer.from(JSON.stringify(record, null, 3));
}

export function decodeRecord({ offset, value, timestampMs }: BackendRecord): DeliveredMessage {
  const parsed = recordShape.safeParse(parseJson(value));
  if (!parsed.success) {
    return { messageId: String(offset), data: value.toString('base64'), publishTime: publishTime(timestampMs) };
  }
  const { attributes, data, publishTime: at } = parsed.data;
  const some = attributes !== null && attributes !== undefined && Object.keys(attributes).length > 0;
  return { messageId: String(offset), ...(some ? { attributes } : {}), data, publishTime: at };
}

/** Up to nine digits of a second, without the zeros at the end, as Go writes them. */
function publishTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0+Z$/, 'Z');
}

function parseJson(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}
