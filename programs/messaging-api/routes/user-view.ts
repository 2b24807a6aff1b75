/** A user as the API shows one, with the names of what he may use (reference, section 2, Users). */
import type { ProjectRoles, UserDocument } from '../../../contracts/messaging-documents.ts';
import { seconds } from '../cursor.ts';
import type { Service } from '../service.ts';

export interface UserScope {
  /** Without a token, service roles, and other projects than this one (its uuid): what a project's admin may see. */
  readonly only?: string | undefined;
  /** Lists leave projects out unless they are asked for details. */
  readonly projects?: boolean;
}

export async function viewUser(
  service: Service,
  user: UserDocument,
  { only, projects = true }: UserScope = {},
): Promise<object> {
  const { uuid, name, email, first_name, last_name, organization, description, created_by } = user;
  const memberships = (user.projects ?? []).filter((each) => only === undefined || each.project_uuid === only);
  const creator = created_by === '' ? undefined : await service.store.users.first({ uuid: created_by });
  const shown = projects ? await viewProjects(service, uuid, memberships) : [];
  return {
    uuid,
    ...(shown.length === 0 ? {} : { projects: shown }),
    name,
    ...present({ first_name, last_name, organization, description }),
    ...(only === undefined ? { token: user.token } : {}),
    email,
    service_roles: only === undefined ? (user.service_roles ?? []) : [],
    created_on: seconds(user.created_on),
    modified_on: seconds(user.modified_on),
    ...(creator === undefined ? {} : { created_by: creator.name }),
  };
}

async function viewProjects(
  { store }: Service,
  uuid: string,
  memberships: readonly ProjectRoles[],
): Promise<readonly object[]> {
  const found = await Promise.all(
    memberships.map(async ({ project_uuid, roles }) => {
      const [project, topics, subscriptions] = await Promise.all([
        store.projects.first({ uuid: project_uuid }),
        store.topics.find({ project_uuid, acl: uuid }),
        store.subscriptions.find({ project_uuid, acl: uuid }),
      ]);
      if (project === undefined) return []; // deleted: upstream leaves the user's entry
      const names = (documents: readonly { readonly name: string }[]) => documents.map(({ name }) => name);
      return [
        { project: project.name, roles: roles ?? [], topics: names(topics), subscriptions: names(subscriptions) },
      ];
    }),
  );
  return found.flat();
}

function present(pairs: Readonly<Record<string, string | undefined>>): object {
  return Object.fromEntries(Object.entries(pairs).filter(([, value]) => value !== undefined && value !== ''));
}
