/**
 * Who may do what on the messaging API before an operator says otherwise: role x action, as the `roles` collection of a fresh database holds it.
 *
 * Source: the defaults of ARGO's public Ansible role (2023), which lacks the actions on one registration (given to the service's admin here). The
 * program asks the collection, never this table: it is for the seed, for tests, and for the check that every route has its row.
 */
const roleOf = {
  S: 'service_admin',
  A: 'project_admin',
  P: 'publisher',
  C: 'consumer',
  W: 'push_worker',
  M: 'metrics_viewer',
  N: 'argo_api_authn',
  R: 'register_admin',
} as const;

export type Role = (typeof roleOf)[keyof typeof roleOf];

/** Every role that some action asks for, and admin_viewer, which the status route alone asks for (reference, section 2, Service). */
export const knownRoles: readonly string[] = [...Object.values(roleOf), 'admin_viewer'];

/** Roles that a project's admin may give within the project; the others belong to the service. */
export const projectRoles: readonly string[] = [roleOf.A, roleOf.P, roleOf.C];

const letters = {
  'topics:list': 'SAP',
  'topics:create': 'SA',
  'topics:show': 'SAP',
  'topics:delete': 'SA',
  'topics:publish': 'SAP',
  'topics:acl': 'SA',
  'topics:modifyAcl': 'SA',
  'topics:attachSchema': 'SA',
  'topics:detachSchema': 'SA',
  'topics:metrics': 'SAP',
  'subscriptions:listByTopic': 'SA',
  'subscriptions:list': 'SAC',
  'subscriptions:show': 'SACW',
  'subscriptions:create': 'SA',
  'subscriptions:delete': 'SA',
  'subscriptions:pull': 'SACW',
  'subscriptions:acknowledge': 'SACW',
  'subscriptions:offsets': 'SAC',
  'subscriptions:modifyOffset': 'SAC',
  'subscriptions:timeToOffset': 'SAC',
  'subscriptions:modifyAckDeadline': 'SAC',
  'subscriptions:acl': 'SA',
  'subscriptions:modifyAcl': 'SA',
  'subscriptions:metrics': 'SAC',
  'subscriptions:modifyPushConfig': 'SA',
  'subscriptions:verifyPushEndpoint': 'SA',
  'projects:list': 'S',
  'projects:show': 'SA',
  'projects:create': 'S',
  'projects:update': 'SA',
  'projects:delete': 'SA',
  'projects:metrics': 'SA',
  'projects:listUsers': 'SA',
  'projects:showUser': 'SA',
  'projects:createUser': 'SA',
  'projects:updateUser': 'SA',
  'projects:addUser': 'SA',
  'projects:removeUser': 'SA',
  'users:list': 'SA',
  'users:show': 'S',
  'users:byUUID': 'SN',
  'users:byToken': 'SW',
  'users:create': 'S',
  'users:update': 'S',
  'users:refreshToken': 'S',
  'users:delete': 'S',
  'registrations:newUser': 'SR',
  'registrations:acceptNewUser': 'S',
  'registrations:declineNewUser': 'S',
  'registrations:show': 'S',
  'registrations:list': 'S',
  'registrations:delete': 'S',
  'schemas:create': 'SA',
  'schemas:update': 'SA',
  'schemas:show': 'SA',
  'schemas:list': 'SA',
  'schemas:delete': 'SA',
  'schemas:validateMessage': 'SA',
  'ams:metrics': 'SMA',
  'ams:vaMetrics': 'SMA',
} as const;

function isLetter(letter: string): letter is keyof typeof roleOf {
  return Object.hasOwn(roleOf, letter);
}

/** One document of the `roles` collection for each action. @internal */
export const defaultRoles: readonly { readonly resource: string; readonly roles: readonly Role[] }[] = Object.entries(
  letters,
).map(([resource, text]) => ({ resource, roles: [...text].filter(isLetter).map((letter) => roleOf[letter]) }));
