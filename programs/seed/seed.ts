/** A whole run of the seed: waits for the store within its time, fills the messaging API's database, then the authentication service's. */
import { EnsembleError } from '../../contracts/error.ts';
import type { SeedConfig } from '../../contracts/seed-config.ts';
import { connectAuthStore } from '../auth/store.ts';
import { connectMongoStore } from '../messaging-api/store/mongo-store.ts';
import type { Tell } from './deeds.ts';
import { seedAuth } from './seed-auth.ts';
import { seedMessaging } from './seed-messaging.ts';

export interface SeedOptions {
  readonly now: () => Date;
  readonly tell: Tell;
  /** Told, in words without secrets, of what an operator should know. */
  readonly warn: (words: string) => void;
}

/** Throws SEED_TOKEN_TAKEN, SEED_UNSETTLED, and CLIENT_UNREACHABLE or CLIENT_REFUSED once the time is over. */
export async function seed(config: SeedConfig, { now, tell, warn }: SeedOptions): Promise<void> {
  const end = performance.now() + config.ensemble.timeoutMs;
  const host = config.store_host;
  const store = await patiently(end, () => connectMongoStore({ host, database: config.store_db, warn }));
  try {
    const users = await seedMessaging(config, { store, now, tell });
    if (config.auth === undefined) return;
    const { store_db: database, service_types } = config.auth;
    const authStore = await patiently(end, () => connectAuthStore({ storeHost: host, database, warn }));
    try {
      await seedAuth(service_types, { store: authStore, users, now, tell });
    } finally {
      await authStore.close();
    }
  } finally {
    await store.close();
  }
}

/** Again while nobody answers, since a replica set may be electing; a refused sign-in stays refused. */
async function patiently<T>(end: number, connect: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      const waiting = error instanceof EnsembleError && error.code === 'CLIENT_UNREACHABLE';
      if (!waiting || performance.now() >= end) throw error;
    }
  }
}
