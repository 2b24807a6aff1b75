/**
 * How requests and answers of the topics applier fit into a function's payload. AWS Lambda takes and gives 6 MB a call (quota "Invocation payload",
 * synchronous, each for request and response), and the state of ten thousand topics is more than that as plain JSON. What is large is compressed;
 * what is small stays readable, so that a person may ask the function by hand.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { EnsembleError } from './error.ts';

/** 6 MB as AWS counts it, less what the envelope takes. @internal */
export const payloadLimitBytes = 6 * 1024 * 1024 - 64 * 1024;
/** Below this nothing is compressed. */
const plainBytes = 32 * 1024;
/** What may come out of a compressed payload: some twenty times what fits in, and no more than the function has memory for. */
const unpackedLimitBytes = 192 * 1024 * 1024;

/** What is to be sent as JSON: the value, or `{"packed": "base64 of gzip"}` of it. Throws TOPICS_PAYLOAD_TOO_LARGE. */
export function packPayload(value: unknown, what: string): unknown {
  const text = JSON.stringify(value);
  if (text.length <= plainBytes) return value;
  const packed = gzipSync(text).toString('base64');
  if (packed.length > payloadLimitBytes) throw tooLarge(what, packed.length);
  return { packed };
}

/** The value of a payload that was parsed as JSON. Throws TOPICS_PAYLOAD_UNREADABLE. */
export function unpackPayload(raw: unknown, what: string): unknown {
  if (typeof raw !== 'object' || raw === null || !('packed' in raw)) return raw;
  try {
    if (typeof raw.packed !== 'string') throw new TypeError('`packed` is no text');
    const bytes = gunzipSync(Buffer.from(raw.packed, 'base64'), { maxOutputLength: unpackedLimitBytes });
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new EnsembleError({
      code: 'TOPICS_PAYLOAD_UNREADABLE',
      message: `${what} cannot be unpacked: ${cause instanceof Error ? cause.message : String(cause)}`,
      next: 'Use the same version of Ensemble for the command and for the deployed function.',
      cause,
    });
  }
}

function tooLarge(what: string, bytes: number): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_PAYLOAD_TOO_LARGE',
    message: `${what} is ${(bytes / 1024 / 1024).toFixed(1)} MiB compressed, and a function takes and gives ${(payloadLimitBytes / 1024 / 1024).toFixed(1)} MiB`,
    next: 'Split the manifest and name its parts with --manifest, or work inside the private network with --bootstrap.',
  });
}
