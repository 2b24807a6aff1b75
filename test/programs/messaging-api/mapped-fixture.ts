/** A project P whose topic M stands for the manifest's `monitoring.pms`, and the subscription S to it. */
import type { ServiceParts } from '../../../programs/messaging-api/service.ts';
import { type Api, type Received, type Reply, startApi } from './api-fixture.ts';

export { startApi } from './api-fixture.ts';

export interface MappedApi extends Api {
  /** As many records into each partition. */
  fill(counts: readonly number[]): Promise<void>;
  pull(maxMessages: number): Promise<readonly Received[]>;
  /** `partition-offset` each. */
  acknowledge(...ids: readonly string[]): Promise<Reply>;
  /** The offset in each partition. */
  stands(): Promise<readonly number[]>;
}

const kafkaTopic = 'monitoring.pms';

export async function startWithMapped(
  partitions: number,
  config: Parameters<typeof startApi>[0] = {},
  parts: Partial<ServiceParts> = {},
): Promise<MappedApi> {
  const api = mapped(await startApi(config, { partitionCountAgeMs: 0, ...parts }));
  api.backend.grow(kafkaTopic, partitions);
  await api.make('POST', 'projects/P', {});
  await api.make('PUT', 'projects/P/topics/M');
  await api.store.topics.change({ name: 'M' }, { set: { kafka_topic: kafkaTopic } });
  await api.make('PUT', 'projects/P/subscriptions/S', { topic: 'projects/P/topics/M' });
  return api;
}

/** Another node over the same store and back-end may be one too. */
export function mapped(api: Api): MappedApi {
  return {
    ...api,
    async fill(counts) {
      for (const [partition, count] of counts.entries()) {
        const records = Array.from({ length: count }, () => ({ value: Buffer.from('x') }));
        if (count > 0) await api.backend.publish({ topic: kafkaTopic, partition, foreign: true }, records);
      }
    },
    async pull(maxMessages) {
      const body = { maxMessages: String(maxMessages), returnImmediately: 'true' };
      const answer = await api.make('POST', 'projects/P/subscriptions/S:pull', body);
      return (answer as { receivedMessages: readonly Received[] }).receivedMessages;
    },
    acknowledge(...ids) {
      const ackIds = ids.map((id) => `projects/P/subscriptions/S:${id}`);
      return api.ask('POST', 'projects/P/subscriptions/S:acknowledge', { body: { ackIds } });
    },
    async stands() {
      const answer = await api.make('GET', 'projects/P/subscriptions/S:offsets');
      return (answer as { partitions: { current: number }[] }).partitions.map(({ current }) => current);
    },
  };
}
