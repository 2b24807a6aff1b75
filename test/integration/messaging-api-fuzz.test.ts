/**
 * Ten thousand requests made from the OpenAPI document, by callers of every kind, over HTTP: right ones, almost right ones, and garbage. None may end in
 * an error of the service, in an answer that the document does not give, or in words about where it failed. The seed is printed, and
 * ENSEMBLE_FUZZ_SEED runs one again.
 */
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { routes } from '../../programs/messaging-api/app.ts';
import { openApiDocument } from '../../programs/messaging-api/openapi/document.ts';
import { serviceToken } from '../programs/messaging-api/api-fixture.ts';
import { documentFaults } from '../programs/messaging-api/documented.ts';
import { createWorld, type World } from './fuzz-world.ts';
import { arbitraryOf, wildText } from './schema-arbitrary.ts';

const requests = 10_000;
const atOnce = 16;
/** So many between two looks at what is missing. */
const chunk = 100;
/** A pull may wait for minutes, as it was asked to: its client goes away instead. */
const patienceMs = 250;

interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: 'path' | 'query' }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: object } } };
}

interface Fuzzed {
  readonly method: string;
  readonly url: string;
  readonly caller: string;
  readonly body: string | undefined;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const document = openApiDocument(routes) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
);

const names: Readonly<Record<string, readonly string[]>> = {
  project: ['P', 'P', 'P', 'P', 'Q', 'no'],
  topic: ['T', 'T', 'M', 'no', 'new'],
  subscription: ['S', 'S', 'O', 'H', 'no', 'new'],
  schema: ['X', 'A', 'no', 'new'],
  user: ['publisher', 'consumer', 'admin', 'no', 'new'],
};
const queryValues = ['1', '2', '-1', 'true', 'P', '2026-03-01', '2026-03-01T10:00:00.000Z', 'prometheus'];
const callers = [...Array<string>(14).fill('service'), 'admin', 'publisher', 'consumer', 'push_worker', 'nobody', ''];

function fuzzed(world: World): fc.Arbitrary<Fuzzed> {
  return fc.constantFrom(...operations).chain(({ path, method, parameters = [], requestBody }) => {
    const inPath = parameters.filter((each) => each.in === 'path');
    const inQuery = parameters.filter((each) => each.in === 'query');
    // What goes is mostly what nobody else needs; the rest is made anew from time to time.
    const ends =
      method === 'DELETE' || path.endsWith(':refreshToken') || /^PUT .*{(project|user)}$/.test(`${method} ${path}`);
    const last = inPath.at(-1)?.name;
    const known = (name: string) =>
      ends && name === last && names[name] !== undefined
        ? fc.constantFrom('new', 'new', 'new', 'new', 'no', ...(names[name] ?? []).slice(0, 1))
        : fc.constantFrom(...(names[name] ?? world.ids));
    const value = (name: string) =>
      fc.oneof({ weight: 25, arbitrary: known(name) }, { weight: 1, arbitrary: wildText });
    const some = fc.option(fc.oneof(wildText, fc.constantFrom(...queryValues)));
    const schema = requestBody?.content['application/json'].schema;
    const body = schema === undefined ? fc.constant(undefined) : bodyOf(schema);
    return fc
      .record({
        path: fc.tuple(...inPath.map(({ name }) => value(name))),
        query: fc.tuple(...inQuery.map(() => some)),
        caller: fc.constantFrom(...callers),
        body,
      })
      .map((made) => ({
        method,
        url:
          inPath.reduce(
            (url, { name }, index) => url.replace(`{${name}}`, encodeURIComponent(made.path[index] ?? '')),
            path,
          ) + queryOf(inQuery, made.query),
        caller: made.caller,
        body: made.body,
      }));
  });
}

function bodyOf(schema: object): fc.Arbitrary<string | undefined> {
  return fc.oneof(
    { weight: 12, arbitrary: arbitraryOf(schema).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: wildText },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', '{', '[]', 'null', '{"__proto__":{"x":1}}', '\u0000', '{"messages":null}'),
    },
  );
}

function queryOf(parameters: readonly { readonly name: string }[], values: readonly (string | null)[]): string {
  const pairs = parameters.flatMap(({ name }, index) => {
    const value = values[index];
    return value === null || value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`];
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Undefined where it waits longer than we do. */
function send(port: number, agent: Agent, { method, url, body }: Fuzzed, key: string): Promise<Reply | undefined> {
  return new Promise((resolve, reject) => {
    const headers = key === '' ? {} : { 'x-api-key': key };
    const asked = request({ port, agent, method, path: url, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: String(response.headers['content-type'] ?? ''), text }),
      );
    });
    if (url.includes(':pull')) asked.setTimeout(patienceMs, () => asked.destroy(new Error('waited')));
    asked.on('error', (error) => (error.message === 'waited' ? resolve(undefined) : reject(error)));
    asked.end(body);
  });
}

/** The protocol's own 500s: an acknowledgement that nobody waits for (reference, section 3). */
const ownErrors = /"message": "(no ack pending|wrong ack)"/;
const whereabouts = /node_modules|\.ts\b|\.js:\d|^\s+at /m;

function wrongs(asked: Fuzzed, reply: Reply): readonly string[] {
  const { status, text } = reply;
  const isOwn = status === 500 && asked.url.includes(':acknowledge') && ownErrors.test(text);
  return [
    ...(status >= 500 && !isOwn ? [`an error of the service: ${status}`] : []),
    ...(whereabouts.test(text) ? ['it says where'] : []),
    ...documentFaults(asked.method, asked.url, reply),
    ...(asked.caller === '' && status === 200 && !/^\/(v1\/status|v1\/version|ready|openapi\.json)/.test(asked.url)
      ? ['served without a key']
      : []),
  ];
}

test('no request that can be made from the document breaks the service', async () => {
  const seed = Number(process.env.ENSEMBLE_FUZZ_SEED ?? Date.now() % 2_147_483_647);
  console.info(`seed ${seed}`);
  const world = await createWorld();
  await world.api.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = world.api.app.server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const statuses = new Map<number, number>();
  const served = new Set<string>();
  const faults: string[] = [];
  try {
    const all = fc.sample(fuzzed(world), { numRuns: requests, seed });
    for (let from = 0; from < all.length && faults.length < 5; from += chunk) {
      await world.mend();
      const left = all.slice(from, from + chunk);
      const worker = async () => {
        for (let asked = left.shift(); asked !== undefined; asked = left.shift()) {
          const key = asked.caller === 'service' ? serviceToken : (world.keys[asked.caller] ?? '');
          const reply = await send(port, agent, asked, key);
          if (reply === undefined) continue;
          statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
          if (reply.status === 200) served.add(`${asked.method} ${world.templateOf(asked.method, asked.url)}`);
          for (const wrong of wrongs(asked, reply)) faults.push(`${wrong}: ${JSON.stringify(asked)} -> ${reply.text}`);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
    }
    expect(faults).toEqual([]);
    expect(world.api.warnings).toEqual([]);
    expect((await world.api.ask('GET', '/ready', { key: '' })).status).toBe(200);
    // Not all of it bounced off the first check.
    const rare = operations.map(({ method, path }) => `${method} ${path}`).filter((each) => !served.has(each));
    console.info(JSON.stringify({ statuses: Object.fromEntries([...statuses].sort()), neverServed: rare }));
    expect(rare.length).toBeLessThan(operations.length / 4);
  } finally {
    agent.destroy();
    await world.api.app.close();
  }
});
