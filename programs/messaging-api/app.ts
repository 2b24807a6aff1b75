/**
 * The HTTP side: one Fastify server whose only route is upstream's table of routes, since upstream's paths have verbs behind colons and its "not found" is of
 * its own (reference, section 1). Every answer is made here: a stack never leaves the process, and a log line never holds a token or a message.
 */
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { admit, requestKey } from './access.ts';
import { internal, invalid, Refusal, tooLarge, tooManyRequests } from './errors.ts';
import { openApiDocument } from './openapi/document.ts';
import { RateLimit } from './rate-limit.ts';
import { createRouter, type Route, wrongName } from './router.ts';
import { memberRoutes } from './routes/members.ts';
import { projectRoutes } from './routes/projects.ts';
import { registrationRoutes } from './routes/registrations.ts';
import { schemaRoutes } from './routes/schemas.ts';
import { serviceRoutes } from './routes/service-routes.ts';
import { subscriptionRoutes } from './routes/subscriptions.ts';
import { topicRoutes } from './routes/topics.ts';
import { userRoutes } from './routes/users.ts';
import { type Answer, Json, type Service, Text } from './service.ts';

/** Those with a verb in a place where others have a variable come first in their own tables. @internal */
export const routes: readonly Route[] = [
  ...serviceRoutes,
  ...userRoutes,
  ...registrationRoutes,
  ...topicRoutes,
  ...subscriptionRoutes,
  ...schemaRoutes,
  ...memberRoutes,
  ...projectRoutes,
];

export interface AppOptions {
  /** PEM; plain HTTP where it is left out (tests). */
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer };
}

/** Upstream's, too. */
export const oldestTls = 'TLSv1.2';
const json = 'application/json; charset=utf-8';
const plain = 'text/plain; charset=utf-8';
const requestTimeoutMs = 60_000;

/** Made when somebody asks for it first. */
let document: string | undefined;

/** The server, not listening yet. */
export function createApp(service: Service, { tls }: AppOptions = {}): FastifyInstance {
  const { limits } = service.config.ensemble;
  const options = {
    bodyLimit: limits.bodyBytes,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // what comes over an open connection while this leaves is served, and closes it
    exposeHeadRoutes: false,
    clientErrorHandler: refuseClient,
    frameworkErrors: (error: { statusCode?: number }, _request: FastifyRequest, reply: FastifyReply) =>
      void sendRefusal(
        reply,
        error.statusCode === 400 ? invalid('Invalid path name') : internal('Internal error'),
        plain,
      ),
  } as const;
  const app = (
    tls === undefined ? Fastify(options) : Fastify({ ...options, https: { ...tls, minVersion: oldestTls } })
  ) as FastifyInstance;
  app.server.maxConnections = limits.connections;
  const find = createRouter(routes);
  const rates = new RateLimit(limits.requestsPerSecond);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    if (service.closing.aborted) reply.header('connection', 'close');
    if (request.headers.origin === undefined) return undefined;
    reply.header('access-control-allow-origin', '*');
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined)
      return undefined;
    reply.header('access-control-allow-headers', 'X-Requested-With, Content-Type, x-api-key');
    reply.header('access-control-allow-methods', 'GET, POST, PUT, DELETE');
    return reply.send('');
  });
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    if (error.statusCode === 413) return sendRefusal(reply, tooLarge(), plain);
    if (error.statusCode !== undefined && error.statusCode < 500)
      return sendRefusal(reply, new Refusal(400, 'BAD_REQUEST', 'Invalid Request Body'), plain);
    service.warn('a request failed', error);
    return sendRefusal(reply, internal('Internal error while querying datastore'), json);
  });
  app.get('/ready', async (_request, reply) => {
    if (service.closing.aborted) return reply.code(503).type(json).send('{"status":"leaving"}');
    try {
      await Promise.all([service.store.ping(), service.backend.ping()]);
      return reply.code(200).type(json).send('{"status":"ready"}');
    } catch (error) {
      service.warn('not ready', error);
      return reply.code(503).type(json).send('{"status":"not ready"}');
    }
  });
  app.get('/openapi.json', (_request, reply) => {
    document ??= JSON.stringify(openApiDocument(routes));
    return reply.code(200).type(json).send(document);
  });
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const mark = request.url.indexOf('?');
    const raw = mark < 0 ? request.url : request.url.slice(0, mark);
    const path = decoded(raw);
    if (path === undefined) return sendRefusal(reply, invalid('Invalid path name'), plain);
    const clean = cleaned(path);
    if (clean !== path) {
      const location = encodeURI(clean) + (mark < 0 ? '' : request.url.slice(mark));
      return reply.code(301).header('location', location).send('');
    }
    const match = find(request.method, path);
    if (match === undefined) return reply.code(404).type(plain).send('404 page not found\n');
    const { route, params } = match;
    const query = new URLSearchParams(mark < 0 ? '' : request.url.slice(mark + 1));
    const header = request.headers['x-api-key'];
    const apiKey = Array.isArray(header) ? header[0] : header;
    let handling = false;
    try {
      const wrong = wrongName(params);
      if (wrong !== undefined) throw invalid(`Invalid ${wrong} name`);
      const key = requestKey(service.config.auth_option, apiKey, query);
      const project = route.makesProject ? undefined : params.project;
      const caller = await admit(service, { key, project, action: route.action, isBusy: route.isBusy === true });
      // By who it is, not by how he spells his key, or in which of two places he puts it.
      const who = caller.user?.uuid ?? (route.action === 'open' ? undefined : '');
      if (who !== undefined && !rates.allows(who, performance.now())) throw tooManyRequests();
      handling = true;
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const gone = new AbortController();
      // It closes after every answer, too: an abort that nobody waits for costs an error with its stack.
      reply.raw.once('close', () => {
        if (!reply.raw.writableFinished) gone.abort();
      });
      return sendAnswer(
        reply,
        await route.handler(service, { params, query, body, caller, apiKey, signal: gone.signal }),
      );
    } catch (error) {
      if (error instanceof Refusal) return sendRefusal(reply, error, handling ? json : plain);
      service.warn(`${route.method} ${route.path} failed`, error);
      return sendRefusal(reply, internal('Internal error while querying datastore'), handling ? json : plain);
    }
  };
  app.route({ method: ['GET', 'POST', 'PUT', 'DELETE'], url: '*', handler: answer });
  app.setNotFoundHandler((_request, reply) => reply.code(404).type(plain).send('404 page not found\n'));
  return app;
}

function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer instanceof Text) return reply.code(200).type('text/plain; version=0.0.4; charset=utf-8').send(answer.text);
  const { text } = answer === undefined ? { text: '' } : answer instanceof Json ? answer : new Json(answer);
  return reply.code(200).type(json).send(text);
}

function sendRefusal(reply: FastifyReply, refusal: Refusal, type: string): FastifyReply {
  return reply.code(refusal.code).type(type).header('x-content-type-options', 'nosniff').send(new Json(refusal).text);
}

const clientErrors: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

/** What is no HTTP, or says its length twice: the connection ends with it, so that nothing behind it is taken for another request. */
function refuseClient(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [code, words] = clientErrors[error.code ?? ''] ?? [400, 'Bad Request'];
  const body = new Json(new Refusal(code, words.toUpperCase().replaceAll(' ', '_'), words)).text;
  const head = [`HTTP/1.1 ${code} ${words}`, `Content-Type: ${plain}`, `Content-Length: ${body.length}`];
  socket.end([...head, 'Connection: close', '', body].join('\r\n'));
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Without doubled slashes and dots, as upstream's router redirects. */
function cleaned(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}${path.endsWith('/') && kept.length > 0 ? '/' : ''}`;
}
