/**
 * What the authentication service keeps in its store, field by field as upstream stores it (argo-api-authn, stores/models.go), so that either program
 * serves the same database; the seed writes the same documents. Times are text, `YYYY-MM-DDThh:mm:ssZ`; an optional one is absent until it happened.
 */

/** Collection `service_types`. */
export interface ServiceTypeDocument {
  readonly uuid: string;
  readonly name: string;
  /** The hosts that are asked for tokens. */
  readonly hosts: readonly string[];
  /** Today `x509` alone. */
  readonly auth_types: readonly string[];
  readonly auth_method: AuthMethodType;
  /** `ams`, `web-api` or `custom`: selects path and field in the configuration. */
  readonly type: string;
  readonly created_on: string;
  readonly updated_on?: string;
}

export type AuthMethodType = 'api-key' | 'headers';

/** Collection `auth_methods`: how one host is asked. */
export interface AuthMethodDocument {
  readonly uuid: string;
  readonly service_uuid: string;
  readonly host: string;
  readonly port: number;
  readonly type: AuthMethodType;
  /** With `api-key`. In clear: it is sent to the host. */
  readonly access_key?: string;
  /** With `headers`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly created_on: string;
  readonly updated_on?: string;
}

/** Collection `bindings`: which identity of a certificate is which user of a host. */
export interface BindingDocument {
  readonly uuid: string;
  readonly name: string;
  readonly service_uuid: string;
  readonly host: string;
  /** The certificate's subject in upstream's writing (reference, section 6). */
  readonly auth_identifier: string;
  readonly auth_type: 'x509';
  /** The user's key at the host: for the messaging API his uuid. Upstream's field has no tag and is stored in this spelling. */
  readonly uniquekey: string;
  readonly created_on: string;
  readonly updated_on?: string;
  readonly last_auth?: string;
}
