/**
 * A connection to a Kafka cluster: finds a broker that answers, learns the others, and takes each request to the broker that must have it.
 * The wire, no policy: an answer is returned as Kafka gave it, with the faults of single topics as data.
 *
 * It knows of two hardships that every caller has: a broker that is down, and a controller that moves.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EnsembleError } from '../../contracts/error.ts';
import { formatAddress, parseAddress } from '../address.ts';
import {
  aborted,
  brokerUnknown,
  closed,
  type FailedAddress,
  isClientError,
  noController,
  reason,
  unreachable,
} from '../errors.ts';
import { type Api, type ApiName, apiKeys, type Throttled } from './api.ts';
import {
  BrokerLink,
  type LinkOptions,
  type OpenSocket,
  openSocket,
  type SaslOptions,
  type TlsOptions,
} from './broker-link.ts';
import { createLogger, type KafkaLog } from './kafkajs.ts';
import { type BrokerMetadata, type ClusterMetadata, metadataApi } from './requests/metadata.ts';

export interface ConnectOptions {
  /** host:port of at least one broker; the others are learned. May be empty where `findBrokers` is given. */
  readonly bootstrap: readonly string[];
  /** Asked where no broker that is known answers, at most once a second: where the brokers are by now. What it throws stands among the reasons. */
  readonly findBrokers?: () => Promise<readonly string[]>;
  readonly clientId: string;
  /** For one answer; a request may name a longer one. Default 30 000, as Kafka's own clients. */
  readonly requestTimeoutMs?: number;
  /** For a socket, the TLS and SASL handshakes. Default 5 000. */
  readonly connectionTimeoutMs?: number;
  /** How long to look for a controller that is there and answers. Default 30 000: a ZooKeeper session (18 s) and an election. */
  readonly controllerWaitMs?: number;
  readonly tls?: TlsOptions;
  readonly sasl?: SaslOptions;
  readonly log?: KafkaLog;
  readonly openSocket?: OpenSocket;
}

export interface SendOptions {
  /** `any` broker (the default), the `controller`, or one broker by its id. */
  readonly to?: 'any' | 'controller' | number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface KafkaConnection {
  /** How many requests of each kind went out since the connection was made, repeats counted. */
  readonly requests: Readonly<Record<ApiName, number>>;
  /**
   * Sends one request. Throws CLIENT_UNREACHABLE (nobody could be asked), CLIENT_CONNECTION_LOST or CLIENT_TIMED_OUT (it may have taken effect;
   * repeatable requests are repeated elsewhere first), CLIENT_NO_CONTROLLER, CLIENT_BROKER_UNKNOWN, CLIENT_UNSUPPORTED, CLIENT_REFUSED, CLIENT_ABORTED.
   */
  send<Request, Response extends Throttled>(
    api: Api<Request, Response>,
    request: Request,
    options?: SendOptions,
  ): Promise<Response>;
  /** Fresh metadata of the topics named, or of all. What it says of brokers guides the requests that follow. */
  metadata(topics?: readonly string[], options?: Pick<SendOptions, 'signal' | 'timeoutMs'>): Promise<ClusterMetadata>;
  /** Rejects what is under way, and leaves no socket and no timer. */
  close(): Promise<void>;
}

/** Connects to the first bootstrap server that answers. Throws CLIENT_UNREACHABLE with every address tried and why. */
export async function connect(options: ConnectOptions): Promise<KafkaConnection> {
  const connection = new Cluster(options);
  try {
    await connection.metadata([]);
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** How long a broker that knows no brokers is asked again: the controller tells it within a second of its registration. */
const joiningWaitMs = 10_000;
const joiningPauseMs = 25;
/** Requests that find no broker share one answer of `findBrokers` for so long. */
const findingEveryMs = 1_000;

class Cluster implements KafkaConnection {
  readonly requests: Record<ApiName, number>;
  readonly #bootstrap: readonly string[];
  readonly #requestTimeoutMs: number;
  readonly #controllerWaitMs: number;
  readonly #linkOptions: LinkOptions;
  readonly #links = new Map<string, BrokerLink>();
  readonly #findBrokers: ConnectOptions['findBrokers'];
  #finding: { readonly addresses: Promise<readonly string[]>; readonly since: number } | undefined;
  #brokers: readonly BrokerMetadata[] = [];
  #controllerId: number | undefined;
  #closed = false;

  constructor(options: ConnectOptions) {
    this.requests = Object.fromEntries(Object.keys(apiKeys).map((name) => [name, 0])) as Record<ApiName, number>;
    this.#bootstrap = options.bootstrap.map((text) => formatAddress(parseAddress(text)));
    this.#findBrokers = options.findBrokers;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
    this.#controllerWaitMs = options.controllerWaitMs ?? 30_000;
    this.#linkOptions = {
      clientId: options.clientId,
      connectionTimeoutMs: options.connectionTimeoutMs ?? 5_000,
      tls: options.tls,
      sasl: options.sasl,
      logger: createLogger(options.log),
      openSocket: options.openSocket ?? openSocket,
    };
  }

  async send<Request, Response extends Throttled>(
    api: Api<Request, Response>,
    request: Request,
    { to = 'any', timeoutMs = this.#requestTimeoutMs, signal }: SendOptions = {},
  ): Promise<Response> {
    if (this.#closed) throw closed(api.name);
    if (signal?.aborted) throw aborted(api.name, signal.reason);
    const sent = this.#route(api, request, to, timeoutMs, signal);
    return signal === undefined ? sent : abortable(sent, api.name, signal);
  }

  async metadata(topics?: readonly string[], options: Pick<SendOptions, 'signal' | 'timeoutMs'> = {}) {
    const deadline = performance.now() + joiningWaitMs;
    for (;;) {
      const metadata = await this.send(metadataApi, { topics }, options);
      // A broker that has just started answers before the controller told it anything: no brokers, not even itself, and no topics.
      // Who believed that would plan to create what is there. It is asked again, and what was known of the brokers is kept.
      if (metadata.brokers.length > 0) this.#brokers = metadata.brokers;
      this.#controllerId = metadata.controllerId;
      if (metadata.brokers.length > 0 || performance.now() > deadline) return metadata;
      await sleep(joiningPauseMs, undefined, { signal: options.signal });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#links.values()].map((link) => link.close()));
    this.#links.clear();
  }

  #route<Request, Response extends Throttled>(
    api: Api<Request, Response>,
    request: Request,
    to: 'any' | 'controller' | number,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    if (to === 'any') return this.#sendToAny(api, request, timeoutMs);
    if (to === 'controller') return this.#sendToController(api, request, timeoutMs, signal);
    return this.#sendToBroker(api, request, to, timeoutMs);
  }

  async #sendToAny<Request, Response extends Throttled>(
    api: Api<Request, Response>,
    request: Request,
    timeoutMs: number,
  ): Promise<Response> {
    const failed: FailedAddress[] = [];
    let last: unknown;
    const tried = new Set<BrokerLink>();
    for (const links of [() => this.#anyLinks(), () => this.#foundLinks(failed)]) {
      for (const link of await links()) {
        if (tried.has(link)) continue;
        tried.add(link);
        try {
          return await this.#sendBy(link, api, request, timeoutMs);
        } catch (error) {
          if (!mayRepeat(error, api)) throw error;
          failed.push({ address: link.address, why: whyOf(error) });
          last = error;
        }
      }
    }
    throw unreachable('Kafka', failed, last);
  }

  /** Where the brokers are by now; a reason is added to `failed` where nobody can say. */
  async #foundLinks(failed: FailedAddress[]): Promise<readonly BrokerLink[]> {
    if (this.#findBrokers === undefined) return [];
    const now = performance.now();
    if (this.#finding === undefined || now - this.#finding.since > findingEveryMs) {
      this.#finding = { addresses: this.#findBrokers(), since: now };
    }
    try {
      const addresses = await this.#finding.addresses;
      if (addresses.length === 0) failed.push({ address: 'the brokers’ registry', why: 'no broker is registered' });
      return addresses.map((address) => this.#link(formatAddress(parseAddress(address))));
    } catch (error) {
      failed.push({ address: 'the brokers’ registry', why: whyOf(error) });
      return [];
    }
  }

  /** Open links first, then brokers, then the addresses that we were given. */
  #anyLinks(): readonly BrokerLink[] {
    const links = new Set([
      ...[...this.#links.values()].filter((link) => link.isOpen),
      ...this.#brokers.map((broker) => this.#link(formatAddress(broker))),
      ...this.#bootstrap.map((address) => this.#link(address)),
    ]);
    return [...links];
  }

  async #sendToBroker<Request, Response extends Throttled>(
    api: Api<Request, Response>,
    request: Request,
    id: number,
    timeoutMs: number,
  ): Promise<Response> {
    if (!this.#brokers.some((broker) => broker.id === id)) await this.metadata([]);
    const link = this.#linkOf(id);
    try {
      return await this.#sendBy(link, api, request, timeoutMs);
    } catch (error) {
      // A link may have been lost while idle, which only the next request finds out.
      if (!api.repeatable || !isClientError(error, 'CLIENT_CONNECTION_LOST')) throw error;
      return this.#sendBy(link, api, request, timeoutMs);
    }
  }

  async #sendToController<Request, Response extends Throttled>(
    api: Api<Request, Response>,
    request: Request,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const started = Date.now();
    let last: unknown;
    for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      try {
        const id = this.#controllerId ?? (await this.metadata([])).controllerId;
        if (id !== undefined) {
          const response = await this.#sendBy(this.#linkOf(id), api, request, timeoutMs);
          if (api.movedController?.(response) !== true) return response;
        }
      } catch (error) {
        const gone = isClientError(error, 'CLIENT_UNREACHABLE', 'CLIENT_BROKER_UNKNOWN');
        if (!gone && !mayRepeat(error, api)) throw error;
        last = error;
      }
      this.#controllerId = undefined;
      const waitedMs = Date.now() - started;
      if (waitedMs >= this.#controllerWaitMs) throw noController(waitedMs, last);
      if (signal?.aborted) throw aborted(api.name, signal.reason);
      await sleep(pauseMs);
    }
  }

  #sendBy<Request, Response extends Throttled>(
    link: BrokerLink,
    api: Api<Request, Response>,
    request: Request,
    timeoutMs: number,
  ): Promise<Response> {
    return link.send(api, request, timeoutMs, () => {
      this.requests[api.name] += 1;
    });
  }

  #linkOf(id: number): BrokerLink {
    const broker = this.#brokers.find((candidate) => candidate.id === id);
    if (broker === undefined) {
      throw brokerUnknown(
        id,
        this.#brokers.map((candidate) => candidate.id),
      );
    }
    return this.#link(formatAddress(broker));
  }

  #link(address: string): BrokerLink {
    if (this.#closed) throw closed('a request');
    const link = this.#links.get(address) ?? new BrokerLink(parseAddress(address), this.#linkOptions);
    this.#links.set(address, link);
    return link;
  }
}

/** Whether the same request may go to another broker: nothing was sent, or a second time does no harm. */
function mayRepeat(error: unknown, api: Api<never, Throttled>): boolean {
  if (isClientError(error, 'CLIENT_UNREACHABLE')) return true;
  return api.repeatable && isClientError(error, 'CLIENT_CONNECTION_LOST', 'CLIENT_TIMED_OUT');
}

function whyOf(error: unknown): string {
  const evidence = isClientError(error) ? (error as EnsembleError).evidence : [];
  const line = evidence[0];
  return line === undefined ? reason(error) : line.slice(line.indexOf(': ') + 2);
}

function abortable<T>(promise: Promise<T>, request: string, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(aborted(request, signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
