/** Bindings: which certificate is which user of a host (reference, section 6). */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isDuplicateKey } from '../../../clients/mongo/connection.ts';
import type { BindingDocument } from '../../../contracts/auth-documents.ts';
import { fields } from '../../messaging-api/lenient-json.ts';
import { readBody, requireFields } from '../body.ts';
import { absent, conflict, unsupported } from '../errors.ts';
import {
  type AuthService,
  bindingOf,
  type Call,
  checkHost,
  created,
  deleted,
  ok,
  type Route,
  serviceTypeNamed,
} from '../service.ts';
import { zuluTime } from '../store.ts';

const shape = fields({
  name: z.string().optional(),
  service_uuid: z.string().optional(),
  host: z.string().optional(),
  auth_identifier: z.string().optional(),
  unique_key: z.string().optional(),
  auth_type: z.string().optional(),
});

type Checked = Pick<BindingDocument, 'name' | 'service_uuid' | 'host' | 'auth_identifier' | 'uniquekey' | 'auth_type'>;

/** In upstream's order. Throws 422 and 404. */
async function check({ store }: AuthService, given: z.output<typeof shape>): Promise<Checked> {
  const { name = '', service_uuid = '', host = '', auth_identifier = '', unique_key = '', auth_type = '' } = given;
  requireFields('binding', { name, service_uuid, host, auth_identifier, unique_key, auth_type });
  const serviceType = await store.serviceTypes.first({ uuid: service_uuid });
  if (serviceType === undefined) throw absent('Service-type');
  checkHost(serviceType, host);
  if (auth_type !== 'x509' || !serviceType.auth_types.includes(auth_type))
    throw unsupported('Auth type', auth_type, serviceType.auth_types);
  return { name, service_uuid, host, auth_identifier, uniquekey: unique_key, auth_type };
}

/** Throws 409 where another binding has the certificate or the name. */
async function checkFree({ store }: AuthService, wanted: Checked, uuid?: string): Promise<void> {
  const { service_uuid, host, auth_type, auth_identifier, name } = wanted;
  const same = await store.bindings.first({ service_uuid, host, auth_type, auth_identifier });
  if (same !== undefined && same.uuid !== uuid) throw conflict('binding', 'auth_identifier', auth_identifier);
  const named = await store.bindings.first({ name });
  if (named !== undefined && named.uuid !== uuid) throw conflict('binding', 'name', name);
}

async function create(service: AuthService, { params, body }: Call) {
  const checked = await check(service, { ...readBody(shape, body), name: params.name });
  await checkFree(service, checked);
  const document = { ...checked, uuid: randomUUID(), created_on: zuluTime(service.now()) };
  if (!(await service.store.bindings.insert(document))) {
    await checkFree(service, checked); // says which of the two was taken meanwhile
    throw conflict('binding', 'name', checked.name);
  }
  return created(view(document));
}

async function named({ store }: AuthService, { params }: Call): Promise<BindingDocument> {
  const found = await store.bindings.first({ name: params.name ?? '' });
  if (found === undefined) throw absent('Binding');
  return found;
}

/** Upstream writes the unique key into a field that it never reads. */
async function update(service: AuthService, call: Call) {
  const before = await named(service, call);
  const given = Object.entries(readBody(shape, call.body)).filter(([, value]) => value !== undefined);
  const checked = await check(service, { ...before, unique_key: before.uniquekey, ...Object.fromEntries(given) });
  await checkFree(service, checked, before.uuid);
  const set = { ...checked, updated_on: zuluTime(service.now()) };
  try {
    await service.store.bindings.change({ uuid: before.uuid }, { set });
  } catch (error) {
    if (isDuplicateKey(error)) throw conflict('binding', 'name', checked.name);
    throw error;
  }
  return ok(view({ ...before, ...set }));
}

function view(binding: BindingDocument) {
  const { name, service_uuid, host, uuid, auth_identifier, uniquekey, auth_type } = binding;
  const { created_on, updated_on, last_auth } = binding;
  const times = Object.entries({ created_on, updated_on, last_auth }).filter(([, time]) => (time ?? '') !== '');
  const shown = { name, service_uuid, host, uuid, auth_identifier, unique_key: uniquekey, auth_type };
  return { ...shown, ...Object.fromEntries(times) };
}

async function ofHost(service: AuthService, { params, query }: Call) {
  const serviceType = await serviceTypeNamed(service, params.serviceType);
  const host = checkHost(serviceType, params.host);
  const identity = query.get('authID') ?? '';
  if (identity !== '') return ok({ bindings: [view(await bindingOf(service, serviceType, host, identity))] });
  const found = await service.store.bindings.find({ service_uuid: serviceType.uuid, host });
  return ok({ bindings: [...found].reverse().map(view) });
}

export const bindingRoutes: readonly Route[] = [
  { method: 'POST', path: '/bindings/:name', handler: create },
  { method: 'GET', path: '/bindings/:name', handler: async (service, call) => ok(view(await named(service, call))) },
  { method: 'PUT', path: '/bindings/:name', handler: update },
  {
    method: 'DELETE',
    path: '/bindings/:name',
    handler: async (service, call) => {
      const { uuid } = await named(service, call);
      await service.store.bindings.remove({ uuid });
      return deleted;
    },
  },
  {
    method: 'GET',
    path: '/bindings',
    handler: async ({ store }) => ok({ bindings: [...(await store.bindings.find({}))].reverse().map(view) }),
  },
  { method: 'GET', path: '/service-types/:serviceType/hosts/:host/bindings', handler: ofHost },
];
