/** What every route of the authentication service is given, and how entries are found. */
import type { AuthConfig } from '../../contracts/auth-config.ts';
import type { AuthMethodDocument, BindingDocument, ServiceTypeDocument } from '../../contracts/auth-documents.ts';
import { absent } from './errors.ts';
import type { Peer, PeerChecks } from './peer.ts';
import type { AuthStore } from './store.ts';
import type { TokenLookup } from './token-lookup.ts';

export interface AuthService {
  readonly config: AuthConfig;
  readonly store: AuthStore;
  /** Exchanged whole when certificates are read again. */
  readonly trust: () => { readonly lookup: TokenLookup; readonly checks: PeerChecks };
  /** True from SIGTERM on. */
  readonly leaving: () => boolean;
  readonly now: () => Date;
  /** Told what happened; no token is in it. */
  readonly tell: (fields: object, words: string) => void;
  readonly warn: (words: string, error?: unknown) => void;
}

export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  /** Undefined where the client gave no certificate. */
  readonly peer: Peer | undefined;
}

export interface Answer {
  readonly code: 200 | 201 | 204;
  readonly body: object | null;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below /v1, as Fastify writes variables. */
  readonly path: string;
  /** Needs no key. */
  readonly open?: boolean;
  readonly handler: (service: AuthService, call: Call) => Promise<Answer>;
}

export const ok = (body: object): Answer => ({ code: 200, body });
export const created = (body: object): Answer => ({ code: 201, body });
export const deleted: Answer = { code: 204, body: null };

/** Throws 404. */
export async function serviceTypeNamed({ store }: AuthService, name = ''): Promise<ServiceTypeDocument> {
  const found = await store.serviceTypes.first({ name });
  if (found === undefined) throw absent('Service-type');
  return found;
}

/** Throws 404 where the service type has no such host. */
export function checkHost({ hosts }: ServiceTypeDocument, host = ''): string {
  if (!hosts.includes(host)) throw absent('Host');
  return host;
}

/** Throws 404. */
export async function authMethodOf(
  { store }: AuthService,
  { uuid, auth_method }: ServiceTypeDocument,
  host: string,
): Promise<AuthMethodDocument> {
  const found = await store.authMethods.first({ service_uuid: uuid, host, type: auth_method });
  if (found === undefined) throw absent('Auth method');
  return found;
}

/** Throws 404. */
export async function bindingOf(
  { store }: AuthService,
  { uuid }: ServiceTypeDocument,
  host: string,
  identity: string,
): Promise<BindingDocument> {
  const key = { service_uuid: uuid, host, auth_type: 'x509', auth_identifier: identity };
  const found = await store.bindings.first(key);
  if (found === undefined) throw absent('Binding');
  return found;
}
