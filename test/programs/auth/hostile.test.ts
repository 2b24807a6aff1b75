/** Requests that mean no good: whatever is sent, the authentication service answers it, with no 5xx, no stack, and nothing without a key or a certificate. */

import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Auth, type OwnCertificates, ownCertificates, serviceToken, startAuth } from './auth-fixture.ts';

let own: OwnCertificates;
let auth: Auth;
beforeAll(async () => {
  own = await ownCertificates();
  auth = await startAuth(own);
  const type = { name: 'ams', hosts: ['h1'], auth_types: ['x509'], auth_method: 'headers', type: 'ams' };
  await auth.ask('POST', 'service-types', { body: type });
});
afterAll(() => auth.close());

const segment = fc.oneof(
  fc.constantFrom('service-types', 'ams', 'hosts', 'h1', 'authm', 'bindings', 'h1:authx509', ':authx509', 'version'),
  fc.constantFrom(
    '..',
    '.',
    '%2e%2e',
    '%2f',
    '%00',
    '%ff',
    '%',
    '$where',
    '__proto__',
    'constructor',
    'a'.repeat(2_000),
  ),
  fc.string({ maxLength: 8 }).map(encodeURIComponent),
);
const path = fc.array(segment, { maxLength: 6 }).map((segments) => `/v1/${segments.join('/')}`);
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom('x509', 'ams', 'h1', 'headers', 443, ['h1'], ['x509'], { $gt: '' }, { 'a.b': 'c' }, null),
);
const field = fc.constantFrom(
  'name',
  'hosts',
  'auth_types',
  'auth_method',
  'type',
  'host',
  'port',
  'access_key',
  'headers',
  'service_uuid',
  'auth_identifier',
  'unique_key',
  'auth_type',
  '__proto__',
);
const body = fc.oneof(
  fc.dictionary(field, value).map((fields) => JSON.stringify(fields)),
  fc.constantFrom('', 'null', '[', '{"__proto__":{"hosts":["h1"]}}', `${'['.repeat(10_000)}`),
  fc.string({ maxLength: 30 }),
);
const key = fc.constantFrom(`?key=${serviceToken}`, '', '?key=', '?key=wrong', `?key=wrong&key=${serviceToken}`);

it('3,000 generated requests get an answer that is no failure of ours, and none changes anything without the key', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'),
      path,
      key,
      body,
      async (method, url, query, payload) => {
        const before = await auth.store.serviceTypes.count({});
        const sent = method === 'GET' || method === 'HEAD' ? {} : { payload };
        const { statusCode, body: text } = await auth.app.inject({ method, url: `${url}${query}`, ...sent } as never);
        expect(statusCode).toBeLessThan(500);
        expect(text).not.toMatch(/\.ts:\d|node_modules|at \w+ \(/);
        if (query !== `?key=${serviceToken}`) {
          expect(statusCode === 201 || statusCode === 204).toBe(false);
          expect(await auth.store.serviceTypes.count({})).toBe(before);
        }
      },
    ),
    { numRuns: 3_000 },
  );
  expect({}).not.toHaveProperty('hosts');
}, 60_000);

/** What the server says to these bytes before it ends the connection. */
function say(bytes: string): Promise<string> {
  const { port } = auth.app.server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca: own.authority }, () => socket.write(bytes));
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(answer));
  });
}

it.each([
  ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'],
  ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a folded header', 'X-A: b\r\n c: d\r\n\tGET / HTTP/1.1\r\n\r\n'],
])('a request with %s is refused as a whole', async (_what, rest) => {
  const answer = await say(
    `POST /v1/bindings/x?key=${serviceToken} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${rest}`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
});

it('TLS before 1.2 is not spoken', async () => {
  const { port } = auth.app.server.address() as AddressInfo;
  const old = new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', ca: own.authority, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
    const socket = connect({ ...options, ciphers: 'DEFAULT@SECLEVEL=0' }, () => resolve(socket.getProtocol()));
    socket.once('error', reject);
  });
  await expect(old).rejects.toThrow();
});
