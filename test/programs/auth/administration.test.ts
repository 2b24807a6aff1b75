/** Service types, auth methods and bindings: each route's status, body and errors, from the reference, section 6. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { routes } from '../../../programs/auth/app.ts';
import { type Auth, type Method, type OwnCertificates, ownCertificates, refusal, startAuth } from './auth-fixture.ts';

let own: OwnCertificates;
let auth: Auth;
beforeAll(async () => {
  own = await ownCertificates();
  auth = await startAuth(own);
});
afterAll(() => auth.close());
beforeEach(async () => {
  for (const collection of [auth.store.serviceTypes, auth.store.authMethods, auth.store.bindings])
    await collection.remove({});
});

const ams = { name: 'ams', hosts: ['h1', 'h2'], auth_types: ['x509'], auth_method: 'headers', type: 'ams' };

async function make(method: Method, path: string, body: unknown): Promise<Record<string, unknown>> {
  const reply = await auth.ask(method, path, { body });
  if (reply.status !== 201) throw new Error(`${path}: ${reply.status} ${reply.text}`);
  return reply.body as Record<string, unknown>;
}

const zulu = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

describe('the key of the operator', () => {
  it('is asked for on every route but login, version and health', async () => {
    for (const { method, path, open } of routes) {
      const { status, body } = await auth.ask(method, path.replace(/:\w+/g, 'x').slice(1), { key: 'wrong' });
      if (open === true) expect(status, path).not.toBe(401);
      else expect(body, path).toEqual(refusal(401, 'UNAUTHORIZED', 'Wrong Credentials'));
    }
    expect((await auth.ask('GET', 'bindings', { key: '' })).status).toBe(401);
    expect((await auth.ask('GET', 'version', { key: '' })).body).not.toHaveProperty('release');
    expect((await auth.ask('GET', 'version')).body).toHaveProperty('release');
    expect((await auth.ask('GET', 'health', { key: '' })).status).toBe(200);
  });

  it('may stand in a header, where no proxy logs it', async () => {
    const given = (key: string) => auth.ask('GET', 'bindings', { key: '', headers: { 'x-api-key': key } });
    expect((await given('the-key-of-the-operator')).status).toBe(200);
    expect((await given('the-key-of-the-operato')).status).toBe(401);
  });
});

describe('service types', () => {
  it('are made with a uuid and a time, shown, listed in their order, and deleted', async () => {
    const { status, body, type } = await auth.ask('POST', 'service-types', { body: ams });
    expect(status).toBe(201);
    expect(type).toBe('application/json; charset=utf-8');
    expect(body).toEqual({ ...ams, uuid: expect.any(String), created_on: expect.stringMatching(zulu) });
    expect((await auth.ask('GET', 'service-types/ams')).body).toEqual(body);
    await make('POST', 'service-types', { ...ams, name: 'second' });
    const list = (await auth.ask('GET', 'service-types')).body as { service_types: { name: string }[] };
    expect(list.service_types.map((each) => each.name)).toEqual(['ams', 'second']);
    const deletion = await auth.ask('DELETE', 'service-types/ams');
    expect([deletion.status, deletion.text]).toEqual([204, '']);
    expect((await auth.ask('GET', 'service-types/ams')).body).toEqual(
      refusal(404, 'NOT FOUND', 'Service-type was not found'),
    );
  });

  it('refuse what lacks, what is not supported, and a name that is there', async () => {
    const { name: _dropped, ...nameless } = ams;
    const empty = (field: string) =>
      refusal(
        422,
        'UNPROCESSABLE ENTITY',
        `service-type object contains empty fields. empty value for field: ${field}`,
      );
    const unsupported = (text: string) => refusal(422, 'UNPROCESSABLE ENTITY', text);
    const cases: readonly (readonly [object, object])[] = [
      [nameless, empty('name')],
      [{ ...ams, name: '' }, empty('name')],
      [{ ...ams, hosts: null }, empty('hosts')],
      [{ ...ams, hosts: [] }, empty('hosts')],
      [{ ...ams, type: undefined }, empty('type')],
      [{ ...ams, auth_method: '' }, empty('auth_method')],
      [
        { ...ams, auth_method: 'odd' },
        unsupported('auth_method: odd is not yet supported.Supported:[api-key headers]'),
      ],
      [{ ...ams, auth_types: ['odd'] }, unsupported('auth_types: odd is not yet supported.Supported:[x509 oidc]')],
      [{ ...ams, auth_types: [] }, unsupported('auth_types: empty is not yet supported.Supported:[x509 oidc]')],
      [{ ...ams, type: 'odd' }, unsupported('type: odd is not yet supported.Supported:[ams web-api custom]')],
    ];
    for (const [body, expected] of cases)
      expect((await auth.ask('POST', 'service-types', { body })).body).toEqual(expected);
    await make('POST', 'service-types', ams);
    expect((await auth.ask('POST', 'service-types', { body: ams })).body).toEqual(
      refusal(409, 'CONFLICT', 'service-type object with name: ams already exists'),
    );
  });

  it('change in the fields given, never in uuid or type, and take no name that is there', async () => {
    const made = await make('POST', 'service-types', ams);
    await make('POST', 'service-types', { ...ams, name: 'second' });
    const { status, body } = await auth.ask('PUT', 'service-types/ams', {
      body: { hosts: ['h3'], type: 'custom', uuid: 'x' },
    });
    expect(status).toBe(200);
    expect(body).toEqual({ ...made, hosts: ['h3'], updated_on: expect.stringMatching(zulu) });
    expect((await auth.ask('PUT', 'service-types/ams', { body: { name: 'second' } })).body).toEqual(
      refusal(409, 'CONFLICT', 'service-type object with name: second already exists'),
    );
    expect((await auth.ask('PUT', 'service-types/none', { body: {} })).status).toBe(404);
    expect((await auth.ask('PUT', 'service-types/ams', { body: { hosts: [] } })).status).toBe(422);
  });

  it('go with all that hangs on them, of which upstream leaves the rest behind', async () => {
    const { uuid } = await make('POST', 'service-types', ams);
    for (const host of ams.hosts) {
      await make('POST', 'service-types/ams/authm', { host, port: 443, headers: { 'x-api-key': 'k' } });
      await make('POST', `bindings/${host}`, bindingOf(uuid, host));
    }
    await auth.ask('DELETE', 'service-types/ams');
    expect(await auth.store.authMethods.count({})).toBe(0);
    expect(await auth.store.bindings.count({})).toBe(0);
  });

  it('say what is wrong with a body that is none', async () => {
    const texts = [
      ['', 'Poorly formatted JSON. EOF'],
      ['{', 'Poorly formatted JSON. it is not JSON'],
      ['[]', 'Poorly formatted JSON. the body has a wrong type'],
      ['{"hosts":"h1"}', 'Poorly formatted JSON. hosts has a wrong type'],
    ];
    for (const [raw = '', message = ''] of texts)
      expect((await auth.ask('POST', 'service-types', { raw })).body).toEqual(refusal(400, 'BAD REQUEST', message));
  });
});

const bindingOf = (service_uuid: unknown, host = 'h1') => ({
  service_uuid,
  host,
  auth_identifier: `CN=${host}`,
  unique_key: 'user-uuid',
  auth_type: 'x509',
});

describe('auth methods', () => {
  const headers = { host: 'h1', port: 443, headers: { 'x-api-key': 'k' } };
  const shown = { service_uuid: expect.any(String), uuid: expect.any(String), created_on: expect.stringMatching(zulu) };

  it('are made by headers or by a key, as their service type asks, shown and listed', async () => {
    await make('POST', 'service-types', ams);
    await make('POST', 'service-types', { ...ams, name: 'web', auth_method: 'api-key', type: 'web-api' });
    expect(await make('POST', 'service-types/ams/authm', headers)).toEqual({ ...headers, ...shown, type: 'headers' });
    const key = { host: 'h1', port: 8443, access_key: 'secret' };
    expect(await make('POST', 'service-types/web/authm', key)).toEqual({ ...key, ...shown, type: 'api-key' });
    expect((await auth.ask('GET', 'service-types/web/hosts/h1/authm')).body).toMatchObject(key);
    const { auth_methods } = (await auth.ask('GET', 'authm')).body as { auth_methods: object[] };
    expect(auth_methods).toMatchObject([headers, key]);
  });

  it('refuse what lacks, an unknown host or type, and a second for a host', async () => {
    await make('POST', 'service-types', ams);
    const post = (body: object, name = 'ams') => auth.ask('POST', `service-types/${name}/authm`, { body });
    const empty = (field: string) =>
      refusal(422, 'UNPROCESSABLE ENTITY', `auth method object contains empty fields. empty value for field: ${field}`);
    expect((await post(headers, 'none')).body).toEqual(refusal(404, 'NOT FOUND', 'Service-type was not found'));
    expect((await post({ ...headers, port: 0 })).body).toEqual(empty('port'));
    expect((await post({ ...headers, host: '' })).body).toEqual(empty('host'));
    expect((await post({ ...headers, headers: {} })).body).toEqual(empty('headers'));
    expect((await post({ ...headers, host: 'h9' })).body).toEqual(refusal(404, 'NOT FOUND', 'Host was not found'));
    expect((await post({ ...headers, port: '443' })).body).toEqual(
      refusal(400, 'BAD REQUEST', 'Poorly formatted JSON. port has a wrong type'),
    );
    await post(headers);
    expect((await post(headers)).body).toEqual(
      refusal(409, 'CONFLICT', 'Auth method object with host: h1 already exists'),
    );
  });

  it('change by PUT, which upstream answers with 500, and go by DELETE', async () => {
    await make('POST', 'service-types', ams);
    const made = await make('POST', 'service-types/ams/authm', headers);
    await make('POST', 'service-types/ams/authm', { ...headers, host: 'h2' });
    const at = 'service-types/ams/hosts/h1/authm';
    const { status, body } = await auth.ask('PUT', at, { body: { port: 444, headers: { other: 'v' } } });
    expect(status).toBe(200);
    expect(body).toEqual({ ...made, port: 444, headers: { other: 'v' }, updated_on: expect.stringMatching(zulu) });
    expect((await auth.ask('GET', at)).body).toEqual(body);
    expect((await auth.ask('PUT', at, { body: { host: 'h2' } })).status).toBe(409);
    expect((await auth.ask('PUT', at, { body: { service_uuid: 'none' } })).status).toBe(404);
    expect((await auth.ask('DELETE', at)).status).toBe(204);
    expect((await auth.ask('DELETE', at)).body).toEqual(refusal(404, 'NOT FOUND', 'Auth method was not found'));
    expect((await auth.ask('GET', 'service-types/ams/hosts/h9/authm')).body).toEqual(
      refusal(404, 'NOT FOUND', 'Host was not found'),
    );
  });
});

describe('bindings', () => {
  it('are made under the name of the path, shown, listed by host and found by certificate', async () => {
    const { uuid } = await make('POST', 'service-types', ams);
    const made = await make('POST', 'bindings/b1', { ...bindingOf(uuid), name: 'another' });
    expect(made).toEqual({
      ...bindingOf(uuid),
      name: 'b1',
      uuid: expect.any(String),
      created_on: expect.stringMatching(zulu),
    });
    await make('POST', 'bindings/b2', bindingOf(uuid, 'h2'));
    expect((await auth.ask('GET', 'bindings/b1')).body).toEqual(made);
    expect((await auth.ask('GET', 'bindings')).body).toMatchObject({ bindings: [{ name: 'b1' }, { name: 'b2' }] });
    const under = (query: string) => auth.ask('GET', `service-types/ams/hosts/h1/bindings${query}`);
    expect((await under('')).body).toEqual({ bindings: [made] });
    expect((await under('?authID=CN%3Dh1')).body).toEqual({ bindings: [made] });
    expect((await under('?authID=CN%3Dh2')).body).toEqual(refusal(404, 'NOT FOUND', 'Binding was not found'));
  });

  it('are stored as upstream stores them, with the unique key in a field without an underscore', async () => {
    const { uuid } = await make('POST', 'service-types', ams);
    await make('POST', 'bindings/b1', bindingOf(uuid));
    const stored = await auth.store.bindings.first({ name: 'b1' });
    expect(stored).toMatchObject({ uniquekey: 'user-uuid', auth_identifier: 'CN=h1' });
    expect(stored).not.toHaveProperty('unique_key');
  });

  it('refuse what lacks, what does not exist, and a certificate or a name that is bound', async () => {
    const { uuid } = await make('POST', 'service-types', ams);
    const post = (body: object, name = 'b1') => auth.ask('POST', `bindings/${name}`, { body });
    for (const field of ['service_uuid', 'host', 'auth_identifier', 'unique_key', 'auth_type'])
      expect((await post({ ...bindingOf(uuid), [field]: '' })).body).toEqual(
        refusal(422, 'UNPROCESSABLE ENTITY', `binding object contains empty fields. empty value for field: ${field}`),
      );
    expect((await post(bindingOf('none'))).body).toEqual(refusal(404, 'NOT FOUND', 'Service-type was not found'));
    expect((await post(bindingOf(uuid, 'h9'))).body).toEqual(refusal(404, 'NOT FOUND', 'Host was not found'));
    expect((await post({ ...bindingOf(uuid), auth_type: 'oidc' })).body).toEqual(
      refusal(422, 'UNPROCESSABLE ENTITY', 'Auth type: oidc is not yet supported.Supported:[x509]'),
    );
    await post(bindingOf(uuid));
    expect((await post(bindingOf(uuid), 'b2')).body).toEqual(
      refusal(409, 'CONFLICT', 'binding object with auth_identifier: CN=h1 already exists'),
    );
    expect((await post(bindingOf(uuid, 'h2'))).body).toEqual(
      refusal(409, 'CONFLICT', 'binding object with name: b1 already exists'),
    );
  });

  it('change by PUT, the unique key too, which upstream writes where it never reads it', async () => {
    const { uuid } = await make('POST', 'service-types', ams);
    const made = await make('POST', 'bindings/b1', bindingOf(uuid));
    await make('POST', 'bindings/b2', bindingOf(uuid, 'h2'));
    const { status, body } = await auth.ask('PUT', 'bindings/b1', { body: { unique_key: 'another' } });
    expect(status).toBe(200);
    expect(body).toEqual({ ...made, unique_key: 'another', updated_on: expect.stringMatching(zulu) });
    expect((await auth.ask('GET', 'bindings/b1')).body).toEqual(body);
    expect((await auth.ask('PUT', 'bindings/b1', { body: { name: 'b2' } })).status).toBe(409);
    expect((await auth.ask('PUT', 'bindings/b1', { body: { host: 'h2', auth_identifier: 'CN=h2' } })).status).toBe(409);
    expect((await auth.ask('PUT', 'bindings/none', { body: {} })).status).toBe(404);
    expect((await auth.ask('DELETE', 'bindings/b1')).status).toBe(204);
    expect((await auth.ask('DELETE', 'bindings/b1')).body).toEqual(refusal(404, 'NOT FOUND', 'Binding was not found'));
  });

  it('are one where ten are made at once for the same certificate', async () => {
    const { uuid } = await make('POST', 'service-types', ams);
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, at) => auth.ask('POST', `bindings/n${at}`, { body: bindingOf(uuid) })),
    );
    expect(replies.map((each) => each.status).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
    expect(await auth.store.bindings.count({})).toBe(1);
  });
});

describe('everything else', () => {
  it('is not found, and an error of the store is a 500 without a stack', async () => {
    expect((await auth.ask('GET', 'nothing')).text).toBe('404 page not found\n');
    expect((await auth.ask('GET', 'service-types/ams/hosts/h1')).status).toBe(404);
    const broken = { ...auth.store.bindings, find: () => Promise.reject(new Error('secret words')) };
    const second = await startAuth(own, {}, { store: { ...auth.store, bindings: broken } as typeof auth.store });
    const { status, text } = await second.ask('GET', 'bindings');
    await second.close();
    expect(status).toBe(500);
    expect(text).not.toMatch(/secret|\.ts:/);
  });

  it('is ready while the store answers', async () => {
    expect((await auth.ask('GET', '/ready', { key: '' })).status).toBe(200);
    const store = { ...auth.store, ping: () => Promise.reject(new Error('gone')) };
    const second = await startAuth(own, {}, { store });
    expect((await second.ask('GET', '/ready', { key: '' })).status).toBe(503);
    expect((await second.ask('GET', 'health', { key: '' })).status).toBe(200);
    await second.close();
  });

  it('says that it is not ready once it leaves, closes each connection with its answer, and goes on to serve', async () => {
    const second = await startAuth(own);
    const kept = () => second.ask('GET', 'service-types', { headers: { connection: 'keep-alive' } });
    expect((await kept()).headers.connection).toBe('keep-alive');
    second.leave();
    expect(await second.ask('GET', '/ready', { key: '' })).toMatchObject({ status: 503, body: { status: 'leaving' } });
    const { status, headers } = await kept();
    expect([status, headers.connection]).toEqual([200, 'close']);
    await second.close();
  });

  it('answers a browser of any origin, and refuses a body that is too large', async () => {
    const headers = { origin: 'https://x.org', 'access-control-request-method': 'POST' };
    const { headers: answered } = await auth.ask('OPTIONS', 'bindings', { headers, key: '' });
    expect(answered['access-control-allow-origin']).toBe('*');
    expect((await auth.ask('POST', 'bindings/x', { raw: ' '.repeat(1_048_577) })).status).toBe(413);
  });
});
