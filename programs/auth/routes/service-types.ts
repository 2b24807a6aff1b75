/** Service types: which hosts are asked for tokens, and how (reference, section 6). */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isDuplicateKey } from '../../../clients/mongo/connection.ts';
import type { AuthMethodType, ServiceTypeDocument } from '../../../contracts/auth-documents.ts';
import { fields } from '../../messaging-api/lenient-json.ts';
import { readBody, requireFields } from '../body.ts';
import { conflict, emptyField, unsupported } from '../errors.ts';
import { type AuthService, type Call, created, deleted, ok, type Route, serviceTypeNamed } from '../service.ts';
import { zuluTime } from '../store.ts';

const changeable = {
  name: z.string().optional(),
  hosts: z.array(z.string()).optional(),
  auth_types: z.array(z.string()).optional(),
  auth_method: z.string().optional(),
};
const createShape = fields({ ...changeable, type: z.string().optional() });
const updateShape = fields(changeable);

const what = 'service-type';

async function create(service: AuthService, { body }: Call) {
  const checked = check(service, readBody(createShape, body));
  const document = { ...checked, uuid: randomUUID(), created_on: zuluTime(service.now()) };
  if (!(await service.store.serviceTypes.insert(document))) throw conflict(what, 'name', document.name);
  return created(view(document));
}

/** The type stays: tokens of another kind of host are other tokens. */
async function update(service: AuthService, { params, body }: Call) {
  const before = await serviceTypeNamed(service, params.serviceType);
  const given = Object.entries(readBody(updateShape, body)).filter(([, value]) => value !== undefined);
  const checked = check(service, { ...before, ...Object.fromEntries(given) });
  const { name, hosts, auth_types, auth_method } = checked;
  const set = { name, hosts, auth_types, auth_method, updated_on: zuluTime(service.now()) };
  const taken = async () => name !== before.name && (await service.store.serviceTypes.first({ name })) !== undefined;
  if (await taken()) throw conflict(what, 'name', name);
  try {
    await service.store.serviceTypes.change({ uuid: before.uuid }, { set });
  } catch (error) {
    if (isDuplicateKey(error)) throw conflict(what, 'name', name);
    throw error;
  }
  return ok(view({ ...before, ...set }));
}

/** With all that hangs on it; upstream leaves all but one binding and one auth method behind. Last the type, so that a run that fails can be run again. */
async function remove(service: AuthService, { params }: Call) {
  const { uuid } = await serviceTypeNamed(service, params.serviceType);
  await service.store.bindings.remove({ service_uuid: uuid });
  await service.store.authMethods.remove({ service_uuid: uuid });
  await service.store.serviceTypes.remove({ uuid });
  return deleted;
}

interface Given {
  readonly name?: string | undefined;
  readonly hosts?: readonly string[] | undefined;
  readonly auth_types?: readonly string[] | undefined;
  readonly auth_method?: string | undefined;
  readonly type?: string | undefined;
}

type Checked = Pick<ServiceTypeDocument, 'name' | 'hosts' | 'auth_types' | 'auth_method' | 'type'>;

/** In upstream's order. Throws 422. */
function check({ config }: AuthService, given: Given): Checked {
  const { name = '', hosts, auth_types, auth_method = '', type = '' } = given;
  requireFields(what, { name, hosts, auth_types, auth_method, type });
  if (hosts === undefined || hosts.length === 0) throw emptyField(what, 'hosts');
  const method = config.supported_auth_methods.find((each): each is AuthMethodType => each === auth_method);
  if (method === undefined) throw unsupported('auth_method', auth_method, config.supported_auth_methods);
  const types = auth_types ?? [];
  const odd = types.length === 0 ? 'empty' : types.find((each) => !config.supported_auth_types.includes(each));
  if (odd !== undefined) throw unsupported('auth_types', odd, config.supported_auth_types);
  if (!config.supported_service_types.includes(type)) throw unsupported('type', type, config.supported_service_types);
  return { name, hosts, auth_types: types, auth_method: method, type };
}

function view({ name, hosts, auth_types, auth_method, uuid, created_on, updated_on, type }: ServiceTypeDocument) {
  const updated = updated_on === undefined || updated_on === '' ? {} : { updated_on };
  return { name, hosts, auth_types, auth_method, uuid, created_on, ...updated, type };
}

async function list({ store }: AuthService) {
  const oldestFirst = [...(await store.serviceTypes.find({}))].reverse();
  return ok({ service_types: oldestFirst.map(view) });
}

export const serviceTypeRoutes: readonly Route[] = [
  { method: 'POST', path: '/service-types', handler: create },
  { method: 'GET', path: '/service-types', handler: list },
  {
    method: 'GET',
    path: '/service-types/:serviceType',
    handler: async (service, { params }) => ok(view(await serviceTypeNamed(service, params.serviceType))),
  },
  { method: 'PUT', path: '/service-types/:serviceType', handler: update },
  { method: 'DELETE', path: '/service-types/:serviceType', handler: remove },
];
