/**
 * A group's coordinator that is gone, for KafkaJS 2.2.4: its consumers look for the coordinator once, when they join, and go on asking the broker that it was.
 * One that is dead refuses, and after eight tries the consumer begins anew; one that hangs, or whose machine is cut off, takes half a minute for each of them.
 * Seen where a leader was paused that was the coordinator too: 70 s without a message, although another broker had been the coordinator for 50 of them.
 *
 * Here such a consumer asks who it is by now, as Kafka's own client does (AbstractCoordinator, markCoordinatorUnknown). Where the old one refuses it is heard
 * there within its session and stays a member: what a coordinator knows of its groups lies in a topic, from which the next one reads it. Where the old one
 * hangs, the session (6 s) is over before its request is given up (30 s), and it joins anew.
 */
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';

interface BrokerLost extends Error {
  readonly host?: string;
  readonly port?: number;
}

const { heartbeat, commitOffsets, commitOffsetsIfNecessary, recoverFromFetch } = ConsumerGroup.prototype;

ConsumerGroup.prototype.heartbeat = async function heartbeatOf(options) {
  await atCoordinator(this, () => heartbeat.call(this, options));
};
ConsumerGroup.prototype.commitOffsets = async function commitOffsetsOf(offsets) {
  await atCoordinator(this, () => commitOffsets.call(this, offsets));
};
ConsumerGroup.prototype.commitOffsetsIfNecessary = async function commitIfNecessary() {
  await atCoordinator(this, () => commitOffsetsIfNecessary.call(this));
};
/** A broker that a fetch has lost may be the coordinator: it is not asked once more as such, for another half minute. */
ConsumerGroup.prototype.recoverFromFetch = async function recover(error) {
  await recoverFromFetch.call(this, error);
  if (isLost(error) && this.coordinator !== null && isOf(this.coordinator.connectionPool, error)) await look(this);
};

/** Where it is another broker by now the request is made once more, there; else the caller hears why it failed, and comes again after its pause. */
async function atCoordinator(group: ConsumerGroup, request: () => Promise<void>): Promise<void> {
  const asked = group.coordinator;
  try {
    await request();
  } catch (error) {
    if (!isLost(error)) throw error;
    group.cluster.removeBroker(error);
    const found = await look(group);
    // Another request may have found it meanwhile.
    if (found === undefined || found.nodeId === asked?.nodeId) throw error;
    await request();
  }
}

/** Who the coordinator is, whom the group asks from now on; undefined where nobody says. */
async function look(group: ConsumerGroup): Promise<NonNullable<ConsumerGroup['coordinator']> | undefined> {
  try {
    await group.cluster.refreshMetadata();
    const found = await group.cluster.findGroupCoordinator({ groupId: group.groupId });
    group.coordinator = found;
    if (group.offsetManager !== null) group.offsetManager.coordinator = found;
    return found;
  } catch {
    return undefined;
  }
}

/** The last is of a broker that the metadata have no longer. */
const lostNames = ['KafkaJSConnectionClosedError', 'KafkaJSConnectionError', 'KafkaJSBrokerNotFound'];

function isLost(error: unknown): error is BrokerLost {
  return error instanceof Error && lostNames.includes(error.name);
}

function isOf({ host, port }: { readonly host: string; readonly port: number }, error: BrokerLost): boolean {
  return error.host === host && error.port === port;
}
