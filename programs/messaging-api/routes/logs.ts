/** Where the messages of a topic lie in the back-end: one partition under a name of our own, or all those of a topic that the environment mapped to it. */
import type { SubscriptionDocument, TopicDocument } from '../../../contracts/messaging-documents.ts';
import type { LogPlace } from '../backend/backend.ts';
import { backendError, backendRefused } from '../errors.ts';
import type { Service } from '../service.ts';

export interface TopicLog {
  /** The back-end's name. */
  readonly topic: string;
  /** A topic of the manifest: ids carry the partition, and nothing here makes or deletes it. */
  readonly isMapped: boolean;
}

export function logOf({ project_uuid, name, kafka_topic }: TopicDocument): TopicLog {
  return kafka_topic === undefined || kafka_topic === ''
    ? { topic: `${project_uuid}.${name}`, isMapped: false }
    : { topic: kafka_topic, isMapped: true };
}

/** As if the topic were ordinary where it is gone. */
export async function logOfSubscription(service: Service, subscription: SubscriptionDocument): Promise<TopicLog> {
  const { project_uuid, topic: name } = subscription;
  const topic = await service.store.topics.first({ project_uuid, name });
  return topic === undefined ? { topic: `${project_uuid}.${name}`, isMapped: false } : logOf(topic);
}

/** Every partition. Throws 500 where the mapped topic is not there, as where the back-end does not answer. */
export async function placesOf(
  service: Service,
  { topic, isMapped }: TopicLog,
  options: { readonly fresh?: boolean } = {},
): Promise<readonly LogPlace[]> {
  if (!isMapped) return [{ topic, partition: 0 }];
  const count = await asking(service, () => service.partitionCounts.of(topic, options));
  if (count === 0) {
    service.warn('the back-end did not serve', backendRefused(topic, 'UNKNOWN_TOPIC_OR_PARTITION'));
    throw backendError();
  }
  return Array.from({ length: count }, (_each, partition) => ({ topic, partition, foreign: true }));
}

/** The id of a message: its offset, and where there are partitions, `partition-offset`. */
export function messageId({ isMapped }: TopicLog, partition: number, offset: number): string {
  return isMapped ? `${partition}-${offset}` : String(offset);
}

/** A call of the back-end: what goes wrong is logged in full, and told to the client in upstream's two words. */
export async function asking<T>(service: Service, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    service.warn('the back-end did not serve', error);
    throw backendError();
  }
}
