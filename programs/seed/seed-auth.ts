/**
 * Brings the authentication service's database to what the environment declares, by the same rules as seed-messaging.ts: service types, how their hosts
 * are asked for tokens, and which certificate is which user. The environment owns its auth methods and bindings, since they hold its tokens and its users'
 * uuids; other entries stay as they are.
 */
import { randomUUID } from 'node:crypto';
import type { AuthMethodDocument, BindingDocument } from '../../contracts/auth-documents.ts';
import type { SeedConfig } from '../../contracts/seed-config.ts';
import { type AuthStore, zuluTime } from '../auth/store.ts';
import type { Collection } from '../messaging-api/store/store.ts';
import type { Tell } from './deeds.ts';

type ServiceType = NonNullable<SeedConfig['auth']>['service_types'][number];

interface Work {
  readonly store: AuthStore;
  /** uuid of each declared user of the messaging API. */
  readonly users: ReadonlyMap<string, string>;
  readonly now: () => Date;
  readonly tell: Tell;
}

/** Throws the store's errors. */
export async function seedAuth(serviceTypes: readonly ServiceType[], work: Work): Promise<void> {
  for (const declared of serviceTypes) {
    const service_uuid = await ensureServiceType(declared, work);
    for (const method of declared.methods) await ensureAuthMethod(declared, method, service_uuid, work);
    for (const binding of declared.bindings) await ensureBinding(binding, service_uuid, work);
  }
}

async function ensureServiceType(declared: ServiceType, { store, now, tell }: Work): Promise<string> {
  const { name, type, hosts, auth_method } = declared;
  const uuid = randomUUID();
  const document = { uuid, name, hosts, auth_types: ['x509'], auth_method, type, created_on: zuluTime(now()) };
  if ((await store.serviceTypes.first({ name })) === undefined && (await store.serviceTypes.insert(document))) {
    tell({ did: 'made', what: 'service type', name });
    return uuid;
  }
  const found = (await store.serviceTypes.first({ name })) ?? document;
  for (const host of hosts.filter((each) => !found.hosts.includes(each))) {
    await store.serviceTypes.change({ name }, { addToLists: { hosts: host } });
    tell({ did: 'changed', what: 'service type', name, detail: `host ${host}` });
  }
  if (found.type !== type || found.auth_method !== auth_method) {
    const detail = `${type} by ${auth_method}, not ${found.type} by ${found.auth_method}`;
    tell({ did: 'differs', what: 'service type', name, detail });
  }
  return found.uuid;
}

async function ensureAuthMethod(
  { name, auth_method }: ServiceType,
  { host, port, access_key, headers }: ServiceType['methods'][number],
  service_uuid: string,
  { store, now, tell }: Work,
): Promise<void> {
  const key = { service_uuid, host, type: auth_method };
  const owned: Partial<AuthMethodDocument> = {
    port,
    type: auth_method,
    ...(access_key === undefined ? {} : { access_key }),
    ...(headers === undefined ? {} : { headers }),
  };
  const made: AuthMethodDocument = { ...key, port, ...owned, uuid: randomUUID(), created_on: zuluTime(now()) };
  const did = await ensureOwned(store.authMethods, made, key, owned, now);
  if (did !== undefined) tell({ did, what: 'auth method', name: `${name}/${host}` });
}

async function ensureBinding(
  { name, host, auth_identifier, user }: ServiceType['bindings'][number],
  service_uuid: string,
  { store, users, now, tell }: Work,
): Promise<void> {
  const owned: Partial<BindingDocument> = { service_uuid, host, auth_identifier, uniquekey: users.get(user) ?? '' };
  const other = await store.bindings.first({ service_uuid, host, auth_type: 'x509', auth_identifier });
  if (other !== undefined && other.name !== name) {
    tell({ did: 'differs', what: 'binding', name, detail: `${auth_identifier} is bound by ${other.name} already` });
    return;
  }
  const made: BindingDocument = {
    service_uuid,
    host,
    auth_identifier,
    uniquekey: users.get(user) ?? '',
    name,
    auth_type: 'x509',
    uuid: randomUUID(),
    created_on: zuluTime(now()),
  };
  const did = await ensureOwned(store.bindings, made, { name }, owned, now);
  if (did !== undefined) tell({ did, what: 'binding', name });
}

/** Makes the document, or sets those of its fields that the environment owns; undefined where nothing was to do. */
async function ensureOwned<Document extends object>(
  collection: Collection<Document>,
  document: Document,
  key: Readonly<Record<string, string>>,
  owned: Partial<Document>,
  now: () => Date,
): Promise<'made' | 'changed' | undefined> {
  if ((await collection.first(key)) === undefined && (await collection.insert(document))) return 'made';
  const found: Partial<Document> = (await collection.first(key)) ?? {};
  const differs = Object.entries(owned).some(
    ([field, value]) => JSON.stringify(found[field as keyof Document]) !== JSON.stringify(value),
  );
  if (!differs) return undefined;
  const updated_on: object = { updated_on: zuluTime(now()) };
  return (await collection.change(key, { set: { ...owned, ...updated_on } })) ? 'changed' : undefined;
}
