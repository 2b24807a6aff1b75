/**
 * What the authentication service keeps, in MongoDB with upstream's collections and fields (contracts/auth-documents.ts), through the same small set of
 * operations as the messaging API. Upstream has no unique keys, and its checks before an insert lose races; here indexes decide.
 */
import { connectMongo } from '../../clients/mongo/connection.ts';
import type { AuthMethodDocument, BindingDocument, ServiceTypeDocument } from '../../contracts/auth-documents.ts';
import { MemoryCollection } from '../messaging-api/store/memory-store.ts';
import { keepUnique, MongoCollection } from '../messaging-api/store/mongo-store.ts';
import type { Collection } from '../messaging-api/store/store.ts';

export interface AuthStore {
  readonly serviceTypes: Collection<ServiceTypeDocument>;
  readonly authMethods: Collection<AuthMethodDocument>;
  readonly bindings: Collection<BindingDocument>;
  /** Throws where the store does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const unique = {
  service_types: [['name']],
  auth_methods: [['service_uuid', 'host', 'type']],
  bindings: [['name'], ['service_uuid', 'host', 'auth_type', 'auth_identifier']],
} as const;

export interface AuthStoreOptions {
  /** What follows `mongodb://`. */
  readonly storeHost: string;
  readonly database: string;
  /** Told, in words without secrets, what an operator should know. */
  readonly warn: (words: string) => void;
}

/** Connects and makes the indexes. Throws what connectMongo() throws. */
export async function connectAuthStore({ storeHost, database, warn }: AuthStoreOptions): Promise<AuthStore> {
  const connection = await connectMongo({ storeHost, database, warn });
  const db = connection.database;
  for (const [collection, sets] of Object.entries(unique))
    for (const [at, fields] of sets.entries())
      await keepUnique(db, collection, { fields, name: `ensemble_unique_${at}`, warn });
  return {
    serviceTypes: new MongoCollection(db.collection('service_types')),
    authMethods: new MongoCollection(db.collection('auth_methods')),
    bindings: new MongoCollection(db.collection('bindings')),
    ping: () => connection.ping(),
    close: () => connection.close(),
  };
}

/** The same in memory, for tests. @internal */
export function createMemoryAuthStore(): AuthStore {
  const sequence = { next: 1 };
  return {
    serviceTypes: new MemoryCollection(unique.service_types, sequence),
    authMethods: new MemoryCollection(unique.auth_methods, sequence),
    bindings: new MemoryCollection(unique.bindings, sequence),
    ping: async () => {},
    close: async () => {},
  };
}

/** Times in its documents: whole seconds, UTC. */
export function zuluTime(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}
