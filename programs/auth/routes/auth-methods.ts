/** Auth methods: port, key or headers with which one host of a service type is asked (reference, section 6). Answers show the key: these routes are the operator's. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isDuplicateKey } from '../../../clients/mongo/connection.ts';
import type { AuthMethodDocument, AuthMethodType } from '../../../contracts/auth-documents.ts';
import { fields } from '../../messaging-api/lenient-json.ts';
import { readBody, requireFields } from '../body.ts';
import { absent, conflict, emptyField } from '../errors.ts';
import {
  type AuthService,
  authMethodOf,
  type Call,
  checkHost,
  created,
  deleted,
  ok,
  type Route,
  serviceTypeNamed,
} from '../service.ts';
import { zuluTime } from '../store.ts';

const given = {
  host: z.string().optional(),
  port: z.int().min(0).max(65_535).optional(),
  access_key: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
};
const createShape = fields(given);
const updateShape = fields({ ...given, service_uuid: z.string().optional() });

const what = 'auth method';

type Checked = Pick<AuthMethodDocument, 'service_uuid' | 'host' | 'port' | 'type' | 'access_key' | 'headers'>;

/** In upstream's order. Throws 422 and 404. */
async function check(
  { store }: AuthService,
  asked: z.output<typeof updateShape>,
  type: AuthMethodType,
): Promise<Checked> {
  const { service_uuid = '', port = 0, host = '', access_key, headers = {} } = asked;
  requireFields(what, { service_uuid, port, host });
  const serviceType = await store.serviceTypes.first({ uuid: service_uuid });
  if (serviceType === undefined) throw absent('Service-type');
  checkHost(serviceType, host);
  if (type === 'headers') {
    if (Object.keys(headers).length === 0) throw emptyField(what, 'headers');
    return { service_uuid, port, host, type, headers };
  }
  if (access_key === undefined || access_key === '') throw emptyField(what, 'access_key');
  return { service_uuid, port, host, type, access_key };
}

async function create(service: AuthService, { params, body }: Call) {
  const { uuid, auth_method } = await serviceTypeNamed(service, params.serviceType);
  const checked = await check(service, { ...readBody(createShape, body), service_uuid: uuid }, auth_method);
  const document = { ...checked, uuid: randomUUID(), created_on: zuluTime(service.now()) };
  if (!(await service.store.authMethods.insert(document))) throw conflict('Auth method', 'host', document.host);
  return created(view(document));
}

async function one(service: AuthService, { params }: Call): Promise<AuthMethodDocument> {
  const serviceType = await serviceTypeNamed(service, params.serviceType);
  return authMethodOf(service, serviceType, checkHost(serviceType, params.host));
}

/** Upstream's always fails with 500. Headers that are given replace those that were there. */
async function update(service: AuthService, call: Call) {
  const before = await one(service, call);
  const asked = Object.entries(readBody(updateShape, call.body)).filter(([, value]) => value !== undefined);
  const checked = await check(service, { ...before, ...Object.fromEntries(asked) }, before.type);
  const { service_uuid, host, type } = checked;
  const other = await service.store.authMethods.first({ service_uuid, host, type });
  if (other !== undefined && other.uuid !== before.uuid) throw conflict('Auth method', 'host', host);
  const set = { ...checked, updated_on: zuluTime(service.now()) };
  try {
    await service.store.authMethods.change({ uuid: before.uuid }, { set });
  } catch (error) {
    if (isDuplicateKey(error)) throw conflict('Auth method', 'host', host);
    throw error;
  }
  return ok(view({ ...before, ...set }));
}

function view({
  service_uuid,
  port,
  host,
  type,
  uuid,
  created_on,
  updated_on,
  access_key,
  headers,
}: AuthMethodDocument) {
  const updated = updated_on === undefined || updated_on === '' ? {} : { updated_on };
  const secret = type === 'headers' ? { headers: headers ?? {} } : { access_key: access_key ?? '' };
  return { service_uuid, port, host, type, uuid, created_on, ...updated, ...secret };
}

async function list({ store }: AuthService) {
  const oldestFirst = [...(await store.authMethods.find({}))].reverse();
  return ok({ auth_methods: oldestFirst.map(view) });
}

const path = '/service-types/:serviceType/hosts/:host/authm';

export const authMethodRoutes: readonly Route[] = [
  { method: 'POST', path: '/service-types/:serviceType/authm', handler: create },
  { method: 'GET', path, handler: async (service, call) => ok(view(await one(service, call))) },
  { method: 'PUT', path, handler: update },
  {
    method: 'DELETE',
    path,
    handler: async (service, call) => {
      const { uuid } = await one(service, call);
      await service.store.authMethods.remove({ uuid });
      return deleted;
    },
  },
  { method: 'GET', path: '/authm', handler: list },
];
