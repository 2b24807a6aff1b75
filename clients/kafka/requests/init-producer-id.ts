/** InitProducerId (22), version 1: a number of its own for a producer without transactions, given by any broker (KIP-98). */
import type { Api, Throttled } from '../api.ts';
import { faultOf, type KafkaFault } from '../fault.ts';

export interface ProducerIdentity extends Throttled {
  readonly fault: KafkaFault | undefined;
  readonly id: bigint;
  readonly epoch: number;
}

export const initProducerIdApi: Api<undefined, ProducerIdentity> = {
  name: 'InitProducerId',
  version: 1,
  repeatable: true,
  encode(encoder) {
    encoder.writeString(null).writeInt32(0); // no transaction, and so no time-out of one
  },
  decode(decoder) {
    const throttleTimeMs = decoder.readInt32();
    const fault = faultOf(decoder.readInt16());
    const id = BigInt(String(decoder.readInt64()));
    return { throttleTimeMs, fault, id, epoch: decoder.readInt16() };
  },
};
