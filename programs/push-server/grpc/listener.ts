/**
 * The gRPC listener: PushService in upstream's words (reference, section 5), health, reflection, and the list of who may call, compared with the common name of
 * the client's certificate.
 */
import {
  ResponderBuilder,
  Server,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  ServerListenerBuilder,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { PushServerConfig } from '../../../contracts/push-server-config.ts';
import {
  healthService,
  pushService,
  type ServingStatus,
  type SubscriptionMessage,
  serviceSymbols,
} from '../../../contracts/push-service.ts';
import { portTaken } from '../errors.ts';
import { InvalidSubscription, type PushSubscription, subscriptionFromMessage } from '../subscription.ts';
import { type ListenerCredentials, listenerCredentials } from './credentials.ts';
import { addReflection } from './reflection.ts';

/** What the calls ask of the server. */
export interface PushCalls {
  /** Undefined: ready; else why not. */
  notReady(): string | undefined;
  /** False: it is active. */
  activate(subscription: PushSubscription): Promise<boolean>;
  /** False: it is not active. */
  deactivate(name: string): Promise<boolean>;
  /** The last error, or empty; undefined: it is not active. */
  statusOf(name: string): Promise<string | undefined>;
  readonly warn: (words: string, error?: unknown) => void;
}

export interface GrpcListener {
  readonly port: number;
  /** Reads the certificates again, and lets those call whose names are in `acl` from now on. @throws EnsembleError */
  reload(acl: readonly string[]): void;
  /** Tells those who watch the health. */
  healthChanged(): void;
  /** Takes no more calls, and ends when those under way have ended, after a second at most. */
  close(): Promise<void>;
}

const unable = 'The push service is currently unable to handle any requests';
const closeMs = 1_000;

/** @throws EnsembleError */
export async function listenGrpc(config: PushServerConfig, calls: PushCalls): Promise<GrpcListener> {
  const tls: ListenerCredentials = listenerCredentials(config);
  let listed: ReadonlySet<string> = new Set(config.acl);
  const isListed = (name: string) => listed.has(name);
  const server = new Server({ interceptors: config.tls_enabled ? [onlyListed(isListed)] : [] });
  server.addService(pushService, pushHandlers(calls));
  const watchers = new Set<() => void>();
  server.addService(healthService, healthHandlers(calls, watchers));
  addReflection(server, [
    { name: 'PushService', definition: pushService, symbols: serviceSymbols.PushService },
    { name: 'grpc.health.v1.Health', definition: healthService, symbols: serviceSymbols['grpc.health.v1.Health'] },
  ]);
  const address = `${config.bind_ip === '' ? '[::]' : config.bind_ip}:${config.bind_port}`;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, tls.credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(portTaken(address, error)),
    );
  });
  return {
    port,
    reload(acl) {
      tls.reload();
      listed = new Set(acl);
    },
    healthChanged: () => {
      for (const tell of watchers) tell();
    },
    close: () =>
      new Promise((resolve) => {
        const tooLong = setTimeout(() => server.forceShutdown(), closeMs);
        server.tryShutdown(() => {
          clearTimeout(tooLong);
          resolve();
        });
      }),
  };
}

class Refused extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

function pushHandlers(calls: PushCalls) {
  const ready = () => {
    if (calls.notReady() !== undefined) throw new Refused(status.INTERNAL, unable);
  };
  const unary =
    <Request, Response>(answer: (request: Request) => Promise<Response>) =>
    ({ request }: ServerUnaryCall<Request, Response>, reply: sendUnaryData<Response>) =>
      void answer(request).then(
        (response) => reply(null, response),
        (error: unknown) => reply(refusalOf(error, calls.warn)),
      );
  return {
    ActivateSubscription: unary(async ({ subscription }: { subscription: SubscriptionMessage | null }) => {
      ready();
      const taken = subscriptionFromMessage(subscription);
      if (!(await calls.activate(taken)))
        throw new Refused(status.ALREADY_EXISTS, `Subscription ${taken.name} is already activated`);
      return { message: `Subscription ${taken.name} activated` };
    }),
    DeactivateSubscription: unary(async ({ full_name: name }: { full_name: string }) => {
      ready();
      if (!(await calls.deactivate(name))) throw new Refused(status.NOT_FOUND, `Subscription ${name} is not active`);
      return { message: `Subscription ${name} deactivated` };
    }),
    SubscriptionStatus: unary(async ({ full_name: name }: { full_name: string }) => {
      ready();
      const found = await calls.statusOf(name);
      if (found === undefined) throw new Refused(status.NOT_FOUND, `Subscription ${name} is not active`);
      return { status: found === '' ? `Subscription ${name} is currently active` : found };
    }),
    Status: unary(async () => {
      const reason = calls.notReady();
      if (reason !== undefined) throw new Refused(status.INTERNAL, `${unable}.${reason}`);
      return {};
    }),
  };
}

/** Upstream refuses Health/Check as every call while it is not ready, so its health is INTERNAL instead of NOT_SERVING. */
function healthHandlers(calls: PushCalls, watchers: Set<() => void>) {
  const known = new Set(['', 'PushService']);
  const serving = (): { status: ServingStatus } => ({
    status: calls.notReady() === undefined ? 'SERVING' : 'NOT_SERVING',
  });
  return {
    Check({ request }: ServerUnaryCall<{ service: string }, object>, reply: sendUnaryData<object>) {
      if (known.has(request.service)) reply(null, serving());
      else reply({ code: status.NOT_FOUND, details: 'unknown service' });
    },
    Watch(stream: ServerWritableStream<{ service: string }, object>) {
      if (!known.has(stream.request.service)) {
        stream.write({ status: 'SERVICE_UNKNOWN' });
        return;
      }
      let told = '';
      const tell = () => {
        const now = serving();
        if (now.status !== told) stream.write(now);
        told = now.status;
      };
      tell();
      watchers.add(tell);
      stream.on('cancelled', () => watchers.delete(tell));
    },
  };
}

function refusalOf(error: unknown, warn: PushCalls['warn']): { code: status; details: string } {
  if (error instanceof Refused) return { code: error.code, details: error.message };
  if (error instanceof InvalidSubscription) return { code: status.INVALID_ARGUMENT, details: error.message };
  warn('a call failed', error);
  return { code: status.INTERNAL, details: unable };
}

function onlyListed(isListed: (name: string) => boolean) {
  return (_method: object, call: ServerInterceptingCallInterface) => {
    const name = call.getAuthContext().sslPeerCertificate?.subject?.CN;
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        if (typeof name === 'string' && isListed(name)) next(metadata);
        else call.sendStatus({ code: status.UNAUTHENTICATED, details: 'UNAUTHORISED' });
      })
      .build();
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => next(listener)).build());
  };
}
