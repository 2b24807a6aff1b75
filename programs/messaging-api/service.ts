/** What every handler is given: the configuration, the store, the back-end, and what a test wants to hold still. */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { MessagingApiConfig } from '../../contracts/messaging-api-config.ts';
import type { ProjectDocument, UserDocument } from '../../contracts/messaging-documents.ts';
import type { Backend } from './backend/backend.ts';
import { LogEnds } from './backend/log-ends.ts';
import { PartitionCounts } from './backend/partition-counts.ts';
import { PublishQueue } from './backend/publish-queue.ts';
import { ExpectedStandings } from './expected-standings.ts';
import { PublishCounts } from './publish-counts.ts';
import { createEndpointFetch, type EndpointAnswer } from './push/endpoint.ts';
import { noPushServers, type PushServers } from './push/push-servers.ts';
import type { SchemaValidators } from './schema-validation.ts';
import { createSchemaValidators } from './schema-validation.ts';
import { type Lookups, rememberingStore } from './store/lookups.ts';
import type { Store, Stored } from './store/store.ts';

export interface Service {
  readonly config: MessagingApiConfig;
  readonly store: Store;
  /** For the routes that messages go through alone: what they give may be a moment old (`ensemble.lookupMs`). */
  readonly lookups: Lookups;
  readonly counts: PublishCounts;
  readonly backend: Backend;
  readonly publishing: PublishQueue;
  readonly ends: LogEnds;
  readonly partitionCounts: PartitionCounts;
  readonly expected: ExpectedStandings;
  readonly schemas: SchemaValidators;
  readonly push: PushServers;
  readonly now: () => Date;
  /** The epoch in which this node serves a subscription, where a routing service hands them out; undefined: nobody does. */
  readonly epochOf: (projectUuid: string, subscription: string) => number | undefined;
  /** GET of an https URL: its status and body. */
  readonly fetchText: (url: string) => Promise<EndpointAnswer>;
  readonly warn: (words: string, error?: unknown) => void;
  /** Aborted when this node leaves: pulls that wait answer with what they have. */
  readonly closing: AbortSignal;
}

/** What a handler knows of one request. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly caller: Caller;
  /** The x-api-key header. */
  readonly apiKey: string | undefined;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

export interface Caller {
  /** Undefined for the service token, and where nobody was asked for a key. */
  readonly user: Stored<UserDocument> | undefined;
  /** In the project of the path, and of the service. */
  readonly roles: ReadonlySet<string>;
  /** Holds service_admin for the whole service, not within one project. */
  readonly isServiceAdmin: boolean;
  /** The project of the path. */
  readonly project: Stored<ProjectDocument> | undefined;
}

/** undefined: 200 with an empty body. A Text is sent as it is, and so is Json, which was written out while its handler waited for something. */
export type Answer = object | undefined;

export class Text {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Upstream's indentation. */
const indent = 3;

export class Json {
  readonly text: string;
  constructor(value: object) {
    this.text = JSON.stringify(value, null, indent);
  }
}

export type Handler = (service: Service, call: Call) => Promise<Answer>;

/** Kafka's message.max.bytes as the reference asks for it; a single record has 1,500,000. */
const batchBytes = 1_900_000;
/** How late a partition that an operator adds is noticed; the answer costs one small request for each mapped topic. */
const partitionCountAgeMs = 5_000;

export interface ServiceParts extends Pick<Service, 'config' | 'store' | 'backend'> {
  readonly push?: PushServers;
  readonly now?: Service['now'];
  readonly epochOf?: Service['epochOf'];
  readonly fetchText?: Service['fetchText'];
  readonly warn?: Service['warn'];
  readonly closing?: AbortSignal;
  readonly partitionCountAgeMs?: number;
}

/** The parts, and their defaults. */
export function createService(parts: ServiceParts): Service {
  const { limits, lookupMs } = parts.config.ensemble;
  const { waitingBytes } = limits;
  const { store, lookups } = rememberingStore(parts.store, lookupMs);
  const closing = parts.closing ?? new AbortController().signal;
  setMaxListeners(0, closing); // every pull that waits listens to it
  return {
    push: noPushServers,
    now: () => new Date(),
    epochOf: () => undefined,
    fetchText: createEndpointFetch(parts.config.ensemble.endpointAuthorities),
    warn: () => {},
    counts: new PublishCounts(parts.store, { warn: parts.warn ?? (() => {}) }),
    schemas: createSchemaValidators(),
    publishing: new PublishQueue(parts.backend, { waitingBytes, batchBytes }),
    ends: new LogEnds(parts.backend),
    partitionCounts: new PartitionCounts(parts.backend, parts.partitionCountAgeMs ?? partitionCountAgeMs),
    expected: new ExpectedStandings(),
    ...parts,
    store,
    lookups,
    closing,
  };
}

/** 64 hex digits: a user's token, a verification hash. */
export function newToken(): string {
  return randomBytes(32).toString('hex');
}
