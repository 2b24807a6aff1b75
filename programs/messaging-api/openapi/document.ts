/**
 * The API as an OpenAPI 3.1 document, served at /openapi.json: made from the table of routes, the shapes that bodies are read with, and the two tables beside
 * this. Keys of bodies match in any case and unknown ones are passed over; the document says neither, since nobody should rest on it.
 */
import { z } from 'zod';
import type { Route } from '../router.ts';
import { answers } from './answers.ts';
import { operations } from './operations.ts';

type Json = Readonly<Record<string, unknown>>;

/** Everywhere: a name or path that is none, too many requests, what goes wrong inside, and too much of it at once. */
const always = [400, 429, 500, 503];
const words: Readonly<Record<number, string>> = {
  400: 'A name, a body or an argument is not valid',
  401: 'No key, an unknown one, or that of a user without a role here; or an endpoint that did not verify',
  403: 'The role does not allow it, or the access list does not name the user',
  404: 'The project, or what the path names in it, does not exist',
  408: 'The acknowledgement came after the deadline',
  409: 'It exists already, or its state does not allow it',
  413: 'The body or a message is too large',
  429: 'The user asks more often than allowed',
  500: 'The store or the messages could not be reached, or there is no acknowledgement to wait for',
  503: 'Too much is waiting: try again later',
};

/** @throws TypeError where a route has no row in `operations` */
export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, Json>> = {
    '/ready': {
      get: {
        summary: 'Whether this node can serve: its store and its back-end answer',
        operationId: 'ready',
        security: [],
        responses: { 200: jsonAnswer('Ready', 'Readiness'), 503: jsonAnswer('Not ready', 'Readiness') },
      },
    },
    '/openapi.json': {
      get: {
        summary: 'This document',
        operationId: 'openapi',
        security: [],
        responses: {
          200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
        },
      },
    },
  };
  for (const route of routes) {
    const path = `/v1${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ensemble messaging API',
      version: '1',
      description:
        'Projects, topics, subscriptions and users on top of Kafka, compatible with the ARGO Messaging HTTP API v1.',
    },
    security: [{ header: [] }, { query: [] }],
    paths,
    components: {
      securitySchemes: {
        header: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        query: { type: 'apiKey', in: 'query', name: 'key' },
      },
      schemas: answers,
    },
  };
}

function operationOf(route: Route): Json {
  const key = `${route.method} ${route.path}`;
  const operation = operations[key];
  if (operation === undefined) throw new TypeError(`the OpenAPI document says nothing of ${key}`);
  const { summary, answer, query = {}, refuses = [], bodyIsOptional = false, hasText = false } = operation;
  const isOpen = route.action === 'open';
  const inProject = route.path.includes('{project}') && route.makesProject !== true;
  const statuses = new Set([
    ...always,
    ...(isOpen ? [] : [401]),
    ...(isOpen || route.action === 'own-key' ? [] : [403]),
    ...(inProject ? [404] : []),
    ...(route.body === undefined ? [] : [413]),
    ...refuses,
  ]);
  return {
    summary,
    operationId: key.replace(/\W+/g, ' ').trim().replaceAll(' ', '_'),
    tags: [tagOf(route)],
    ...(isOpen ? { security: [] } : {}),
    ...(isOpen || route.action === 'own-key' ? {} : { 'x-action': route.action }),
    parameters: [...pathParameters(route.path), ...queryParameters(query)],
    ...(route.body === undefined ? {} : { requestBody: bodyOf(route.body, !bodyIsOptional) }),
    responses: {
      200: success(typeof answer === 'string' ? [answer] : (answer ?? ['empty']), hasText),
      ...Object.fromEntries([...statuses].sort().map((code) => [code, refusal(code)])),
    },
  };
}

/** The kind of thing: the last word of the path that is neither a variable nor a verb. */
function tagOf({ path }: Route): string {
  return (
    path
      .replace(/:\w+/, '')
      .split('/')
      .findLast((part) => /^\w+$/.test(part)) ?? ''
  );
}

function pathParameters(path: string): readonly Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', pattern: '^[a-zA-Z0-9_-]+$' },
  }));
}

function queryParameters(query: Readonly<Record<string, string>>): readonly Json[] {
  return Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  }));
}

function bodyOf(shape: z.ZodType, required: boolean): Json {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' });
  return { required, content: { 'application/json': { schema } } };
}

function success(kinds: readonly string[], hasText: boolean): Json {
  const named = kinds.filter((kind) => kind !== 'empty').map((kind) => ({ $ref: `#/components/schemas/${kind}` }));
  const text = hasText ? { 'text/plain': { schema: { type: 'string' } } } : {};
  if (named.length === 0) return { description: 'Done; the body is empty' };
  const description = kinds.includes('empty') ? 'Done; the body may be empty' : 'Done';
  return { description, content: { 'application/json': { schema: named[0] }, ...text } };
}

function jsonAnswer(description: string, name: string): Json {
  return { description, content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } } };
}

/** The same JSON in both: what is refused before the route's own work is sent as text/plain, as upstream does. */
function refusal(code: number): Json {
  const schema = { $ref: '#/components/schemas/Error' };
  return {
    description: words[code] ?? '',
    content: { 'application/json': { schema }, 'text/plain': { schema } },
  };
}
