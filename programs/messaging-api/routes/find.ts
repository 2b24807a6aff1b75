/** What several routes look up and check, each with the refusal that the reference names. */
import type {
  SchemaDocument,
  SubscriptionDocument,
  TopicDocument,
  UserDocument,
} from '../../../contracts/messaging-documents.ts';
import { projectRoles } from '../../../contracts/messaging-roles.ts';
import { absent, absentUsers, invalid, invalidArguments, Refusal } from '../errors.ts';
import { fields, readBody, texts } from '../lenient-json.ts';
import type { Call, Caller, Service } from '../service.ts';
import type { Stored } from '../store/store.ts';

export interface InProject {
  readonly uuid: string;
  readonly name: string;
}

/** The project of the path, which access has found. */
export function projectOf({ caller, params }: Call): InProject {
  if (caller.project === undefined) throw absent('project');
  return { uuid: caller.project.uuid, name: params.project ?? caller.project.name };
}

export async function topicOf(
  service: Service,
  call: Call,
  name = call.params.topic ?? '',
): Promise<Stored<TopicDocument>> {
  const topic = await service.store.topics.first({ project_uuid: projectOf(call).uuid, name });
  if (topic === undefined) throw absent('Topic');
  return topic;
}

/** As topicOf, for a busy route: it may be a moment old, but nobody is refused by that: `check` is asked again about the topic as it is. */
export async function rememberedTopicOf(
  service: Service,
  call: Call,
  check: (topic: Stored<TopicDocument>) => void,
): Promise<Stored<TopicDocument>> {
  const filter = { project_uuid: projectOf(call).uuid, name: call.params.topic ?? '' };
  const known = await service.lookups.topics.first(filter);
  if (known !== undefined) {
    try {
      check(known);
      return known;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
  const topic = await topicOf(service, call);
  check(topic);
  return topic;
}

export async function subscriptionOf({ store }: Service, call: Call): Promise<Stored<SubscriptionDocument>> {
  const name = call.params.subscription ?? '';
  const subscription = await store.subscriptions.first({ project_uuid: projectOf(call).uuid, name });
  if (subscription === undefined) throw absent('Subscription');
  return subscription;
}

/** A schema by its full name; undefined for the empty one. Throws 400 and 404. */
export async function schemaNamed(
  { store }: Service,
  call: Call,
  fullName: string,
): Promise<Stored<SchemaDocument> | undefined> {
  if (fullName === '') return undefined;
  const parts = fullName.split('/');
  if (parts.length !== 4 || parts[0] !== 'projects' || parts[2] !== 'schemas')
    throw invalid('wrong schema name declaration');
  const schema = await store.schemas.first({ project_uuid: projectOf(call).uuid, name: parts[3] ?? '' });
  if (schema === undefined) throw absent('Schema');
  return schema;
}

export const aclShape = fields({ authorized_users: texts().unwrap().optional() });

/** The uuids of the members that a modifyAcl body names. `what`: Topic ACL, Subscription ACL. */
export async function aclFromBody({ store }: Service, call: Call, what: string): Promise<readonly string[]> {
  const { authorized_users: names } = readBody(aclShape, call.body, invalidArguments(what));
  if (names === undefined) throw invalidArguments(what);
  const { uuid } = projectOf(call);
  const members = names.length === 0 ? [] : await store.users.find({ name: names, 'projects.project_uuid': uuid });
  const uuids = new Map(members.map((member) => [member.name, member.uuid]));
  const missing = names.filter((name) => !uuids.has(name));
  if (missing.length > 0) throw absentUsers(missing);
  return [...new Set(names.map((name) => uuids.get(name) ?? ''))];
}

/** The names behind an access list; users that are gone are left out. */
export async function aclNames({ store }: Service, acl: readonly string[] | null): Promise<object> {
  const users = acl === null || acl.length === 0 ? [] : await store.users.find({ uuid: acl });
  const names = new Map(users.map((user) => [user.uuid, user.name]));
  return { authorized_users: (acl ?? []).flatMap((uuid) => names.get(uuid) ?? []) };
}

/** Each must occur in the roles collection, and within a project only a service admin gives a role of the service. Throws 400. */
export async function checkRoles({ store }: Service, caller: Caller, roles: readonly string[]): Promise<void> {
  for (const role of roles) {
    const known = (await store.roles.first({ roles: role })) !== undefined;
    if (!known || (!caller.isServiceAdmin && !projectRoles.includes(role))) throw invalid(`invalid role: ${role}`);
  }
}

/** Only what the access list holds, for a caller whose one claim is this role. */
export function ownOnly({ roles, user }: Caller, role: 'publisher' | 'consumer'): { readonly acl?: string } {
  const limited = roles.has(role) && !roles.has('project_admin') && !roles.has('service_admin');
  return limited && user !== undefined ? { acl: user.uuid } : {};
}

export type StoredUser = Stored<UserDocument>;
