/**
 * DescribeConfigs (32), version 2: settings of topics and brokers with where each value comes from.
 *
 * KafkaJS says `isDefault` of the built-in default only, so a broker's static setting looks like a topic's own: the source decides.
 */
import type Decoder from 'kafkajs/src/protocol/decoder.js';
import { type Api, readText, type Throttled, writeArray, writeNullableArray } from '../api.ts';
import type { KafkaConnection, SendOptions } from '../connection.ts';
import { faultOf, type KafkaFault } from '../fault.ts';

/** Where a value comes from: org.apache.kafka.clients.admin.ConfigEntry.ConfigSource. */
export type ConfigSource =
  | 'unknown'
  | 'topic'
  | 'dynamic-broker'
  | 'dynamic-default-broker'
  | 'static-broker'
  | 'default'
  | 'dynamic-broker-logger';

export interface ConfigResource {
  readonly type: 'topic' | 'broker';
  /** A topic's name, or a broker's id in decimal. */
  readonly name: string;
}

export interface ConfigValue {
  readonly name: string;
  /** `undefined` for a sensitive value, and for one that is not set. */
  readonly value: string | undefined;
  readonly source: ConfigSource;
}

export interface ConfigEntry extends ConfigValue {
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  /** What would hold without the first, the nearest first; empty unless asked for. */
  readonly synonyms: readonly ConfigValue[];
}

export interface DescribedConfigs extends ConfigResource {
  readonly fault: KafkaFault | undefined;
  readonly entries: readonly ConfigEntry[];
}

export interface DescribeConfigsRequest {
  readonly resources: readonly ConfigResource[];
  /** `undefined` asks for every setting. */
  readonly names: readonly string[] | undefined;
  readonly synonyms: boolean;
}

export interface DescribeConfigsResponse extends Throttled {
  readonly resources: readonly DescribedConfigs[];
}

/** Kafka's numbers for the kinds of resources. */
export const resourceTypes = { topic: 2, broker: 4 } as const;

/** In order of Kafka's numbers, from 0. */
const sources: readonly ConfigSource[] = [
  'unknown',
  'topic',
  'dynamic-broker',
  'dynamic-default-broker',
  'static-broker',
  'default',
  'dynamic-broker-logger',
];

/** @internal */
export const describeConfigsApi: Api<DescribeConfigsRequest, DescribeConfigsResponse> = {
  name: 'DescribeConfigs',
  version: 2,
  repeatable: true,
  encode(encoder, { resources, names, synonyms }) {
    writeArray(encoder, resources, ({ type, name }) => {
      encoder.writeInt8(resourceTypes[type]).writeString(name);
      writeNullableArray(encoder, names, (setting) => encoder.writeString(setting));
    });
    encoder.writeBoolean(synonyms);
  },
  decode(decoder) {
    return { throttleTimeMs: decoder.readInt32(), resources: decoder.readArray(readResource) };
  },
};

/**
 * One request; the caller chunks. A broker's settings are asked of that broker (it alone knows them), topics' of any.
 * Throws as KafkaConnection.send.
 */
export async function describeConfigs(
  connection: KafkaConnection,
  resources: readonly ConfigResource[],
  { names, synonyms = false, ...send }: { names?: readonly string[]; synonyms?: boolean } & SendOptions = {},
): Promise<readonly DescribedConfigs[]> {
  if (resources.length === 0) return [];
  return (await connection.send(describeConfigsApi, { resources, names, synonyms }, send)).resources;
}

function readResource(decoder: Decoder): DescribedConfigs {
  const code = decoder.readInt16();
  const fault = faultOf(code, decoder.readString());
  const type = decoder.readInt8() === resourceTypes.broker ? 'broker' : 'topic';
  return { fault, type, name: readText(decoder), entries: decoder.readArray(readEntry) };
}

function readEntry(decoder: Decoder): ConfigEntry {
  const name = readText(decoder);
  const value = decoder.readString() ?? undefined;
  const readOnly = decoder.readBoolean();
  const source = sources[decoder.readInt8()] ?? 'unknown';
  const sensitive = decoder.readBoolean();
  return { name, value, source, readOnly, sensitive, synonyms: decoder.readArray(readSynonym) };
}

function readSynonym(decoder: Decoder): ConfigValue {
  return {
    name: readText(decoder),
    value: decoder.readString() ?? undefined,
    source: sources[decoder.readInt8()] ?? 'unknown',
  };
}
