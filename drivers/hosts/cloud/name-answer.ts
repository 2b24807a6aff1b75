/** One question to the resolver, and its answer, as bytes (RFC 1035, 4.1): addresses of names that are known, and that there is no other. Pure. */

const typeA = 1;
const headBytes = 12;
const ttlSeconds = 5;

/** `addressesOf`: undefined where there is no such name. Undefined for bytes that are no question. */
export function answerQuestion(
  question: Buffer,
  addressesOf: (name: string) => readonly string[] | undefined,
): Buffer | undefined {
  if (question.length < headBytes + 5 || question.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = headBytes;
  for (;;) {
    const length = question[at];
    if (length === undefined || length > 63) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(question.toString('latin1', at, at + length));
    at += length;
  }
  if (at + 4 > question.length) return undefined;
  const type = question.readUInt16BE(at);
  const known = addressesOf(labels.join('.').toLowerCase());
  const addresses = type === typeA ? (known ?? []) : [];
  const head = Buffer.alloc(headBytes);
  head.writeUInt16BE(question.readUInt16BE(0), 0);
  // An answer, by one who knows and may ask others; 3 is "no such name".
  head.writeUInt16BE(0x8580 | (known === undefined ? 3 : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(addresses.length, 6);
  const asked = question.subarray(headBytes, at + 4);
  return Buffer.concat([head, asked, ...addresses.map(recordOf)]);
}

function recordOf(address: string): Buffer {
  const record = Buffer.alloc(16);
  // The name is the one at byte 12.
  record.writeUInt16BE(0xc000 | headBytes, 0);
  record.writeUInt16BE(typeA, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(ttlSeconds, 6);
  record.writeUInt16BE(4, 10);
  for (const [index, part] of address.split('.').entries()) record.writeUInt8(Number(part), 12 + index);
  return record;
}
