/**
 * Publishing: one produce request for a batch, all or nothing, ids that are the broker's offsets (reference, sections 2 and 3). To a mapped topic: one for each
 * partition that the batch's keys choose, and messages without a key all to one, another one for the next publish.
 */
import { z } from 'zod';
import { partitionOfKey } from '../../../clients/kafka/key-partition.ts';
import type { SchemaDocument, TopicDocument } from '../../../contracts/messaging-documents.ts';
import { mustBeListed } from '../access.ts';
import type { OutgoingRecord } from '../backend/backend.ts';
import { sizeOf } from '../backend/publish-queue.ts';
import { backendError, internal, invalid, invalidArguments, Refusal, tooLarge } from '../errors.ts';
import { fields, readBody, text } from '../lenient-json.ts';
import { encodeRaw, encodeRecord } from '../record.ts';
import { notBase64 } from '../schema-validation.ts';
import type { Call, Service } from '../service.ts';
import { rememberedTopicOf, topicOf } from './find.ts';
import { logOf, messageId, placesOf, type TopicLog } from './logs.ts';

/** Upstream's producer refuses a greater record. */
const recordBytes = 1_500_000;

const message = fields({ attributes: z.record(z.string(), z.string()).default({}), data: text() });
export const publishShape = fields({ messages: z.array(message).default([]) });

/** One that was removed a moment ago is named by who remembers the topic of before: the topic as it is has none by now, or another one. */
async function schemaOf(service: Service, call: Call, remembered: TopicDocument): Promise<SchemaDocument | undefined> {
  if (remembered.schema_uuid === '') return undefined;
  const known = await service.lookups.schemas.first({ uuid: remembered.schema_uuid });
  if (known !== undefined) return known;
  const { schema_uuid } = await topicOf(service, call);
  if (schema_uuid === '') return undefined;
  const schema = await service.store.schemas.first({ uuid: schema_uuid });
  if (schema === undefined) throw internal('Could not load schema for topic');
  return schema;
}

export async function publish(service: Service, call: Call): Promise<object> {
  const topic = await rememberedTopicOf(service, call, ({ acl }) =>
    mustBeListed(service, call.caller, 'publisher', acl),
  );
  const { messages } = readBody(publishShape, call.body, invalidArguments('Message'));
  const schema = await schemaOf(service, call, topic);
  if (schema !== undefined) {
    const check = service.schemas.stored(schema);
    for (const [index, { data }] of messages.entries()) {
      const fault = check(data);
      if (fault !== undefined) throw invalid(`Message ${index} ${fault}`);
    }
  }
  if (messages.length === 0) return { messageIds: [] };
  const at = service.now();
  const log = logOf(topic);
  const records = messages.map((each, index) => {
    if (!log.isMapped) return encodeRecord(each, at);
    const raw = encodeRaw(each);
    if (raw === undefined) throw invalid(`Message ${index} ${notBase64}`);
    return raw;
  });
  if (records.some((record) => sizeOf(record) > recordBytes)) throw tooLarge();
  let messageIds: readonly string[];
  try {
    messageIds = await send(service, log, records);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    service.warn('a publish failed', error);
    throw backendError();
  }
  const bytes = messages.reduce((sum, { data }) => sum + data.length, 0);
  service.counts.note(topic, { messages: messages.length, bytes, at });
  return { messageIds };
}

let turn = 0;

/** The ids, in the order of the records. Throws what the back-end throws, after all that was sent is settled. */
async function send(service: Service, log: TopicLog, records: readonly OutgoingRecord[]): Promise<readonly string[]> {
  const places = await placesOf(service, log);
  turn = (turn + 1) % 1_000_000;
  const withoutKey = turn % places.length;
  const batches = new Map<number, number[]>();
  for (const [index, { key }] of records.entries()) {
    const partition = key === undefined ? withoutKey : partitionOfKey(key, places.length);
    const batch = batches.get(partition);
    if (batch === undefined) batches.set(partition, [index]);
    else batch.push(index);
  }
  const ids: string[] = [];
  const sent = [...batches].map(async ([partition, indexes]) => {
    const place = places[partition];
    if (place === undefined) return;
    const batch = indexes.flatMap((index) => records[index] ?? []);
    const offsets = await service.publishing.publish(place, batch);
    service.ends.note(place, (offsets.at(-1) ?? -1) + 1);
    for (const [at, index] of indexes.entries()) ids[index] = messageId(log, partition, offsets[at] ?? -1);
  });
  const failed = (await Promise.allSettled(sent)).find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return ids;
}
