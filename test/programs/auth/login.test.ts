/**
 * A certificate becomes a token: each check in the reference's order (section 6), over real TLS with certificates made by secrets/ and by authorities
 * elsewhere, and the token looked up at the messaging API of this repository, over TLS too.
 */
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { messagingApiConfigShape } from '../../../contracts/messaging-api-config.ts';
import { createApp as createMessagingApi } from '../../../programs/messaging-api/app.ts';
import { createService } from '../../../programs/messaging-api/service.ts';
import { startApi } from '../messaging-api/api-fixture.ts';
import { type Auth, type KeyPair, type OwnCertificates, ownCertificates, refusal, startAuth } from './auth-fixture.ts';
import { makeAuthority, makeCertificate, makeRevocationList, type TestAuthority } from './certificates.ts';

let own: OwnCertificates;
let authority: TestAuthority;
let stranger: TestAuthority;
let api: { server: FastifyInstance; port: number; token: string; uuid: string; lookupKey: string };
const running: Auth[] = [];

beforeAll(async () => {
  own = await ownCertificates();
  [authority, stranger] = await Promise.all([makeAuthority('Elsewhere'), makeAuthority('Nobody knows')]);
  api = await startMessagingApi();
});
afterAll(() => api.server.close());
beforeEach(() => {
  expect(running).toEqual([]);
});

async function startMessagingApi(): Promise<typeof api> {
  const { store, backend, user } = await startApi();
  const token = await user('operator', []);
  const lookupKey = await user('authn', [], ['argo_api_authn']);
  const uuid = (await store.users.first({ name: 'operator' }))?.uuid ?? '';
  const config = messagingApiConfigShape.parse({ auth_option: 'both' });
  const tls = { cert: own.server.pem, key: own.server.keyPem };
  const server = createMessagingApi(createService({ config, store, backend }), { tls });
  await server.listen({ port: 0, host: '127.0.0.1' });
  return { server, port: (server.server.address() as AddressInfo).port, token, uuid, lookupKey };
}

/** A service with the service type `ams` at localhost, and the bindings of these identities to the operator; ended after `run`. */
async function withAuth(
  {
    config = {},
    parts = {},
    identities = ['CN=operator'],
  }: {
    config?: Readonly<Record<string, unknown>>;
    parts?: Parameters<typeof startAuth>[2];
    identities?: readonly string[];
  },
  run: (auth: Auth) => Promise<void>,
): Promise<void> {
  const auth = await startAuth(own, config, { authorities: [authority.pem], ...parts });
  running.push(auth);
  const at = { created_on: '2026-01-01T00:00:00Z' };
  const host = 'localhost';
  try {
    await auth.store.serviceTypes.insert({
      ...at,
      uuid: 'st-1',
      name: 'ams',
      hosts: [host, 'bare'],
      auth_types: ['x509'],
      auth_method: 'headers',
      type: 'ams',
    });
    await auth.store.authMethods.insert({
      ...at,
      uuid: 'am-1',
      service_uuid: 'st-1',
      host,
      port: api.port,
      type: 'headers',
      headers: { 'x-api-key': api.lookupKey },
    });
    for (const [index, auth_identifier] of identities.entries())
      await auth.store.bindings.insert({
        ...at,
        uuid: `b-${index}`,
        name: `b${index}`,
        service_uuid: 'st-1',
        host,
        auth_identifier,
        auth_type: 'x509',
        uniquekey: api.uuid,
      });
    await run(auth);
  } finally {
    running.pop();
    await auth.close();
  }
}

const logIn = (auth: Auth, certificate?: KeyPair, path = 'service-types/ams/hosts/localhost:authx509') =>
  auth.ask('GET', path, { key: '', ...(certificate === undefined ? {} : { certificate }) });
const notFound = (what: string) => refusal(404, 'NOT FOUND', `${what} was not found`);
const denied = (message: string) => refusal(403, 'ACCESS_FORBIDDEN', message);

describe('a certificate of the environment', () => {
  it('becomes the token of its user in the messaging API, without a key', async () => {
    await withAuth({}, async (auth) => {
      const { status, body } = await logIn(auth, own.operator);
      expect([status, body]).toEqual([200, { token: api.token }]);
      expect(auth.log.join('\n')).toContain('CN=operator');
      expect(auth.log.join('\n')).not.toContain(api.token);
      expect(auth.log.join('\n')).not.toContain(api.lookupKey);
    });
  });

  it('is asked for first, whatever else is wrong', async () => {
    await withAuth({}, async (auth) => {
      const { body } = await logIn(auth, undefined, 'service-types/none/hosts/none:authx509');
      expect(body).toEqual(refusal(400, 'BAD REQUEST', 'No certificate provided'));
    });
  });

  it('needs a service type of certificates, a host of it, an auth method, and a binding, in this order', async () => {
    await withAuth({ identities: [] }, async (auth) => {
      const at = (path: string) => logIn(auth, own.operator, path).then(({ body }) => body);
      expect(await at('service-types/none/hosts/none:authx509')).toEqual(notFound('Service-type'));
      expect(await at('service-types/ams/hosts/none:authx509')).toEqual(notFound('Host'));
      expect(await at('service-types/ams/hosts/bare:authx509')).toEqual(notFound('Auth method'));
      expect(await at('service-types/ams/hosts/localhost:authx509')).toEqual(notFound('Binding'));
      await auth.store.serviceTypes.change({ name: 'ams' }, { set: { auth_types: ['oidc'] } });
      expect(await at('service-types/ams/hosts/none:authx509')).toEqual(
        refusal(422, 'UNPROCESSABLE ENTITY', 'Auth type: x509 is not yet supported.Supported:[oidc]'),
      );
    });
  });
});

describe('a certificate of another authority', () => {
  it('is taken where that authority is in the folder, by its whole subject', async () => {
    const subject = [{ DC: ['org'] }, { C: ['GR'] }, { O: ['a, b'] }, { CN: ['robot'] }];
    const certificate = await makeCertificate(authority, { subject });
    await withAuth({ identities: ['CN=robot,O=a\\, b,C=GR,DC=org'] }, async (auth) => {
      expect((await logIn(auth, certificate)).body).toEqual({ token: api.token });
    });
  });

  it('is refused with a reason where nobody here trusts it, though the rest of the service serves', async () => {
    const certificate = await makeCertificate(stranger, { subject: [{ CN: ['operator'] }] });
    await withAuth({}, async (auth) => {
      const { status, text } = await logIn(auth, certificate);
      expect(status).toBe(403);
      expect(text).toContain('Your certificate is not trusted here: ');
      expect((await auth.ask('GET', 'bindings', { certificate })).status).toBe(200);
    });
  });

  it('is refused when its time is over or has not come, whether that is to be verified or not', async () => {
    const day = 86_400_000;
    const subject = [{ CN: ['operator'] }];
    const until = new Date(Date.now() - day / 2);
    const over = await makeCertificate(authority, { subject, until });
    const early = await makeCertificate(authority, { subject, from: new Date(Date.now() + day / 2) });
    for (const verify_certificate of [true, false]) {
      await withAuth({ config: { verify_certificate } }, async (auth) => {
        expect((await logIn(auth, over)).body).toEqual(denied('Your certificate has expired'));
        expect((await logIn(auth, early)).body).toEqual(denied('Your certificate is not active yet'));
      });
    }
  });

  it('is taken of any authority with trust_unknown_cas alone, and of none whose revocation nobody can look up', async () => {
    const certificate = await makeCertificate(stranger, {
      subject: [{ CN: ['operator'] }],
      crl: 'http://127.0.0.1:9/x',
    });
    await withAuth({ config: { trust_unknown_cas: true } }, async (auth) => {
      expect((await logIn(auth, certificate)).status).toBe(200);
    });
    await withAuth({ config: { trust_unknown_cas: true, verify_certificate: true } }, async (auth) => {
      expect((await logIn(auth, certificate)).status).toBe(403);
    });
  });
});

describe('with verify_certificate', () => {
  const verified = { verify_certificate: true };

  it('a certificate must name a revocation list, unless the environment asks for one only where it is named', async () => {
    await withAuth({ config: verified }, async (auth) => {
      expect((await logIn(auth, own.operator)).body).toEqual(
        denied('Your certificate is invalid. No CRLDistributionPoints found on the certificate'),
      );
    });
    await withAuth({ config: { ...verified, ensemble: { revocation: 'whenNamed' } } }, async (auth) => {
      expect((await logIn(auth, own.operator)).status).toBe(200);
    });
  });

  it("the client's address must have a name of the certificate, where that is asked for, before anything else", async () => {
    const certificate = await makeCertificate(authority, { subject: [{ CN: ['operator'] }], hosts: ['good.x.org'] });
    const asked = { ...verified, client_cert_host_verification: true, ensemble: { revocation: 'whenNamed' } };
    const named = (names: readonly string[]) => ({ checks: { reverseLookup: async () => names } });
    await withAuth(
      { config: asked, parts: { authorities: [authority.pem], ...named(['bad.x.org', 'good.x.org']) } },
      async (auth) => {
        expect((await logIn(auth, certificate)).status).toBe(200);
      },
    );
    for (const names of [['bad.x.org'], []]) {
      await withAuth({ config: asked, parts: { authorities: [authority.pem], ...named(names) } }, async (auth) => {
        expect((await logIn(auth, certificate)).status).toBe(403);
      });
    }
    const nameless = { checks: { reverseLookup: () => Promise.reject(new Error('ENOTFOUND')) } };
    await withAuth({ config: asked, parts: { authorities: [authority.pem], ...nameless } }, async (auth) => {
      expect((await logIn(auth, certificate)).status).toBe(400);
    });
  });

  it('a list of the operator in a file revokes certificates that name none', async () => {
    const certificate = await makeCertificate(authority, { subject: [{ CN: ['operator'] }] });
    const { writeFileSync, mkdtempSync, rmSync } = await import('node:fs');
    const { tmpdir } = await import('node:os');
    const folder = mkdtempSync(`${tmpdir()}/ensemble-crl-`);
    writeFileSync(`${folder}/list.crl`, await makeRevocationList(authority, [certificate.serialNumber]));
    const ensemble = { revocation: 'whenNamed', revocationLists: [`${folder}/list.crl`] };
    await withAuth({ config: { ...verified, ensemble } }, async (auth) => {
      expect((await logIn(auth, certificate)).body).toEqual(denied('Your certificate has been revoked'));
      expect((await logIn(auth, own.operator)).status).toBe(200);
    });
    writeFileSync(`${folder}/list.crl`, await makeRevocationList(stranger, []));
    await expect(withAuth({ config: { ...verified, ensemble } }, async () => {})).rejects.toMatchObject({
      code: 'AUTH_FILE_UNUSABLE',
    });
    rmSync(folder, { recursive: true });
  });
});

describe('the token', () => {
  it('is not given where its host does not answer well, and the answer says no more than that', async () => {
    await withAuth({}, async (auth) => {
      await auth.store.authMethods.change({ uuid: 'am-1' }, { set: { headers: { 'x-api-key': 'wrong' } } });
      expect((await logIn(auth, own.operator)).body).toEqual(
        refusal(500, 'INTERNAL SERVER ERROR', 'Internal Error: localhost answered 401'),
      );
      await auth.store.authMethods.change({ uuid: 'am-1' }, { set: { headers: { 'x-api-key': api.lookupKey } } });
      expect((await logIn(auth, own.operator)).status).toBe(200);
      await auth.store.bindings.change({ uuid: 'b-0' }, { set: { uniquekey: `${api.uuid}?x=1` } });
      expect((await logIn(auth, own.operator)).status).toBe(500);
      await auth.store.authMethods.change({ uuid: 'am-1' }, { set: { port: 9 } });
      expect((await logIn(auth, own.operator)).body).toEqual(
        refusal(500, 'INTERNAL SERVER ERROR', 'Internal Error: localhost:9 could not be asked: ECONNREFUSED'),
      );
    });
  });

  it('is the field that the configuration names, which must be there, as must a path', async () => {
    await withAuth({ config: { service_types_retrieval_fields: { ams: 'tokn' } } }, async (auth) => {
      expect((await logIn(auth, own.operator)).text).toContain(
        'The specified retrieval field: `tokn` was not found in the response body of the service type',
      );
    });
    await withAuth({ config: { service_types_paths: { custom: '/' } } }, async (auth) => {
      expect((await logIn(auth, own.operator)).body).toEqual(
        refusal(500, 'INTERNAL SERVER ERROR', 'Internal Error: Backend error'),
      );
    });
  });

  it('is asked of no host that cannot prove its name', async () => {
    await withAuth(
      { config: { ensemble: { certificateAuthority: '' } }, parts: { authorities: [own.authority] } },
      async (auth) => {
        expect((await logIn(auth, own.operator)).text).toMatch(/could not be asked: (SELF_SIGNED|UNABLE_TO)/);
      },
    );
    await withAuth(
      {
        config: { verify_ssl: false, ensemble: { certificateAuthority: '' } },
        parts: { authorities: [own.authority] },
      },
      async (auth) => {
        expect((await logIn(auth, own.operator)).status).toBe(200);
      },
    );
  });

  it('is looked up with the key in the path, encoded, where the service type goes by keys', async () => {
    await withAuth(
      { config: { service_types_paths: { ams: '/v1/users:byUUID/{{identifier}}?key={{access_key}}' } } },
      async (auth) => {
        await auth.store.serviceTypes.change({ name: 'ams' }, { set: { auth_method: 'api-key' } });
        await auth.store.authMethods.change({ uuid: 'am-1' }, { set: { type: 'api-key', access_key: api.lookupKey } });
        expect((await logIn(auth, own.operator)).body).toEqual({ token: api.token });
      },
    );
  });
});
