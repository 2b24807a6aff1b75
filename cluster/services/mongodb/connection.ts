/**
 * How a service reaches the metadata store: what follows `mongodb://`, as upstream's programs and ours take it. With a replica set that is a user,
 * every member and TLS; with the stand-in an address alone, since it knows neither users nor TLS.
 */
import type { LateText } from '../../../contracts/late.ts';
import { addressesOf } from '../peers.ts';
import { configurationPath, type Site } from '../service.ts';

/** The databases, by upstream's names. */
export const databases = { messaging: 'argo_msg', authentication: 'argo_authn' } as const;

/** The user that our programs connect as: it may read and write the databases and nothing else. */
export const applicationUser = 'ensemble';
export const applicationPassword = 'mongodb/application';

/** @param service whose configuration the text is for: its folder has the authority's certificate as `tls/ca.pem`. */
export function storeHost(site: Site<unknown>, service: string): LateText {
  const standIn = site.cluster.standIns.mongodb;
  if (standIn !== undefined) return [addressesOf(site, standIn, 'server').join(',')];
  const query = new URLSearchParams({
    replicaSet: site.cluster.environment,
    authSource: 'admin',
    w: 'majority',
    tls: 'true',
    tlsCAFile: configurationPath(site, service, 'tls/ca.pem'),
  });
  const members = addressesOf(site, 'mongodb', 'server').join(',');
  return [`${applicationUser}:`, { secret: applicationPassword }, `@${members}/?${query}`];
}
