/** Publishing: one produce request for a batch, all or nothing, ids that are the broker's offsets (reference, sections 2 and 3). */
import { z } from 'zod';
import { mustBeListed } from '../access.ts';
import { backendError, internal, invalid, invalidArguments, Refusal, tooLarge } from '../errors.ts';
import { fields, readBody, text } from '../lenient-json.ts';
import { encodeRecord } from '../record.ts';
import type { Call, Service } from '../service.ts';
import { logOf, topicOf } from './find.ts';

/** Upstream's producer refuses a greater record. */
const recordBytes = 1_500_000;

const message = fields({ attributes: z.record(z.string(), z.string()).default({}), data: text() });
const publishShape = fields({ messages: z.array(message).default([]) });

export async function publish(service: Service, call: Call): Promise<object> {
  const topic = await topicOf(service, call);
  mustBeListed(service, call.caller, 'publisher', topic.acl);
  const { messages } = readBody(publishShape, call.body, invalidArguments('Message'));
  if (topic.schema_uuid !== '') {
    const schema = await service.store.schemas.first({ uuid: topic.schema_uuid });
    if (schema === undefined) throw internal('Could not load schema for topic');
    const check = service.schemas.stored(schema);
    for (const [index, { data }] of messages.entries()) {
      const fault = check(data);
      if (fault !== undefined) throw invalid(`Message ${index} ${fault}`);
    }
  }
  if (messages.length === 0) return { messageIds: [] };
  const at = service.now();
  const values = messages.map((each) => encodeRecord(each, at));
  if (values.some((value) => value.length > recordBytes)) throw tooLarge();
  let offsets: readonly number[];
  try {
    offsets = await service.publishing.publish(
      logOf(topic.project_uuid, topic.name),
      values.map((value) => ({ value })),
    );
  } catch (error) {
    if (error instanceof Refusal) throw error;
    service.warn('a publish failed', error);
    throw backendError();
  }
  const bytes = messages.reduce((sum, { data }) => sum + data.length, 0);
  // The messages are there: a count that fails must not make a client send them again.
  await count(service, topic, messages.length, bytes, at).catch((error) =>
    service.warn('a publish is not counted', error),
  );
  return { messageIds: offsets.map(String) };
}

async function count(
  { store }: Service,
  topic: { readonly project_uuid: string; readonly name: string; readonly latest_publish: Date },
  messages: number,
  bytes: number,
  at: Date,
): Promise<void> {
  const { project_uuid, name, latest_publish } = topic;
  const date = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()));
  await Promise.all([
    store.topics.change(
      { project_uuid, name },
      {
        add: { msg_num: messages, total_bytes: bytes },
        set: { latest_publish: at, publish_rate: rate(messages, latest_publish, at) },
      },
    ),
    store.dailyCounts.change(
      { date, project_uuid, topic_name: name },
      { add: { msg_count: messages }, insertMissing: true },
    ),
  ]);
}

/** Messages a second since the event before; the first event counts as one second. */
export function rate(messages: number, before: Date, at: Date): number {
  const passed = (at.getTime() - before.getTime()) / 1000;
  return before.getTime() < 0 || passed <= 0 ? messages : messages / passed;
}
