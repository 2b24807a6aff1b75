/** What hostile clients send: bytes that are almost HTTP, paths that hide their name, bodies that are bombs. None is served, and none is told where we stand. */

import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Api, publishTexts, refusal, serviceToken, startApi, startWithSubscription } from './api-fixture.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** An API on a socket, and what it says to raw bytes until it closes the connection or falls silent. */
async function listening(api: Api): Promise<(bytes: string) => Promise<string>> {
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  ends.push(() => api.app.close());
  const { port } = api.app.server.address() as AddressInfo;
  return (bytes) =>
    new Promise((resolve) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')));
      socket.setEncoding('latin1').setTimeout(400, () => socket.destroy());
      socket.on('data', (text) => {
        answer += text;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(answer));
    });
}

const head = (lines: readonly string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const key = `x-api-key: ${serviceToken}`;
const publishPath = '/v1/projects/P/topics/T:publish';
/** What an attacker wants to have served behind the first request. */
const smuggled = head(['DELETE /v1/projects/P HTTP/1.1', 'Host: x', key]);

const ambiguous: Readonly<Record<string, string>> = {
  'a length and chunks': `${head([`POST ${publishPath} HTTP/1.1`, 'Host: x', key, 'Content-Length: 5', 'Transfer-Encoding: chunked'])}0\r\n\r\n${smuggled}`,
  'chunks and a length': `${head([`POST ${publishPath} HTTP/1.1`, 'Host: x', key, 'Transfer-Encoding: chunked', `Content-Length: ${smuggled.length}`])}0\r\n\r\n${smuggled}`,
  'two lengths': `${head([`POST ${publishPath} HTTP/1.1`, 'Host: x', key, 'Content-Length: 2', `Content-Length: ${2 + smuggled.length}`])}{}${smuggled}`,
  'a list of lengths': `${head([`POST ${publishPath} HTTP/1.1`, 'Host: x', key, 'Content-Length: 2, 2'])}{}${smuggled}`,
  'a length with a sign': `${head([`POST ${publishPath} HTTP/1.1`, 'Host: x', key, 'Content-Length: +2'])}{}${smuggled}`,
  'a coding that is not last': `${head([`POST ${publishPath} HTTP/1.1`, 'Host: x', key, 'Transfer-Encoding: chunked, identity'])}0\r\n\r\n${smuggled}`,
  'a space before the colon': `${head([`POST ${publishPath} HTTP/1.1`, 'Host: x', key, 'Transfer-Encoding : chunked'])}0\r\n\r\n${smuggled}`,
  'a chunk of no size': `${head([`POST ${publishPath} HTTP/1.1`, 'Host: x', key, 'Transfer-Encoding: chunked'])}zz\r\n${smuggled}`,
  'a line folded before the length': `${head([`POST ${publishPath} HTTP/1.1`, 'Host: x', key, 'X: a', ' Content-Length: 2', 'Transfer-Encoding:', ' chunked'])}${smuggled}`,
  'a NUL in a header': head(['GET /v1/projects HTTP/1.1', 'Host: x', `x-api-key: ${serviceToken}\0`]),
  'no method at all': '\r\n\r\n\0\0\0{}',
  'a header without a name': head(['GET /v1/projects HTTP/1.1', ': x', key]),
};

test('a request whose end can be read in two ways is refused, and nothing behind it is served', async () => {
  const api = await startWithSubscription();
  const say = await listening(api);
  for (const [what, bytes] of Object.entries(ambiguous)) {
    const answer = await say(bytes);
    expect([what, /^HTTP\/1\.1 (400|401) /.test(answer), answer.includes('HTTP/1.1 200')]).toEqual([what, true, false]);
    expect(answer).not.toMatch(/node_modules|\.ts:\d|HPE_/);
  }
  expect(await api.store.projects.count({})).toBe(1);
});

test('a folded key is no key, and a doubled one is not one of the two', async () => {
  const say = await listening(await startWithSubscription());
  const half = Math.floor(serviceToken.length / 2);
  const folded = `x-api-key: ${serviceToken.slice(0, half)}\r\n ${serviceToken.slice(half)}`;
  for (const lines of [[folded], [key, 'x-api-key: other'], ['x-api-key: other', key]]) {
    const answer = await say(head(['GET /v1/users HTTP/1.1', 'Host: x', ...lines]));
    expect(answer).toMatch(/^HTTP\/1\.1 40[01] /);
  }
});

test('headers beyond measure, and a method that nobody knows, are refused in our own words', async () => {
  const say = await listening(await startApi());
  const long = await say(head(['GET /v1/status HTTP/1.1', `X: ${'x'.repeat(40_000)}`]));
  expect(long).toMatch(/^HTTP\/1\.1 431 /);
  expect(JSON.parse(long.split('\r\n\r\n')[1] ?? '')).toEqual(
    refusal(431, 'REQUEST_HEADER_FIELDS_TOO_LARGE', 'Request Header Fields Too Large'),
  );
  expect(await say(head(['BREW /v1/status HTTP/1.1', 'Host: x']))).toMatch(/^HTTP\/1\.1 400 /);
  expect(await say(head(['GET /v1/../v1/%2e/projects HTTP/1.1', 'Host: x', key]))).toMatch(
    /^HTTP\/1\.1 301 .*location: \/v1\/projects\r\n/s,
  );
  for (const method of ['PATCH', 'TRACE', 'HEAD', 'OPTIONS'])
    expect(await say(head([`${method} /v1/status HTTP/1.1`, 'Host: x', 'Connection: close']))).toMatch(
      /^HTTP\/1\.1 404 /,
    );
});

test('a path that hides its name is a bad name, a redirect within this host, or not found; never a file, never another name', async () => {
  const api = await startWithSubscription();
  const paths = [
    '/v1/projects/P/topics/%2e%2e',
    '/v1/projects/P/topics/..%2f..%2fetc%2fpasswd',
    '/v1/projects/P/topics/T%00',
    '/v1/projects/P/topics/%c0%ae',
    '/v1/projects/P/topics/%ff',
    '/v1/projects/P/topics/%zz',
    '/v1/projects/P/topics/T%20',
    '/v1/projects/P/topics/T%0d%0aX-Injected:1',
    '/v1/projects/%7B%7D/topics',
    '//evil.example/..',
    '/\\evil.example',
    '/v1/projects/P/topics/T;x=1',
    '/v1/projects/P/topics/T%3apublish%3f',
    `/v1/projects/${'a'.repeat(8_000)}%2f`,
    '/.git/config',
    '/v1/projects/__proto__',
    '/v1/projects/constructor/topics',
  ];
  for (const path of paths) {
    const response = await api.app.inject({ method: 'GET', url: path, headers: { 'x-api-key': serviceToken } });
    expect([path, [301, 400, 404].includes(response.statusCode)]).toEqual([path, true]);
    const { location } = response.headers;
    if (location !== undefined) expect(location).toMatch(/^\/[^/\\]*/);
    if (location !== undefined) expect(location).not.toMatch(/^\/\/|^\/\\|[\r\n]/);
    expect(response.headers['x-injected']).toBeUndefined();
  }
  expect(api.warnings).toEqual([]);
});

test('a redirect keeps the query', async () => {
  const response = await (await startApi()).app.inject({ method: 'GET', url: '/v1//projects?key=x&pageSize=1' });
  expect([response.statusCode, response.headers.location]).toEqual([301, '/v1/projects?key=x&pageSize=1']);
});

test('a body that is nested a hundred thousand deep is refused wherever one is read', async () => {
  const api = await startWithSubscription();
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const bodies = [`{"type":"json","schema":${deep}}`, `{"messages":${deep}}`, deep, '{"a":'.repeat(100_000)];
  const targets = [
    ['POST', 'projects/P/schemas/X'],
    ['POST', 'projects/P/topics/T:publish'],
    ['POST', 'projects/P/subscriptions/S:pull'],
    ['PUT', 'projects/P/subscriptions/N'],
    ['POST', 'users/deep'],
  ] as const;
  for (const [method, path] of targets)
    for (const raw of bodies) expect((await api.ask(method, path, { raw })).status).toBe(400);
  expect(api.warnings).toEqual([]);
});

test('a document that is deep in a schema that refers to itself is not valid, and the service lives', async () => {
  const api = await startWithSubscription();
  await api.make('POST', 'projects/P/schemas/X', {
    type: 'json',
    schema: { type: 'object', properties: { a: { $ref: '#' } } },
  });
  await api.make('POST', 'projects/P/topics/T:attachSchema', { schema: 'projects/P/schemas/X' });
  const data = Buffer.from(`${'{"a":'.repeat(50_000)}{}${'}'.repeat(50_000)}`).toString('base64');
  const reply = await api.ask('POST', 'projects/P/topics/T:publish', { body: { messages: [{ data }] } });
  expect(reply.body).toEqual(refusal(400, 'INVALID_ARGUMENT', 'Message 0 data is not valid,it is nested too deeply'));
});

test('a schema whose messages are larger than their bytes is refused: an array of nothing, however it is wrapped', async () => {
  const api = await startWithSubscription();
  const nothing = {
    type: 'record',
    name: 'N',
    fields: [
      { name: 'a', type: 'null' },
      { name: 'b', type: { type: 'fixed', name: 'F', size: 0 } },
    ],
  };
  const array = (items: unknown) => ({ type: 'array', items });
  const bombs = [
    array('null'),
    { type: 'record', name: 'R', fields: [{ name: 'x', type: ['int', array(nothing)] }] },
    { type: 'map', values: array('null') },
  ];
  for (const schema of bombs) {
    const reply = await api.ask('POST', 'projects/P/schemas/B', { body: { type: 'avro', schema } });
    expect(reply.body).toEqual(
      refusal(400, 'INVALID_ARGUMENT', 'schema is invalid: an array of items that take no bytes'),
    );
  }
  const tree = {
    type: 'record',
    name: 'T',
    fields: [
      { name: 'n', type: 'int' },
      { name: 'more', type: array('T') },
    ],
  };
  expect((await api.ask('POST', 'projects/P/schemas/T', { body: { type: 'avro', schema: tree } })).status).toBe(200);
});

test('keys that reach for prototypes reach nothing', async () => {
  const api = await startWithSubscription();
  const raw =
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"messages":[{"data":"aA==","attributes":{"__proto__":"x","constructor":"y"}}]}';
  expect((await api.ask('POST', 'projects/P/topics/T:publish', { raw })).status).toBe(200);
  const schema = '{"type":"json","schema":{"properties":{"__proto__":{"type":"string"}},"__proto__":{"polluted":1}}}';
  expect((await api.ask('POST', 'projects/P/schemas/X', { raw: schema })).status).toBe(200);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect((await api.ask('GET', 'projects/P/topics?__proto__=1&constructor=2')).status).toBe(200);
});

test('base64 that is almost right is refused where it is decoded, and a great one costs no stack', async () => {
  const api = await startWithSubscription();
  await api.make('POST', 'projects/P/schemas/X', { type: 'json', schema: {} });
  await api.make('POST', 'projects/P/topics/T:attachSchema', { schema: 'projects/P/schemas/X' });
  const publish = async (data: string) =>
    (await api.ask('POST', 'projects/P/topics/T:publish', { body: { messages: [{ data }] } })).status;
  for (const data of ['e30', 'e30==', 'e3 0=', 'e30=\n', '====', '=', 'e30_', 'é30='])
    expect(await publish(data)).toBe(400);
  expect(await publish(Buffer.from(`"${'x'.repeat(1_000_000)}"`).toString('base64'))).toBe(200);
});

test('a body beyond the limit is refused before it is read, said or in chunks', async () => {
  const api = await startWithSubscription({ ensemble: { limits: { bodyBytes: 2_048 } } });
  const say = await listening(api);
  const said = await say(head([`POST ${publishPath} HTTP/1.1`, 'Host: x', key, 'Content-Length: 999999999']));
  expect(said).toMatch(/^HTTP\/1\.1 413 /);
  const chunk = `1000\r\n${'x'.repeat(4_096)}\r\n`;
  const chunked = head([`POST ${publishPath} HTTP/1.1`, 'Host: x', key, 'Transfer-Encoding: chunked']);
  expect(await say(`${chunked}${chunk}${chunk}`)).toMatch(/^HTTP\/1\.1 413 /);
  await publishTexts(api, 'still there');
});
