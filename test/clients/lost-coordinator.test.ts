/** A member whose coordinator is gone: it must ask who it is by now, or it asks the dead one for as long as it is dead. Real KafkaJS, brokers of the test. */
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import errors from 'kafkajs/src/errors.js';
import { beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../clients/kafka/kafkajs.ts';

type Broker = NonNullable<ConsumerGroup['coordinator']>;

const dead = { host: 'worker-1', port: 9092 };
const lost = () => new errors.KafkaJSConnectionClosedError('timed out', dead);

describe('a consumer whose coordinator is gone', () => {
  let asked: string[];
  let first: Broker;
  let second: Broker;
  /** Whom the cluster names. */
  let named: Broker;

  beforeEach(() => {
    asked = [];
    const broker = (nodeId: number, heartbeat: () => Promise<void>) => {
      const said = async () => {
        asked.push(`heartbeat at ${nodeId}`);
        await heartbeat();
      };
      return { nodeId, connectionPool: { host: `worker-${nodeId}`, port: 9092 }, heartbeat: said };
    };
    first = broker(1, () => Promise.reject(lost()));
    second = broker(2, async () => undefined);
    named = second;
  });

  const member = () => {
    const group = new ConsumerGroup({
      groupId: 'readers',
      logger: createLogger(undefined),
      instrumentationEmitter: { emit: () => undefined },
      cluster: {
        removeBroker: ({ host }) => asked.push(`forget ${host}`),
        refreshMetadata: async () => void asked.push('refresh'),
        findGroupCoordinator: async ({ groupId }) => {
          asked.push(`find ${groupId}`);
          return named;
        },
      },
    });
    group.coordinator = first;
    group.memberId = 'member-1';
    group.offsetManager = { coordinator: first };
    return group;
  };
  const found = ['refresh', 'find readers'];

  it('asks for another one, and is a member there with the same request', async () => {
    const group = member();
    await group.heartbeat({ interval: -1 });
    expect(asked).toEqual(['heartbeat at 1', 'forget worker-1', ...found, 'heartbeat at 2']);
    expect([group.coordinator, group.offsetManager?.coordinator]).toEqual([second, second]);
  });

  it('asks there too where another request has found it meanwhile', async () => {
    const group = member();
    const meanwhile = async () => {
      group.coordinator = second;
      throw lost();
    };
    group.coordinator = { ...first, heartbeat: meanwhile };
    await group.heartbeat({ interval: -1 });
    expect(asked.at(-1)).toBe('heartbeat at 2');
  });

  it('takes a broker that the metadata have no longer for gone', async () => {
    const group = member();
    const unknown = Object.assign(new Error('Broker 1 not found in the cached metadata'), {
      name: 'KafkaJSBrokerNotFound',
    });
    group.coordinator = { ...first, heartbeat: () => Promise.reject(unknown) };
    await group.heartbeat({ interval: -1 });
    expect(group.coordinator).toBe(second);
  });

  it('hears why while there is no other one, and asks no more often than it comes', async () => {
    named = first;
    await expect(member().heartbeat({ interval: -1 })).rejects.toMatchObject({ name: 'KafkaJSConnectionClosedError' });
    expect(asked).toEqual(['heartbeat at 1', 'forget worker-1', ...found]);
  });

  it('does not take what a broker answers for its end', async () => {
    const group = member();
    const answer = Object.assign(new Error('the group is rebalancing'), { type: 'REBALANCE_IN_PROGRESS' });
    group.coordinator = { ...first, heartbeat: () => Promise.reject(answer) };
    await expect(group.heartbeat({ interval: -1 })).rejects.toBe(answer);
    expect(asked).toEqual([]);
  });

  it('learns it from a fetch as well, where the leader that it lost was the coordinator too; of another leader nothing follows', async () => {
    const group = member();
    await group.recoverFromFetch(
      new errors.KafkaJSConnectionClosedError('timed out', { host: 'worker-3', port: 9092 }),
    );
    expect([asked, group.coordinator]).toEqual([['forget worker-3'], first]);
    await group.recoverFromFetch(lost());
    expect(asked).toEqual(['forget worker-3', 'forget worker-1', ...found]);
    expect(group.coordinator).toBe(second);
  });

  it('commits where the group lies by now', async () => {
    const group = member();
    const at: number[] = [];
    group.offsetManager = {
      coordinator: first,
      async commitOffsets() {
        const { nodeId } = this.coordinator;
        at.push(nodeId);
        if (nodeId === 1) throw lost();
      },
    };
    await group.commitOffsets();
    expect(at).toEqual([1, 2]);
  });
});
