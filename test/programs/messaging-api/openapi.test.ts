/** The document at /openapi.json against the table of routes. That answers are as it says is held by the fixture, in every other test of this folder. */
import { expect, test } from 'vitest';
import { routes } from '../../../programs/messaging-api/app.ts';
import { openApiDocument } from '../../../programs/messaging-api/openapi/document.ts';
import { operations } from '../../../programs/messaging-api/openapi/operations.ts';
import { startApi } from './api-fixture.ts';
import { documentFaults } from './documented.ts';

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: object } } };
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

async function served() {
  const reply = await (await startApi()).ask('GET', '/openapi.json', { key: '' });
  return reply.body as { openapi: string; paths: Record<string, Record<string, Operation>> };
}

test('it names every route of the table and no other, but the two that are not of the API', async () => {
  const { openapi, paths } = await served();
  const named = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const own = ['GET /openapi.json', 'GET /ready'];
  expect(named.sort()).toEqual([...routes.map(({ method, path }) => `${method} /v1${path}`), ...own].sort());
  expect(openapi).toBe('3.1.0');
});

test('every row about an operation has its route, and a route without a row is refused', () => {
  expect(Object.keys(operations).sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
  const [first] = routes;
  if (first === undefined) throw new Error('no route');
  expect(() => openApiDocument([{ ...first, path: '/unknown' }])).toThrow('says nothing of GET /unknown');
});

test('operations have ids of their own, every variable of a path, and the body that the route reads', async () => {
  const { paths } = await served();
  const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  expect(new Set(ids).size).toBe(ids.length);
  for (const { method, path, body } of routes) {
    const operation = paths[`/v1${path}`]?.[method.toLowerCase()];
    const variables = operation?.parameters?.filter((each) => each.in === 'path').map(({ name }) => name);
    expect(variables).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    expect([path, operation?.requestBody !== undefined]).toEqual([path, body !== undefined]);
  }
  const publish = paths['/v1/projects/{project}/topics/{topic}:publish']?.post;
  expect(publish?.requestBody?.content['application/json'].schema).toMatchObject({
    properties: { messages: { items: { properties: { data: { type: 'string' } } } } },
  });
});

test('an answer of another shape, or with a status that is not named, is found out', () => {
  const json = 'application/json; charset=utf-8';
  const at = (status: number, body: object, type = json) =>
    documentFaults('GET', '/v1/projects/P/topics/T', { status, type, text: JSON.stringify(body) });
  expect(at(200, { name: '/projects/P/topics/T', created_on: 'x' })).toEqual([]);
  expect(at(200, { name: '/projects/P/topics/T' })).toHaveLength(1);
  expect(at(200, { name: '/projects/P/topics/T', created_on: 'x', secret: 1 })).toHaveLength(1);
  expect(at(418, {})).toHaveLength(1);
  expect(at(404, { message: 'x' })).toHaveLength(2);
  expect(at(404, {}, 'text/html')).toHaveLength(1);
});
