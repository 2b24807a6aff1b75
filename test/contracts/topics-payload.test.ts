/** Payloads of the topics applier: readable while they are small, whole after their way, refused before AWS refuses them. */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packPayload, payloadLimitBytes, unpackPayload } from '../../contracts/topics-payload.ts';

const sent = (value: unknown) => JSON.parse(JSON.stringify(packPayload(value, 'it')));

test('what is small is sent as it is, so that a person may write it', () => {
  const health = { protocol: 1, environment: 'production', action: 'health' };
  expect(sent(health)).toEqual(health);
});

test('any JSON value comes back as it was, compressed or not', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 4_000 }), (value, times) => {
      const whole = { list: Array.from({ length: times }, () => value) };
      expect(unpackPayload(sent(whole), 'it')).toEqual(JSON.parse(JSON.stringify(whole)));
    }),
    { numRuns: 50 },
  );
});

test('what does not fit is refused with its size and the ways round it', () => {
  const value = { noise: randomBytes(payloadLimitBytes).toString('hex') };
  expect(() => packPayload(value, 'the request')).toThrow(
    /^the request is [\d.]+ MiB compressed, and a function takes/,
  );
});

test('a payload that is broken, or unpacks to more than memory has, is refused', () => {
  for (const packed of ['', 'AAAA', 7, gzipSync('{"half":').toString('base64')])
    expect(() => unpackPayload({ packed }, 'the answer')).toThrow('the answer cannot be unpacked');
  const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024)).toString('base64');
  expect(() => unpackPayload({ packed: bomb }, 'the answer')).toThrow('the answer cannot be unpacked');
});
