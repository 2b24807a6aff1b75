/**
 * The HTTP side of the authentication service: upstream's routes below /v1, and /ready beside them. Every answer is made here: a stack never leaves the
 * process, and no log line holds a token or a key. Upstream's answers are JSON with one space of indentation.
 */
import { constants, createHash, timingSafeEqual } from 'node:crypto';
import { arch, platform } from 'node:os';
import { type SecureContextOptions, TLSSocket, type TlsOptions } from 'node:tls';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { badRequest, internal, Refusal, tooLarge, unauthorized } from './errors.ts';
import { peerOf } from './peer.ts';
import { authMethodRoutes } from './routes/auth-methods.ts';
import { bindingRoutes } from './routes/bindings.ts';
import { certificateRoute } from './routes/certificate.ts';
import { serviceTypeRoutes } from './routes/service-types.ts';
import { type Answer, type AuthService, ok, type Route } from './service.ts';

export interface ServerTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** PEM of the authorities whose clients are taken. */
  readonly ca: readonly string[];
}

const authx509 = ':authx509';
const json = 'application/json; charset=utf-8';

/** @internal */
export const routes: readonly Route[] = [
  ...serviceTypeRoutes,
  ...authMethodRoutes,
  ...bindingRoutes,
  certificateRoute,
  { method: 'GET', path: '/health', open: true, handler: async () => ({ code: 200, body: null }) },
];

/** What a server and its later certificates are made of. */
export function tlsOptions({ cert, key, ca }: ServerTls): SecureContextOptions & TlsOptions {
  return {
    cert,
    key,
    ca: [...ca],
    minVersion: 'TLSv1.2',
    requestCert: true,
    // The certificate is optional, and one that is not trusted is refused with a reason where it matters.
    rejectUnauthorized: false,
    // A resumed session would keep the verdict of an older list of authorities.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** The server, not listening yet. */
export function createApp(service: AuthService, tls: ServerTls): FastifyInstance {
  const { config } = service;
  const options = {
    https: tlsOptions(tls),
    bodyLimit: config.ensemble.bodyBytes,
    requestTimeout: config.server_read_timeout * 1_000,
    keepAliveTimeout: config.server_idle_timeout * 1_000,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 1_024 },
    frameworkErrors: (_error: unknown, _request: FastifyRequest, reply: FastifyReply) =>
      void refuse(reply, badRequest('Invalid path')),
  } as const;
  const app = Fastify(options) as unknown as FastifyInstance;
  app.server.maxConnections = config.ensemble.connections;
  app.server.headersTimeout = Math.max(1, config.server_header_read_timeout) * 1_000;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.origin === undefined) return undefined;
    reply.header('access-control-allow-origin', '*');
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined)
      return undefined;
    reply.header('access-control-allow-headers', 'X-Requested-With');
    reply.header('access-control-allow-methods', 'OPTIONS, POST, GET, PUT, DELETE, HEAD');
    return reply.send('');
  });
  app.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    if (error.statusCode === 413) return refuse(reply, tooLarge());
    if (error.statusCode !== undefined && error.statusCode < 500) return refuse(reply, badRequest('Invalid request'));
    service.warn(`${request.method} ${request.routeOptions.url ?? ''} failed`, error);
    return refuse(reply, internal('the request failed'));
  });
  app.setNotFoundHandler((_request, reply) => notFound(reply));
  for (const route of routes) app.route({ method: route.method, url: `/v1${route.path}`, handler: handlerOf(route) });
  app.get('/v1/version', async (request, reply) => {
    const release = hasKey(request, config.service_token) ? { release: 'ensemble' } : {};
    return send(reply, ok({ ...running(), ...release }));
  });
  // Its client's next request goes where a balancer sends it.
  app.addHook('onSend', async (_request, reply) => {
    if (service.leaving()) reply.header('connection', 'close');
  });
  app.get('/ready', async (_request, reply) => {
    if (service.leaving()) return reply.code(503).type(json).send('{"status":"leaving"}');
    try {
      await service.store.ping();
      return reply.code(200).type(json).send('{"status":"ready"}');
    } catch (error) {
      service.warn('not ready', error);
      return reply.code(503).type(json).send('{"status":"not ready"}');
    }
  });
  return app;

  function handlerOf(route: Route) {
    return async (request: FastifyRequest, reply: FastifyReply) => {
      try {
        if (route.open !== true && !hasKey(request, config.service_token)) throw unauthorized();
        const params = { ...(request.params as Record<string, string>) };
        if (route === certificateRoute) {
          const host = params.host ?? '';
          if (!host.endsWith(authx509)) return notFound(reply);
          params.host = host.slice(0, -authx509.length);
        }
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const socket = request.raw.socket;
        const peer = socket instanceof TLSSocket ? peerOf(socket) : undefined;
        return send(reply, await route.handler(service, { params, query: queryOf(request), body, peer }));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (error.code >= 500) service.warn(`${route.method} ${route.path}`, error);
        else service.tell({ code: error.code, why: error.message }, `refused ${route.method} ${route.path}`);
        return refuse(reply, error);
      }
    };
  }
}

function queryOf({ url }: FastifyRequest): URLSearchParams {
  const mark = url.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
}

/** In the query as upstream, or in a header, which proxies do not write into their logs. */
function hasKey(request: FastifyRequest, wanted: string): boolean {
  const header = request.headers['x-api-key'];
  const given = typeof header === 'string' ? header : (queryOf(request).get('key') ?? '');
  // Digests are of one length, so that neither length nor content shows in the time that it takes.
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** Upstream's keys, with what runs here in their place. */
function running() {
  return {
    build_time: '',
    golang: `node ${process.version}`,
    compiler: 'v8',
    os: platform(),
    architecture: arch(),
  };
}

function send(reply: FastifyReply, { code, body }: Answer): FastifyReply {
  reply.code(code).type(json).header('cache-control', 'no-store');
  return reply.send(code === 204 ? '' : JSON.stringify(body, null, 1));
}

function refuse(reply: FastifyReply, refusal: Refusal): FastifyReply {
  reply.code(refusal.code).type(json).header('x-content-type-options', 'nosniff');
  return reply.send(JSON.stringify(refusal, null, 1));
}

function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).type('text/plain; charset=utf-8').send('404 page not found\n');
}
