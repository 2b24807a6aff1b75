/** The wire's bytes written out by hand, for tests of requests and answers. */
import Decoder from 'kafkajs/src/protocol/decoder.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import type { Api, Throttled } from '../../clients/kafka/api.ts';

/** What a request writes after its header, in hexadecimal. */
export function bytes<Request>(api: Api<Request, Throttled>, request: Request): string {
  const encoder = new Encoder();
  api.encode(encoder, request);
  return encoder.buffer.toString('hex');
}

/** Hexadecimal in groups, text as length and bytes. */
export function hex(...parts: readonly (string | { readonly text: string })[]): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part.replaceAll(' ', '');
      const text = Buffer.from(part.text);
      return text.length.toString(16).padStart(4, '0') + text.toString('hex');
    })
    .join('');
}

export function text(value: string): { readonly text: string } {
  return { text: value };
}

/** An answer read as a request's own reader reads it; fails where bytes are left over. */
export function answer<Response extends Throttled>(
  api: Api<never, Response>,
  ...parts: readonly (string | { readonly text: string })[]
): Response {
  const end = 'c0ffee00';
  const decoder = new Decoder(Buffer.from(hex(...parts, end), 'hex'));
  const response = api.decode(decoder);
  if (decoder.readInt32() !== Number.parseInt(end, 16) >> 0)
    throw new Error('the reader stopped at another byte than the last');
  return response;
}
