/**
 * A push server whole: what main.ts starts and what tests start in their own process. It is ready once the messaging API knows its user and its lease stands;
 * from then on it delivers its share until it is told to stop.
 */
import type { PushServerConfig } from '../../contracts/push-server-config.ts';
import { runCycle } from './cycle.ts';
import { Deliverer } from './deliverer.ts';
import { Discovery } from './discovery.ts';
import { Gate } from './gate.ts';
import { readPem } from './grpc/credentials.ts';
import { listenGrpc } from './grpc/listener.ts';
import { HttpClient, type HttpClientOptions } from './http-client.ts';
import { createMessagingApi } from './messaging-api.ts';
import { Counters } from './metrics.ts';
import { listenOperations } from './operations-listener.ts';
import { machineClock } from './schedule.ts';
import { Lease } from './sharing/lease.ts';
import { Member } from './sharing/member.ts';
import { createMemoryRegistry } from './sharing/memory-registry.ts';
import { connectMongoRegistry } from './sharing/mongo-registry.ts';
import type { Registry } from './sharing/registry.ts';

export interface PushServer {
  readonly port: number;
  /** Undefined: not configured. */
  readonly operationsPort: number | undefined;
  isReady(): boolean;
  /** Names of the subscriptions that this server delivers now. */
  held(): readonly string[];
  /** Messages that were delivered and acknowledged. */
  delivered(): number;
  /** Reads certificates again. @throws EnsembleError */
  reload(acl?: readonly string[]): void;
  /** Ends deliveries, gives its subscriptions up, leaves. */
  stop(): Promise<void>;
}

export interface PushServerParts {
  readonly warn: (words: string, error?: unknown) => void;
  readonly say?: (words: string) => void;
  /** In place of the one that the configuration names: several servers of one process share it. */
  readonly registry?: Registry;
}

/** Between attempts to find our user, while the messaging API does not know him. */
const firstPauseMs = 500;
const longestPauseMs = 30_000;

/** Listens at once, and is ready when it can be. @throws EnsembleError */
export async function startPushServer(config: PushServerConfig, parts: PushServerParts): Promise<PushServer> {
  const { ensemble, ams_host, ams_port, ams_token } = config;
  const { limits, leaseMs } = ensemble;
  const { warn, say = () => {} } = parts;
  const clock = machineClock;
  const registry = parts.registry ?? (await openRegistry(config, warn));
  const apiClient = new HttpClient(apiTrust(config));
  const endpoints = new HttpClient(endpointTrust(config));
  const origin = `${ams_host}:${ams_port}`;
  const api = createMessagingApi(apiClient, origin, ams_token);
  const apiGate = new Gate(limits.apiRequests);
  const counters = new Counters();
  const lease = new Lease(registry, clock, leaseMs);
  const stopping = new AbortController();
  let waitingBytes = 0;
  let notReady: string | undefined = "the push worker's user is not known yet";

  const deliverer = new Deliverer({
    clock,
    date: () => new Date(),
    tenure: lease,
    cycle: (subscription, tenure) =>
      runCycle(subscription, {
        api,
        origin,
        endpoints,
        tenure,
        apiGate,
        waiting: (bytes) => {
          waitingBytes += bytes;
        },
      }),
    isFull: () => waitingBytes >= limits.waitingBytes,
    mostCycles: limits.deliveries,
    mostCyclesOfHost: limits.deliveriesOfHost,
    idlePullsPerSecond: limits.idlePullsPerSecond,
    gone: (name, revision) => {
      say(`the subscription ${name} is no more`);
      void registry
        .deactivate(name, revision)
        .then(() => member.look())
        .catch((error) => warn(`the subscription ${name} is not put away`, error));
    },
    told: (report) => counters.count(report),
  });
  const member = new Member({ registry, lease, deliverer, clock, leaseMs, warn });
  const discovery = new Discovery({ api, apiGate, registry, warn, ...ensemble });
  const isReady = () => notReady === undefined && lease.isValid();

  const listener = await listenGrpc(config, {
    notReady: () => notReady ?? (lease.isValid() ? undefined : 'the metadata store does not answer'),
    warn,
    async activate(subscription) {
      const taken = await registry.activate(subscription);
      void member.look();
      return taken;
    },
    async deactivate(name) {
      const taken = await registry.deactivate(name);
      void member.look();
      return taken;
    },
    async statusOf(name) {
      const found = await registry.find(name);
      return found === undefined ? undefined : (deliverer.statusOf(name) ?? found.status);
    },
  });
  const operations =
    ensemble.operations.port === 0
      ? undefined
      : await listenOperations(ensemble.operations, {
          isReady,
          metrics: () =>
            counters.format({
              ready: isReady(),
              leaseValid: lease.isValid(),
              servers: member.servers,
              held: deliverer.size,
              failing: deliverer.failing,
              cycles: deliverer.running,
              apiRequests: apiGate.within,
              waitingBytes,
            }),
        });
  const living = live();

  /** Finds its user, joins, and compares again and again. */
  async function live(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!stopping.signal.aborted) {
      try {
        await api.subscriptions();
        break;
      } catch (error) {
        if (pauseMs === firstPauseMs) warn("the messaging API does not tell the push worker's user", error);
        await pause(pauseMs);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    }
    if (stopping.signal.aborted) return;
    await member.start();
    notReady = undefined;
    listener.healthChanged();
    say('ready');
    let troubled = false;
    while (!stopping.signal.aborted && !config.skip_subs_load) {
      try {
        if (member.isFirst) {
          await discovery.compare();
          void member.look();
        }
        troubled = false;
      } catch (error) {
        if (!troubled) warn('subscriptions are not compared with the messaging API', error);
        troubled = true;
      }
      // Up to a tenth more, so that servers that started together part.
      await pause(member.isFirst ? ensemble.discoverMs * (1 + Math.random() / 10) : leaseMs);
    }
  }

  function pause(ms: number): Promise<void> {
    if (stopping.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        stop();
        stopping.signal.removeEventListener('abort', done);
        resolve();
      };
      const stop = clock.after(ms, done);
      stopping.signal.addEventListener('abort', done);
    });
  }

  return {
    port: listener.port,
    operationsPort: operations?.port,
    isReady,
    held: () => deliverer.names(),
    delivered: () => counters.messages,
    reload(acl = config.acl) {
      listener.reload(acl);
      apiClient.trust(apiTrust(config));
      endpoints.trust(endpointTrust(config));
    },
    async stop() {
      notReady = 'it is leaving';
      listener.healthChanged();
      stopping.abort();
      await living;
      await member.stop();
      await Promise.all([listener.close(), operations?.close()]);
      apiClient.close();
      endpoints.close();
      if (parts.registry === undefined) await registry.close();
    },
  };
}

function openRegistry({ ensemble }: PushServerConfig, warn: PushServerParts['warn']): Promise<Registry> | Registry {
  const { storeHost, storeDb } = ensemble;
  return storeHost === '' ? createMemoryRegistry() : connectMongoRegistry({ storeHost, database: storeDb, warn });
}

function apiTrust({ verify_ssl: verify, ensemble: { certificateAuthority } }: PushServerConfig): HttpClientOptions {
  const field = 'ensemble.certificateAuthority';
  return {
    verify,
    ...(certificateAuthority === '' ? {} : { onlyAuthorities: readPem(field, certificateAuthority).toString() }),
  };
}

function endpointTrust({ verify_ssl: verify, ensemble: { endpointAuthorities } }: PushServerConfig): HttpClientOptions {
  const field = 'ensemble.endpointAuthorities';
  return {
    verify,
    ...(endpointAuthorities === '' ? {} : { authorities: readPem(field, endpointAuthorities).toString() }),
  };
}
