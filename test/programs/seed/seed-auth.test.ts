/** What the seed puts into the authentication service's database (reference, section 6), over a store in memory. */
import { describe, expect, it } from 'vitest';
import { seedConfigShape } from '../../../contracts/seed-config.ts';
import { type AuthStore, createMemoryAuthStore } from '../../../programs/auth/store.ts';
import type { Deed } from '../../../programs/seed/deeds.ts';
import { seedAuth } from '../../../programs/seed/seed-auth.ts';

const token = 't'.repeat(64);

function serviceTypes(change: object = {}) {
  const { auth } = seedConfigShape.parse({
    store_host: 'localhost',
    users: [{ name: 'operator', token }],
    auth: {
      service_types: [
        {
          name: 'ams',
          hosts: ['api.local'],
          methods: [{ host: 'api.local', port: 8080, headers: { 'x-api-key': token } }],
          bindings: [{ name: 'operator', host: 'api.local', auth_identifier: 'CN=operator', user: 'operator' }],
          ...change,
        },
      ],
    },
  });
  return auth?.service_types ?? [];
}

async function run(store: AuthStore, types = serviceTypes(), uuid = 'uuid-1'): Promise<readonly Deed[]> {
  const deeds: Deed[] = [];
  const now = () => new Date('2026-03-01T10:00:00.250Z');
  await seedAuth(types, { store, users: new Map([['operator', uuid]]), now, tell: (deed) => deeds.push(deed) });
  return deeds;
}

describe('the seed of the authentication service', () => {
  it('makes a service type, how its host is asked, and the binding with the uuid of the user', async () => {
    const store = createMemoryAuthStore();
    const deeds = await run(store);
    expect(deeds.map(({ did, what, name }) => `${did} ${what} ${name}`)).toEqual([
      'made service type ams',
      'made auth method ams/api.local',
      'made binding operator',
    ]);
    const type = await store.serviceTypes.first({ name: 'ams' });
    expect(type).toMatchObject({ auth_types: ['x509'], auth_method: 'headers', created_on: '2026-03-01T10:00:00Z' });
    expect(await store.authMethods.first({})).toMatchObject({ service_uuid: type?.uuid, port: 8080, type: 'headers' });
    expect(await store.bindings.first({})).toMatchObject({
      service_uuid: type?.uuid,
      uniquekey: 'uuid-1',
      auth_identifier: 'CN=operator',
    });
    expect(JSON.stringify(deeds)).not.toContain(token);
  });

  it('says and changes nothing the second time, nor for four runs at once', async () => {
    const store = createMemoryAuthStore();
    await Promise.all([run(store), run(store), run(store), run(store)]);
    expect(await run(store)).toEqual([]);
    for (const collection of [store.serviceTypes, store.authMethods, store.bindings])
      expect(await collection.count({})).toBe(1);
  });

  it('keeps what is its own up to date: the token that asks, and the uuid of a user made anew', async () => {
    const store = createMemoryAuthStore();
    await run(store);
    const methods = [{ host: 'api.local', port: 443, headers: { 'x-api-key': 'u'.repeat(64) } }];
    const deeds = await run(store, serviceTypes({ methods }), 'uuid-2');
    expect(deeds.map(({ did, what }) => `${did} ${what}`)).toEqual(['changed auth method', 'changed binding']);
    expect(await store.bindings.first({})).toMatchObject({ uniquekey: 'uuid-2' });
    expect(await store.authMethods.first({})).toMatchObject({ port: 443, headers: { 'x-api-key': 'u'.repeat(64) } });
  });

  it('adds a host to a service type and takes none away, and leaves other bindings alone', async () => {
    const store = createMemoryAuthStore();
    await run(store);
    const made = await store.bindings.first({});
    if (made === undefined) throw new Error('no binding');
    await store.bindings.insert({ ...made, name: 'by-hand', auth_identifier: 'CN=somebody' });
    await store.serviceTypes.change({ name: 'ams' }, { addToLists: { hosts: 'by-hand.local' } });
    await run(store, serviceTypes({ hosts: ['api.local', 'second.local'] }));
    expect(await store.serviceTypes.first({})).toMatchObject({ hosts: ['api.local', 'by-hand.local', 'second.local'] });
    expect(await store.bindings.count({})).toBe(2);
  });

  it('says where a person has bound the same certificate under another name', async () => {
    const store = createMemoryAuthStore();
    await run(store, serviceTypes({ bindings: [] }));
    const type = await store.serviceTypes.first({ name: 'ams' });
    await store.bindings.insert({
      service_uuid: type?.uuid ?? '',
      host: 'api.local',
      auth_identifier: 'CN=operator',
      auth_type: 'x509',
      uniquekey: 'another',
      name: 'by-hand',
      uuid: 'b',
      created_on: '2026-01-01T00:00:00Z',
    });
    expect(await run(store)).toMatchObject([{ did: 'differs', what: 'binding', name: 'operator' }]);
    expect(await store.bindings.first({ name: 'operator' })).toBeUndefined();
  });
});
