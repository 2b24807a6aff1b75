/**
 * Brings the messaging API's database to what the environment declares, and no further: it makes what is missing, gives back what a declared user or
 * list lacks, sets what the environment owns (its users' tokens, a topic's Kafka topic), and takes nothing away that people made or changed through
 * the API. Every step is one operation of the store, made again from what it finds, so that runs at once, and runs after one that was killed
 * half-way, end with the same database. The documents are upstream's (reference, section 4).
 */
import { randomUUID } from 'node:crypto';
import {
  neverYet,
  noPush,
  type ProjectRoles,
  type SubscriptionDocument,
  type TopicDocument,
  type UserDocument,
} from '../../contracts/messaging-documents.ts';
import { defaultRoles } from '../../contracts/messaging-roles.ts';
import type { SeedConfig } from '../../contracts/seed-config.ts';
import type { Collection, Filter, Store, Stored } from '../messaging-api/store/store.ts';
import { type Tell, tokenTaken, unsettled } from './deeds.ts';

type Declared = Pick<SeedConfig, 'users' | 'push_worker' | 'projects'>;
type User = SeedConfig['users'][number];
type Project = SeedConfig['projects'][number];

interface Membership {
  readonly project: string;
  readonly project_uuid: string;
  readonly roles: readonly string[];
}

interface Work {
  readonly store: Store;
  readonly now: () => Date;
  readonly tell: Tell;
}

/** A user who changes while we look: more tries than there are runs at once in any deployment. */
const tries = 20;

/** Answers with the uuid of each declared user. Throws SEED_TOKEN_TAKEN, SEED_UNSETTLED and the store's errors. */
export async function seedMessaging(declared: Declared, work: Work): Promise<ReadonlyMap<string, string>> {
  for (const { resource, roles } of defaultRoles) {
    const [made] = await insertOrFind(work.store.roles, { resource, roles }, { resource });
    if (made) work.tell({ did: 'made', what: 'role', name: resource });
  }

  const projects = new Map<string, string>();
  for (const { name, description } of declared.projects)
    projects.set(name, await ensureProject(work, name, description));

  const users = new Map<string, string>();
  for (const user of everyone(declared)) {
    const memberships = user.projects.map(({ project, roles }) => ({
      project,
      project_uuid: projects.get(project) ?? '',
      roles,
    }));
    users.set(user.name, await ensureUser(work, user, memberships));
  }
  for (const project of declared.projects) await seedProject(work, project, projects.get(project.name) ?? '', users);
  return users;
}

function everyone({ users, push_worker }: Declared): readonly User[] {
  if (push_worker === undefined) return users;
  return [...users, { ...push_worker, email: '', service_roles: ['push_worker'], projects: [] }];
}

async function ensureProject({ store, now, tell }: Work, name: string, description: string): Promise<string> {
  const at = now();
  const project = { uuid: randomUUID(), name, created_on: at, modified_on: at, created_by: '', description };
  const [made, { uuid }] = await insertOrFind(store.projects, project, { name });
  if (made) tell({ did: 'made', what: 'project', name });
  return uuid;
}

async function ensureUser(
  { store, now, tell }: Work,
  { name, email, token, service_roles }: User,
  memberships: readonly Membership[],
): Promise<string> {
  const holder = await store.users.first({ token });
  if (holder !== undefined && holder.name !== name) throw tokenTaken(name, holder.name);
  const at = now();
  const projects = memberships.map(({ project_uuid, roles }) => ({ project_uuid, roles }));
  const user = { uuid: randomUUID(), name, token, email, projects, service_roles, created_by: '' };
  const [made, found] = await insertOrFind(store.users, { ...user, created_on: at, modified_on: at }, { name });
  if (made) {
    tell({ did: 'made', what: 'user', name });
    return found.uuid;
  }
  for (let left = tries; left > 0; left -= 1) {
    const before = await store.users.first({ uuid: found.uuid });
    if (before === undefined) break; // a person deleted him meanwhile
    const { set, details } = amended(before, token, service_roles, memberships);
    if (Object.keys(set).length === 0) return before.uuid;
    // The API sets modified_on with every change: what was read is still there while it stands. It must move, even within a millisecond.
    const read = before.modified_on ?? null;
    const modified_on = new Date(Math.max(now().getTime(), (before.modified_on?.getTime() ?? 0) + 1));
    if (await store.users.change({ uuid: before.uuid, modified_on: read }, { set: { ...set, modified_on } })) {
      for (const { what, detail } of details) tell({ did: 'changed', what, name, detail });
      return before.uuid;
    }
  }
  throw unsettled('user', name);
}

/** What a user who is there lacks of what is declared; nothing that he has beyond it is touched. */
function amended(
  before: Stored<UserDocument>,
  token: string,
  serviceRoles: readonly string[],
  memberships: readonly Membership[],
): { set: Partial<UserDocument>; details: readonly { what: 'user' | 'membership'; detail: string }[] } {
  const details: { what: 'user' | 'membership'; detail: string }[] = [];
  let set: Partial<UserDocument> = {};
  if (before.token !== token) {
    set = { ...set, token };
    details.push({ what: 'user', detail: 'token' });
  }
  const service_roles = together(before.service_roles, serviceRoles);
  if (service_roles.length > (before.service_roles ?? []).length) {
    set = { ...set, service_roles };
    details.push({ what: 'user', detail: 'service roles' });
  }
  let projects: readonly ProjectRoles[] | undefined;
  for (const { project, project_uuid, roles } of memberships) {
    const present = (projects ?? before.projects ?? []).find((each) => each.project_uuid === project_uuid);
    const all = together(present?.roles ?? null, roles);
    if (present !== undefined && all.length === (present.roles ?? []).length) continue;
    const others = (projects ?? before.projects ?? []).filter((each) => each !== present);
    projects = [...others, { project_uuid, roles: all }];
    details.push({ what: 'membership', detail: project });
  }
  return { set: projects === undefined ? set : { ...set, projects }, details };
}

function together(present: readonly string[] | null, declared: readonly string[]): readonly string[] {
  return [...new Set([...(present ?? []), ...declared])];
}

async function seedProject(
  work: Work,
  { name: project, topics, subscriptions }: Project,
  project_uuid: string,
  users: ReadonlyMap<string, string>,
): Promise<void> {
  const { store, now, tell } = work;
  const uuidsOf = (names: readonly string[]) => names.map((each) => users.get(each) ?? '');
  for (const { name, kafka_topic, publishers } of topics) {
    const shown = `${project}/${name}`;
    const topic = newTopic(project_uuid, name, now(), kafka_topic);
    const [made, found] = await insertOrFind(store.topics, topic, { project_uuid, name });
    if (made) tell({ did: 'made', what: 'topic', name: shown });
    if (found.kafka_topic !== kafka_topic) {
      const detail = `kafka_topic ${kafka_topic ?? 'of its own'}, not ${found.kafka_topic ?? 'of its own'}`;
      if (kafka_topic === undefined) tell({ did: 'differs', what: 'topic', name: shown, detail });
      else if (await store.topics.change({ project_uuid, name }, { set: { kafka_topic } }))
        tell({ did: 'changed', what: 'topic', name: shown, detail });
    }
    await ensureListed(store.topics, { project_uuid, name }, uuidsOf(publishers), () =>
      tell({ did: 'changed', what: 'acl', name: shown }),
    );
  }
  for (const { name, topic, ackDeadlineSeconds, consumers } of subscriptions) {
    const shown = `${project}/${name}`;
    const subscription = newSubscription(project_uuid, name, topic, ackDeadlineSeconds, now());
    const [made, found] = await insertOrFind(store.subscriptions, subscription, { project_uuid, name });
    if (made) tell({ did: 'made', what: 'subscription', name: shown });
    if (found.topic !== topic)
      tell({ did: 'differs', what: 'subscription', name: shown, detail: `topic ${topic}, not ${found.topic}` });
    await ensureListed(store.subscriptions, { project_uuid, name }, uuidsOf(consumers), () =>
      tell({ did: 'changed', what: 'acl', name: shown }),
    );
  }
}

/** Whether it was made here, and what is there now: one of several runs wins, and all go on with the winner's document. */
async function insertOrFind<Document extends object>(
  collection: Collection<Document>,
  document: Document,
  key: Readonly<Record<string, string>>,
): Promise<readonly [made: boolean, found: Document]> {
  // Looked for first: a database with old duplicates has no unique index, and an insert would succeed there.
  const present = await collection.first(key);
  if (present !== undefined) return [false, present];
  const made = await collection.insert(document);
  return made ? [true, document] : [false, (await collection.first(key)) ?? document];
}

/** What topics and subscriptions have in common. */
interface Listing {
  first(filter: Filter): Promise<{ readonly acl: readonly string[] | null } | undefined>;
  change(
    filter: Filter,
    change: { readonly set?: { readonly acl: readonly string[] }; readonly addToLists?: { readonly acl: string } },
  ): Promise<boolean>;
}

async function ensureListed(
  collection: Listing,
  key: Readonly<Record<string, string>>,
  uuids: readonly string[],
  changed: () => void,
): Promise<void> {
  const acl = (await collection.first(key))?.acl ?? [];
  const missing = uuids.filter((uuid) => !acl.includes(uuid));
  if (missing.length === 0) return;
  // Upstream leaves null where it never wrote a list, and nothing can be added to null.
  await collection.change({ ...key, acl: null }, { set: { acl: [] } });
  for (const uuid of missing) await collection.change(key, { addToLists: { acl: uuid } });
  changed();
}

function newTopic(
  project_uuid: string,
  name: string,
  created_on: Date,
  kafka_topic: string | undefined,
): TopicDocument {
  return {
    project_uuid,
    name,
    msg_num: 0,
    total_bytes: 0,
    latest_publish: neverYet,
    publish_rate: 0,
    schema_uuid: '',
    created_on,
    ...(kafka_topic === undefined ? {} : { kafka_topic }),
    acl: [],
  };
}

/** A pull subscription "from the log's start" (reference, section 3): what was published before the platform knew of it is delivered too. */
function newSubscription(
  project_uuid: string,
  name: string,
  topic: string,
  ackDeadlineSeconds: number,
  created_on: Date,
): SubscriptionDocument {
  return {
    project_uuid,
    name,
    topic,
    offset: -1,
    next_offset: 0,
    pending_ack: '',
    ack: ackDeadlineSeconds === 0 ? 10 : ackDeadlineSeconds,
    epoch: 0,
    ...noPush,
    msg_num: 0,
    total_bytes: 0,
    latest_consume: neverYet,
    consume_rate: 0,
    created_on,
    acl: [],
  };
}
