/** Two nodes of the messaging API on one store, which counts what it is asked. */
import { defaultRoles } from '../../../contracts/messaging-roles.ts';
import { MemoryBackend } from '../../../programs/messaging-api/backend/memory-backend.ts';
import { createMemoryStore } from '../../../programs/messaging-api/store/memory-store.ts';
import type { Store } from '../../../programs/messaging-api/store/store.ts';
import { type Api, startApi } from './api-fixture.ts';

interface Counted {
  readonly store: Store;
  /** `topics.first`, and so on, in the order in which they came. */
  readonly asked: string[];
}

export function countedStore(): Counted {
  const asked: string[] = [];
  const counted = <Of extends object>(name: string, of: Of): Of =>
    new Proxy(of, {
      get(target, key) {
        const value = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => {
          asked.push(`${name}.${String(key)}`);
          return Reflect.apply(value, target, given);
        };
      },
    });
  const raw = createMemoryStore();
  const store = {
    ...raw,
    projects: counted('projects', raw.projects),
    topics: counted('topics', raw.topics),
    subscriptions: counted('subscriptions', raw.subscriptions),
    users: counted('users', raw.users),
    roles: counted('roles', raw.roles),
    schemas: counted('schemas', raw.schemas),
    dailyCounts: counted('dailyCounts', raw.dailyCounts),
  };
  return { store, asked };
}

/** Two nodes on one store and one back-end, each with a memory of its own. `lookupMs` of both. */
export async function twoNodes(lookupMs = 60_000): Promise<{ one: Api; other: Api; asked: string[] }> {
  const { store, asked } = countedStore();
  const backend = new MemoryBackend();
  for (const role of defaultRoles) await store.roles.insert(role);
  const [one, other] = await Promise.all([
    startApi({ ensemble: { lookupMs } }, { store, backend }),
    startApi({ ensemble: { lookupMs } }, { store, backend }),
  ]);
  await one.make('POST', 'projects/P', {});
  await one.make('PUT', 'projects/P/topics/T');
  await one.make('PUT', 'projects/P/subscriptions/S', { topic: 'projects/P/topics/T' });
  return { one, other, asked };
}
