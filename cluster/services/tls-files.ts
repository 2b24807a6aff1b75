/** The certificate of a node for one of its services, as three files: the chain, its key, and the authority that it trusts. */
import type { ServiceFile } from '../model.ts';
import { configuration, configurationPath, type Site } from './service.ts';

const folder = 'tls';

/** The authority's certificate lies in a folder of its own too, for programs that trust every certificate of a folder. */
export function tlsFiles({ node }: Site<unknown>): readonly ServiceFile[] {
  return [
    { place: configuration, path: `${folder}/certificate.pem`, text: [{ secret: `tls/${node.id}.pem` }] },
    { place: configuration, path: `${folder}/key.pem`, mode: 0o600, text: [{ secret: `tls/${node.id}.key.pem` }] },
    { place: configuration, path: `${folder}/ca.pem`, text: [{ secret: 'tls/ca.pem' }] },
    { place: configuration, path: `${folder}/authorities/ca.pem`, text: [{ secret: 'tls/ca.pem' }] },
  ];
}

/** Their absolute paths. */
export function tlsPaths(site: Site<unknown>, service: string) {
  const path = (file: string) => configurationPath(site, service, `${folder}/${file}`);
  return {
    certificate: path('certificate.pem'),
    key: path('key.pem'),
    authority: path('ca.pem'),
    authorities: path('authorities'),
  };
}
