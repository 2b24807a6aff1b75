/**
 * Who asks, and may he: the checks before a handler, in upstream's order (reference, section 1): key present, project there, service token, user, roles.
 * Every comparison of a token takes the same time, whatever it finds.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { UserDocument } from '../../contracts/messaging-documents.ts';
import { absent, forbidden, Refusal, unauthorized } from './errors.ts';
import type { Caller, Service } from './service.ts';
import type { Lookups } from './store/lookups.ts';
import type { Filter, Stored } from './store/store.ts';

/** Passes every route (upstream). */
const allPassing = '_admin_';

export interface AccessQuestion {
  /** As the request gave it, empty where it did not. */
  readonly key: string;
  /** The project that the path names and that must be there. */
  readonly project: string | undefined;
  /** The action to ask the roles for; `own-key`: any user; `open`: anybody. */
  readonly action: string;
  /** The answer may rest on what was found a moment ago. */
  readonly isBusy?: boolean;
}

/** The key of a request by `auth_option`: `both` the header, else the query; `header`; anything else the query alone. */
export function requestKey(option: string, header: string | undefined, query: URLSearchParams): string {
  const asked = query.get('key') ?? '';
  if (option === 'header') return header ?? '';
  if (option === 'both') return header === undefined || header === '' ? asked : header;
  return asked;
}

/** Throws 401, 403, or 404 for the project. Nobody is refused by what is only remembered: a right that was given just now holds on every node. */
export async function admit(service: Service, question: AccessQuestion): Promise<Caller> {
  const { store, lookups } = service;
  if (question.isBusy !== true || lookups === store) return admitBy(store, service, question);
  try {
    return await admitBy(lookups, service, question);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return admitBy(store, service, question);
  }
}

async function admitBy(
  store: Lookups,
  { config }: Service,
  { key, project: name, action }: AccessQuestion,
): Promise<Caller> {
  if (action === 'open') return { user: undefined, roles: new Set(), isServiceAdmin: false, project: undefined };
  if (key === '') throw unauthorized();
  const isService = action !== 'own-key' && isServiceToken(config.service_token, key);
  // Asked for together, judged one after another: each is a trip to the store, and every request makes them.
  const [project, user, row] = await Promise.all([
    name === undefined ? undefined : store.projects.first({ name }),
    isService ? undefined : store.users.first({ token: key }),
    isService || action === 'own-key' ? undefined : store.roles.first({ resource: action }),
  ]);
  if (name !== undefined && project === undefined) throw absent('project');
  if (isService) return { user: undefined, roles: new Set(['service_admin']), isServiceAdmin: true, project };
  if (user === undefined || user.token === '') throw unauthorized();
  const serviceRoles = user.service_roles ?? [];
  const roles = new Set([...serviceRoles, ...rolesIn(user, project?.uuid)]);
  const caller = { user, roles, isServiceAdmin: serviceRoles.includes('service_admin'), project };
  if (action === 'own-key') return caller;
  if (roles.size === 0) throw unauthorized();
  if (roles.has(allPassing)) return caller;
  if (!(row?.roles ?? []).some((role) => roles.has(role))) throw forbidden();
  return caller;
}

/** With `per_resource_auth`, whoever holds `role` must be in the list of the topic or subscription, even with other roles. */
export function mustBeListed(
  { config }: Service,
  { user, roles }: Caller,
  role: 'publisher' | 'consumer',
  acl: readonly string[] | null,
): void {
  if (!config.per_resource_auth || !roles.has(role)) return;
  if (!(acl ?? []).includes(user?.uuid ?? '')) throw forbidden();
}

/** What mustBeListed rests on, as a condition of a step in the store. */
export function isListed({ config }: Service, { user, roles }: Caller, role: 'publisher' | 'consumer'): Filter {
  return config.per_resource_auth && roles.has(role) ? { acl: user?.uuid ?? '' } : {};
}

export function rolesIn(user: Stored<UserDocument> | UserDocument, projectUuid: string | undefined): readonly string[] {
  return (user.projects ?? []).find((each) => each.project_uuid === projectUuid)?.roles ?? [];
}

export function isServiceToken(token: string, key: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return token !== '' && timingSafeEqual(digest(token), digest(key));
}
