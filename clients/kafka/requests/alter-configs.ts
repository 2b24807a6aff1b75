/**
 * IncrementalAlterConfigs (44), version 0: sets and unsets single settings, and touches no other.
 *
 * KafkaJS has only AlterConfigs (33), which replaces the whole set, and so wipes what one did not name.
 */
import { type Api, readText, type Throttled, writeArray } from '../api.ts';
import type { KafkaConnection, SendOptions } from '../connection.ts';
import { faultOf, type KafkaFault } from '../fault.ts';
import { type ConfigResource, resourceTypes } from './describe-configs.ts';

export interface ConfigChange {
  readonly name: string;
  /** `delete` returns to what holds without it; `append` and `subtract` work on lists. */
  readonly operation: 'set' | 'delete' | 'append' | 'subtract';
  /** `undefined` only for a delete. */
  readonly value: string | undefined;
}

export interface ResourceChanges extends ConfigResource {
  readonly changes: readonly ConfigChange[];
}

export interface ResourceOutcome extends ConfigResource {
  readonly error: KafkaFault | undefined;
}

export interface AlterConfigsRequest {
  readonly resources: readonly ResourceChanges[];
  readonly validateOnly: boolean;
}

export interface AlterConfigsResponse extends Throttled {
  readonly resources: readonly ResourceOutcome[];
}

/** org.apache.kafka.clients.admin.AlterConfigOp.OpType. */
const operations = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

/** @internal */
export const alterConfigsApi: Api<AlterConfigsRequest, AlterConfigsResponse> = {
  name: 'IncrementalAlterConfigs',
  version: 0,
  repeatable: false, // an append twice is two
  encode(encoder, { resources, validateOnly }) {
    writeArray(encoder, resources, ({ type, name, changes }) => {
      encoder.writeInt8(resourceTypes[type]).writeString(name);
      writeArray(encoder, changes, (change) => {
        encoder
          .writeString(change.name)
          .writeInt8(operations[change.operation])
          .writeString(change.value ?? null);
      });
    });
    encoder.writeBoolean(validateOnly);
  },
  decode(decoder) {
    const throttleTimeMs = decoder.readInt32();
    const resources = decoder.readArray((row): ResourceOutcome => {
      const code = row.readInt16();
      const error = faultOf(code, row.readString());
      const type = row.readInt8() === resourceTypes.broker ? 'broker' : 'topic';
      return { error, type, name: readText(row) };
    });
    return { throttleTimeMs, resources };
  },
};

/** One request; the caller chunks, and sends a broker's changes to that broker. Throws as KafkaConnection.send. */
export async function alterConfigs(
  connection: KafkaConnection,
  resources: readonly ResourceChanges[],
  { validateOnly = false, ...send }: { validateOnly?: boolean } & SendOptions = {},
): Promise<readonly ResourceOutcome[]> {
  if (resources.length === 0) return [];
  return (await connection.send(alterConfigsApi, { resources, validateOnly }, send)).resources;
}
