/**
 * Kafka's error codes as data: what one resource of a request was answered. Source: KafkaJS's table (up to 88), and
 * org.apache.kafka.common.protocol.Errors for those that came later.
 */
import protocolError from 'kafkajs/src/protocol/error.js';

export interface KafkaFault {
  /** Kafka's number. */
  readonly code: number;
  /** Kafka's name for it, such as TOPIC_ALREADY_EXISTS. */
  readonly name: string;
  /** Whether Kafka says that the same request may succeed later. */
  readonly retriable: boolean;
  /** The broker's own words where it sends any, else Kafka's general ones. */
  readonly message: string;
}

const later: readonly KafkaFault[] = [
  { code: 89, name: 'THROTTLING_QUOTA_EXCEEDED', retriable: true, message: 'The quota of changes is used up for now' },
  { code: 90, name: 'PRODUCER_FENCED', retriable: false, message: 'A newer producer has the same transactional id' },
  { code: 91, name: 'RESOURCE_NOT_FOUND', retriable: false, message: 'There is no such resource' },
  { code: 92, name: 'DUPLICATE_RESOURCE', retriable: false, message: 'The resource was named twice' },
  { code: 93, name: 'UNACCEPTABLE_CREDENTIAL', retriable: false, message: 'The credential does not meet the criteria' },
  { code: 100, name: 'UNKNOWN_TOPIC_ID', retriable: true, message: 'This server does not host this topic id' },
  { code: 116, name: 'BROKER_ID_NOT_REGISTERED', retriable: false, message: 'The broker id is not registered' },
];

const known: ReadonlyMap<number, KafkaFault> = new Map(
  [
    ...protocolError.errorCodes.map(({ code, type, retriable, message }) => ({ code, name: type, retriable, message })),
    ...later,
  ].map((fault) => [fault.code, fault]),
);

/** `undefined` for 0, Kafka's "no error". */
export function faultOf(code: number, message?: string | null): KafkaFault | undefined {
  if (code === 0) return undefined;
  const fault = known.get(code) ?? {
    code,
    name: `ERROR_${code}`,
    retriable: false,
    message: `Kafka answered the error ${code}, which is newer than this program`,
  };
  return message === undefined || message === null || message === '' ? fault : { ...fault, message };
}
