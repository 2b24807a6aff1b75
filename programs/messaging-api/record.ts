/**
 * A message as it lies in the back-end. In a topic of our own: upstream's JSON (reference, section 3), escaped properly, which upstream's is not; a
 * record that is no such JSON (written by another producer, or the empty one that upstream's fault leaves) is delivered as data: nothing in a
 * topic stops a subscription. In a mapped topic, whose other users know nothing of us: the data is the record's value, the attributes are its headers,
 * and one attribute is its key (decision 0020).
 */
import { z } from 'zod';
import type { BackendRecord, OutgoingRecord } from './backend/backend.ts';

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

/** The attribute of a message that is its record's key in a mapped topic; the second is for keys that are no UTF-8, as base64. */
const keyAttribute = 'kafka.key';
const binaryKeyAttribute = 'kafka.key.base64';

const recordFields = {
  attributes: z.record(z.string(), z.string()).nullish(),
  data: z.string(),
  publishTime: z.string(),
};
const recordShape = z.object(recordFields);
/** In a mapped topic nothing but upstream's own form is taken for a message: others may well write JSON with `data` in it. */
const onlyRecordShape = z.strictObject({
  ...recordFields,
  messageId: z.string(),
  publishTime: z.iso.datetime({ offset: true }),
});

/** Where the record will lie is not known yet: its offset is the id, and readers take it from there. */
export function encodeRecord(message: Message, at: Date): OutgoingRecord {
  const record = {
    messageId: '',
    ...attributesOf(Object.entries(message.attributes).sort(([a], [b]) => (a < b ? -1 : 1))),
    data: message.data,
    publishTime: publishTime(at.getTime()),
  };
  return { value: Buffer.from(JSON.stringify(record, null, 3)) };
}

/** As a record that other users of the topic understand; undefined where the data is no base64. */
export function encodeRaw({ attributes, data }: Message): OutgoingRecord | undefined {
  const value = fromBase64(data);
  const { [keyAttribute]: key, [binaryKeyAttribute]: binaryKey, ...named } = attributes;
  const keyBytes = binaryKey === undefined ? (key === undefined ? undefined : Buffer.from(key)) : fromBase64(binaryKey);
  if (value === undefined || (binaryKey !== undefined && keyBytes === undefined)) return undefined;
  const headers = Object.entries(named).map(([name, text]): [string, Buffer] => [name, Buffer.from(text)]);
  return { key: keyBytes, value, headers: Object.fromEntries(headers) };
}

export function decodeRecord(
  record: BackendRecord,
  { id, isRaw }: { readonly id: string; readonly isRaw: boolean },
): DeliveredMessage {
  const parsed = (isRaw ? onlyRecordShape : recordShape).safeParse(parseJson(record.value));
  if (parsed.success) {
    const { attributes, data, publishTime: at } = parsed.data;
    return { messageId: id, ...attributesOf(Object.entries(attributes ?? {})), data, publishTime: at };
  }
  return {
    messageId: id,
    ...(isRaw ? attributesOf([...headersOf(record), ...keyOf(record)]) : {}),
    data: record.value.toString('base64'),
    publishTime: publishTime(record.timestampMs),
  };
}

/** Undefined where it is none, or not padded. */
export function fromBase64(data: string): Buffer | undefined {
  return data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(data) ? Buffer.from(data, 'base64') : undefined;
}

function attributesOf(pairs: readonly (readonly [string, string])[]): Pick<DeliveredMessage, 'attributes'> {
  return pairs.length === 0 ? {} : { attributes: Object.fromEntries(pairs) };
}

function headersOf({ headers = {} }: BackendRecord): readonly (readonly [string, string])[] {
  return Object.entries(headers).map(([name, bytes]) => [name, bytes.toString('utf8')]);
}

function keyOf({ key }: BackendRecord): readonly (readonly [string, string])[] {
  if (key === undefined) return [];
  const text = key.toString('utf8');
  return [Buffer.from(text).equals(key) ? [keyAttribute, text] : [binaryKeyAttribute, key.toString('base64')]];
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
