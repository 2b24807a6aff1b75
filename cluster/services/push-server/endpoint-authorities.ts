/**
 * Authorities of push endpoints beside the public ones, as a file of certificates: for the push servers that deliver, and for the API that verifies an
 * endpoint before. It is there also where nobody is named, so that a first one needs no restart: both read it again with their own certificates.
 */
import type { ServiceFile } from '../../model.ts';
import { configuration } from '../service.ts';
import type { PushServerSettings } from './settings.ts';

/** Within a service's configuration. */
export const endpointAuthoritiesPath = 'tls/endpoint-authorities.pem';

export function endpointAuthoritiesFile({
  endpointAuthorities,
}: Pick<PushServerSettings, 'endpointAuthorities'>): ServiceFile {
  return { place: configuration, path: endpointAuthoritiesPath, reloaded: true, text: [endpointAuthorities] };
}
