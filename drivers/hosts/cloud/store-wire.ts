/**
 * MongoDB's wire protocol as far as a front before a server needs it: where one message ends, what command a request is, and an answer to it. Source:
 * MongoDB's manual, "MongoDB Wire Protocol" (OP_MSG; OP_QUERY and OP_REPLY, kept for the greeting alone).
 */
import { BSON, type Document } from 'bson';

const headBytes = 16;
const opReply = 1;
const opQuery = 2004;
const opMsg = 2013;
/** The manual's maxMessageSizeBytes. */
export const messageBytes = 48_000_000;
/** OP_MSG: a sum follows; the sender sends more without being asked. */
const flags = { checksum: 1, moreToCome: 2 } as const;

export interface Request {
  readonly id: number;
  readonly form: 'query' | 'message';
  readonly command: Document;
  /** Whoever sent it waits for no answer. */
  readonly silent: boolean;
}

/** Gathers what a connection brings, and gives whole messages. Throws a RangeError for a length that no message has. */
export function messageSplitter(): (chunk: Buffer) => readonly Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const whole: Buffer[] = [];
    while (rest.length >= 4) {
      const length = rest.readInt32LE(0);
      if (length < headBytes || length > messageBytes) throw new RangeError(`a message of ${length} bytes`);
      if (rest.length < length) break;
      whole.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    return whole;
  };
}

/** Undefined for a kind of message that carries no command. Throws for bytes that are none. */
export function readRequest(message: Buffer): Request | undefined {
  const id = message.readInt32LE(4);
  const kind = message.readInt32LE(12);
  if (kind === opQuery) {
    // Flags, the collection's name, how many to skip, how many to return.
    const afterName = message.indexOf(0, headBytes + 4) + 1;
    return { id, form: 'query', command: documentAt(message, afterName + 8), silent: false };
  }
  if (kind !== opMsg) return undefined;
  const bits = message.readUInt32LE(headBytes);
  const silent = (bits & flags.moreToCome) !== 0;
  const end = message.length - ((bits & flags.checksum) === 0 ? 0 : 4);
  for (let at = headBytes + 4; at < end; ) {
    if (message[at] === 0) return { id, form: 'message', command: documentAt(message, at + 1), silent };
    // A sequence of documents beside the command; its length counts itself.
    at += 1 + message.readInt32LE(at + 1);
  }
  return undefined;
}

function documentAt(message: Buffer, at: number): Document {
  return BSON.deserialize(message.subarray(at, at + message.readInt32LE(at)));
}

/** The name of a command is its first field. */
export function commandName({ command }: Request): string {
  return Object.keys(command)[0] ?? '';
}

export function writeReply({ id, form }: Pick<Request, 'id' | 'form'>, document: Document): Buffer {
  const body = BSON.serialize(document);
  // Of OP_REPLY: flags, cursor (8), from which document on, how many.
  const before = form === 'query' ? Buffer.alloc(20) : Buffer.alloc(5);
  if (form === 'query') before.writeInt32LE(1, 16);
  const head = Buffer.alloc(headBytes);
  head.writeInt32LE(headBytes + before.length + body.length, 0);
  head.writeInt32LE(id, 8);
  head.writeInt32LE(form === 'query' ? opReply : opMsg, 12);
  return Buffer.concat([head, before, body]);
}
