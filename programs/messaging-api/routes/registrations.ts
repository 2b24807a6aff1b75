/** Registrations: people who ask to become users (reference, section 2, Registrations). */
import { randomUUID } from 'node:crypto';
import type { RegistrationDocument } from '../../../contracts/messaging-documents.ts';
import { seconds } from '../cursor.ts';
import { absent, exists, invalidArguments } from '../errors.ts';
import { fields, readBody, text } from '../lenient-json.ts';
import type { Route } from '../router.ts';
import { type Call, newToken, type Service } from '../service.ts';
import type { Stored } from '../store/store.ts';
import { viewUser } from './user-view.ts';
import { insertUser } from './users.ts';

const asked = fields({
  name: text(),
  first_name: text(),
  last_name: text(),
  email: text(),
  organization: text(),
  description: text(),
});
const commentShape = fields({ comment: text() });
const nameShape = /^[a-zA-Z0-9_-]+$/;
const filters = ['name', 'status', 'email', 'organization', 'activation_token'] as const;

async function view({ store }: Service, registration: RegistrationDocument): Promise<object> {
  const { decline_comment, modified_by, modified_at, ...rest } = registration;
  const { uuid, name, first_name, last_name, organization, description, email, status, activation_token } = rest;
  const modifier = modified_by === '' ? undefined : await store.users.first({ uuid: modified_by });
  return {
    uuid,
    name,
    first_name,
    last_name,
    organization,
    description,
    email,
    status,
    activation_token,
    registered_at: rest.registered_at,
    ...(decline_comment === '' ? {} : { decline_comment }),
    ...(modifier === undefined ? {} : { modified_by: modifier.name }),
    ...(modified_at === '' ? {} : { modified_at }),
  };
}

async function create(service: Service, call: Call): Promise<object> {
  const body = readBody(asked, call.body, invalidArguments('User'));
  // It becomes a name in paths when it is accepted.
  if (!nameShape.test(body.name)) throw invalidArguments('User');
  if ((await service.store.users.first({ name: body.name })) !== undefined) throw exists('User');
  const registration: RegistrationDocument = {
    ...body,
    uuid: randomUUID(),
    activation_token: newToken(),
    status: 'pending',
    decline_comment: '',
    registered_at: seconds(service.now()),
    modified_by: '',
    modified_at: '',
  };
  await service.store.registrations.insert(registration);
  return view(service, registration);
}

async function registrationOf({ store }: Service, { params }: Call): Promise<Stored<RegistrationDocument>> {
  const found = await store.registrations.first({ uuid: params.uuid ?? '' });
  if (found === undefined) throw absent('User registration');
  return found;
}

/** One of several that decide at once wins; for the others it is no longer pending. */
async function decide(
  service: Service,
  call: Call,
  status: 'accepted' | 'declined',
  decline_comment = '',
): Promise<RegistrationDocument> {
  const registration = await registrationOf(service, call);
  const modified_by = call.caller.user?.uuid ?? '';
  const set = { status, decline_comment, modified_by, modified_at: seconds(service.now()) };
  const { uuid } = registration;
  if (!(await service.store.registrations.change({ uuid, status: 'pending' }, { set })))
    throw absent('User registration');
  return { ...registration, ...set };
}

async function accept(service: Service, call: Call): Promise<object> {
  const pending = await registrationOf(service, call);
  if (pending.status === 'pending' && (await service.store.users.first({ name: pending.name })) !== undefined)
    throw exists('User');
  const { name, email, first_name, last_name, organization, description } = await decide(service, call, 'accepted');
  const user = { name, email, first_name, last_name, organization, description };
  return viewUser(service, await insertUser(service, call.caller, user));
}

const one = '/registrations/{uuid}';

export const registrationRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/registrations',
    action: 'registrations:list',
    handler: async (service, { query }) => {
      const filter = Object.fromEntries(
        filters.flatMap((field) => {
          const value = query.get(field) ?? '';
          return value === '' ? [] : [[field, value]];
        }),
      );
      const found = await service.store.registrations.find(filter);
      return { user_registrations: await Promise.all(found.map((each) => view(service, each))) };
    },
  },
  { method: 'POST', path: '/registrations', action: 'registrations:newUser', body: asked, handler: create },
  {
    method: 'GET',
    path: one,
    action: 'registrations:show',
    handler: async (service, call) => view(service, await registrationOf(service, call)),
  },
  { method: 'POST', path: `${one}:accept`, action: 'registrations:acceptNewUser', handler: accept },
  {
    method: 'POST',
    path: `${one}:decline`,
    action: 'registrations:declineNewUser',
    body: commentShape,
    handler: async (service, call) => {
      const { comment } = readBody(commentShape, call.body);
      await decide(service, call, 'declined', comment);
      return {};
    },
  },
  {
    method: 'DELETE',
    path: one,
    action: 'registrations:delete',
    handler: async (service, call) => {
      const { uuid } = await registrationOf(service, call);
      await service.store.registrations.remove({ uuid });
      return undefined;
    },
  },
];
