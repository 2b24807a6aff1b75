/** Holds an answer against the OpenAPI document: its status is one that the document names for the route, and its body is of the shape that it gives. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { routes } from '../../../programs/messaging-api/app.ts';
import { openApiDocument } from '../../../programs/messaging-api/openapi/document.ts';
import { createRouter } from '../../../programs/messaging-api/router.ts';

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

const document = openApiDocument(routes) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(document, 'openapi');
const compiled = new Map<string, ValidateFunction>();
const find = createRouter(routes);

/** What is wrong, or nothing. A path without a route is not the document's business. */
export function documentFaults(
  method: string,
  url: string,
  reply: { status: number; type: string; text: string },
): readonly string[] {
  const path = decodeURIComponent(url.split('?')[0] ?? '');
  const match = find(method, path);
  if (match === undefined || reply.status === 301) return [];
  const operation = document.paths[`/v1${match.route.path}`]?.[method.toLowerCase()];
  const response = operation?.responses[reply.status];
  const where = `${method} ${match.route.path} ${reply.status}`;
  if (response === undefined) return [`${where}: the document does not name this status`];
  const type = reply.type.split(';')[0] ?? '';
  const content = response.content?.[type];
  if (reply.text === '') return reply.status === 200 ? [] : [`${where}: no body`];
  if (content === undefined) return [`${where}: the document names no ${type}`];
  if (type === 'text/plain' && reply.status === 200) return [];
  const key = JSON.stringify(content.schema).replace(/"#\//g, '"openapi#/');
  const validate = compiled.get(key) ?? ajv.compile(JSON.parse(key) as object);
  compiled.set(key, validate);
  return validate(JSON.parse(reply.text))
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${where}: ${instancePath} ${message}: ${reply.text}`);
}
