/**
 * What the groups around the brokers need of each other: a metadata store before an API, an API before anything that serves it, and names within the
 * declared projects that lead somewhere.
 */

import { activeOrdinals, type EnvironmentDraft, type SayFault } from './draft.ts';
import { adminUser, authUser, pushWorker } from './services/tokens.ts';

export function checkPlatform(draft: EnvironmentDraft, fault: SayFault): void {
  checkNeeds(draft, fault);
  checkMembers(draft, fault);
  for (const { field } of [{ field: 'api' }, { field: 'push' }, { field: 'balancer' }] as const) {
    const group = draft[field];
    if (group !== undefined && activeOrdinals(group)?.length === 0)
      fault(
        [field, group.ids === undefined ? 'count' : 'ids'],
        'at least one node',
        '0',
        `write 1 or more, or leave ${field} out`,
      );
  }
  if (draft.api !== undefined) checkDeclarations(draft.api, fault);
}

const needs = [
  ['api', 'metadata', 'the messaging API keeps projects, subscriptions and users in it'],
  ['push', 'api', 'push servers pull from it'],
  ['balancer', 'api', 'it is what the balancer stands in front of'],
] as const;

function checkNeeds(draft: EnvironmentDraft, fault: SayFault): void {
  for (const [field, needed, reason] of needs) {
    if (draft[field] === undefined || draft[needed] !== undefined) continue;
    fault([field], `${needed} beside it (${reason})`, `${field} alone`, `add ${needed}, or remove ${field}`);
  }
}

/** MongoDB manual, "Replica Set Members": a set has at most seven that vote, and an even number tolerates no more than the odd one below. */
const mostMembers = 7;

function checkMembers({ metadata }: EnvironmentDraft, fault: SayFault): void {
  const count = metadata === undefined ? undefined : activeOrdinals(metadata)?.length;
  if (metadata === undefined || count === undefined) return;
  const path = ['metadata', metadata.ids === undefined ? 'count' : 'ids'];
  if (count < 1 || count % 2 === 0 || count > mostMembers)
    fault(path, 'an odd number of members, 1 to 7, of which a majority must live', `${count}`, 'write 3');
}

type ApiDraft = NonNullable<EnvironmentDraft['api']>;

function checkDeclarations({ projects = {}, users = {} }: ApiDraft, fault: SayFault): void {
  const made = new Set([adminUser, authUser, pushWorker]);
  for (const name of Object.keys(users)) {
    if (made.has(name))
      fault(['api', 'users', name], 'another name', `${name}, which the platform makes itself`, 'choose another one');
    for (const project of Object.keys(users[name]?.projects ?? {})) {
      if (projects[project] === undefined)
        fault(
          ['api', 'users', name, 'projects', project],
          'a project of this file',
          project,
          'declare it under api.projects',
        );
    }
  }
  const mapped = new Map<string, string>();
  for (const [name, project] of Object.entries(projects)) {
    const path = ['api', 'projects', name];
    const topics = project?.topics ?? {};
    for (const [topic, declared] of Object.entries(topics)) {
      const here = [...path, 'topics', topic];
      checkUsers(declared?.publishers, users, [...here, 'publishers'], fault);
      const { kafka } = declared ?? {};
      const other = kafka === undefined ? undefined : mapped.get(kafka);
      if (other !== undefined)
        fault(
          [...here, 'kafka'],
          'a topic of the manifest for one project alone',
          `${kafka}, which ${other} has`,
          'choose one of the two',
        );
      if (kafka !== undefined) mapped.set(kafka, `${name}/${topic}`);
    }
    for (const [subscription, declared] of Object.entries(project?.subscriptions ?? {})) {
      const here = [...path, 'subscriptions', subscription];
      checkUsers(declared?.consumers, users, [...here, 'consumers'], fault);
      const topic = declared?.topic;
      if (topic !== undefined && topics[topic] === undefined)
        fault([...here, 'topic'], `a topic of the project ${name}`, topic, `declare it under ${path.join('.')}.topics`);
    }
  }
}

function checkUsers(
  named: readonly (string | undefined)[] | undefined,
  users: Readonly<Record<string, unknown>>,
  path: readonly string[],
  fault: SayFault,
): void {
  for (const [index, user] of (named ?? []).entries()) {
    if (user !== undefined && users[user] === undefined)
      fault([...path, index], 'a user of this file', user, 'declare it under api.users');
  }
}
