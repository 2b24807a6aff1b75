/**
 * Consumer groups: ListGroups (16, version 2) and DescribeGroups (15, version 4). A group is known to one broker, its coordinator: who wants every group
 * asks every broker, and who wants a group's members or offsets asks the one that listed it.
 *
 * Groups of the newer protocol (KIP-848, Kafka 3.7 on and only under KRaft) are listed here, but described as `Dead` and without members.
 */
import Decoder from 'kafkajs/src/protocol/decoder.js';
import { type Api, readIds, readText, type Throttled, writeArray } from '../api.ts';
import type { KafkaConnection } from '../connection.ts';
import { faultOf, type KafkaFault } from '../fault.ts';

export interface ListedGroup {
  readonly group: string;
  /** `consumer` for groups of consumers, `connect` for workers of Kafka Connect, empty where nobody ever joined. */
  readonly protocolType: string;
}

export interface GroupMember {
  readonly id: string;
  readonly clientId: string;
  readonly host: string;
  /** The topics that it asks for, whether it has got a partition of them or not; empty for groups that are not of consumers. */
  readonly subscribed: readonly string[];
  /** What the member reads now; empty for a member without a partition, and for groups that are not of consumers. */
  readonly assigned: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

export interface DescribedGroup {
  readonly group: string;
  readonly fault: KafkaFault | undefined;
  /** Kafka's words: `Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Dead`. */
  readonly state: string;
  readonly protocolType: string;
  readonly members: readonly GroupMember[];
}

interface ListResponse extends Throttled {
  readonly fault: KafkaFault | undefined;
  readonly groups: readonly ListedGroup[];
}

/** @internal */
export const listGroupsApi: Api<undefined, ListResponse> = {
  name: 'ListGroups',
  version: 2,
  repeatable: true,
  encode() {},
  decode(decoder) {
    const throttleTimeMs = decoder.readInt32();
    const fault = faultOf(decoder.readInt16());
    const groups = decoder.readArray((row) => ({ group: readText(row), protocolType: readText(row) }));
    return { throttleTimeMs, fault, groups };
  },
};

/** @internal */
export const describeGroupsApi: Api<
  { readonly groups: readonly string[] },
  Throttled & { readonly groups: readonly DescribedGroup[] }
> = {
  name: 'DescribeGroups',
  version: 4,
  repeatable: true,
  encode(encoder, { groups }) {
    writeArray(encoder, groups, (group) => encoder.writeString(group));
    encoder.writeBoolean(false); // include_authorized_operations
  },
  decode(decoder) {
    return { throttleTimeMs: decoder.readInt32(), groups: decoder.readArray(readGroup) };
  },
};

interface AskOptions {
  readonly broker: number;
  readonly signal?: AbortSignal | undefined;
}

/** The groups that one broker coordinates, or COORDINATOR_LOAD_IN_PROGRESS while it still reads them. Throws as KafkaConnection.send. */
export async function listGroups(
  connection: KafkaConnection,
  { broker, signal }: AskOptions,
): Promise<Pick<ListResponse, 'fault' | 'groups'>> {
  const { fault, groups } = await connection.send(listGroupsApi, undefined, { to: broker, signal });
  return { fault, groups };
}

/** Asked of the groups' coordinator. A group that is not there is `Dead`. Throws as KafkaConnection.send. */
export async function describeGroups(
  connection: KafkaConnection,
  groups: readonly string[],
  { broker, signal }: AskOptions,
): Promise<readonly DescribedGroup[]> {
  if (groups.length === 0) return [];
  return (await connection.send(describeGroupsApi, { groups }, { to: broker, signal })).groups;
}

function readGroup(decoder: Decoder): DescribedGroup {
  const fault = faultOf(decoder.readInt16());
  const group = readText(decoder);
  const state = readText(decoder);
  const protocolType = readText(decoder);
  decoder.readString(); // protocol_data: the assignor's name
  const members = decoder.readArray((row): GroupMember => {
    const id = readText(row);
    row.readString(); // group_instance_id
    const clientId = readText(row);
    const host = readText(row);
    const subscription = row.readBytes();
    const assignment = row.readBytes();
    const consumer = protocolType === 'consumer';
    const subscribed = consumer ? readSubscription(subscription) : [];
    return { id, clientId, host, subscribed, assigned: consumer ? readAssignment(assignment) : [] };
  });
  decoder.readInt32(); // authorized_operations
  return { group, fault, state, protocolType, members };
}

/** ConsumerProtocolSubscription.json: a version, then topics; what follows is of no use here. */
function readSubscription(bytes: Buffer | null): readonly string[] {
  if (bytes === null || bytes.length === 0) return [];
  const decoder = new Decoder(bytes);
  decoder.readInt16();
  return decoder.readArray(readText);
}

/** The consumers' own format within the group's (ConsumerProtocolAssignment.json): a version, then topics; what follows is the assignor's. */
function readAssignment(bytes: Buffer | null): GroupMember['assigned'] {
  if (bytes === null || bytes.length === 0) return [];
  const decoder = new Decoder(bytes);
  decoder.readInt16();
  return decoder.readArray((row) => ({ topic: readText(row), partitions: readIds(row) }));
}
