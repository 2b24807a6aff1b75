/** haproxy.cfg, the certificate that clients see, and the authority that nodes are verified against. */
import type { ServiceFile } from '../../model.ts';
import { configuration, type Site } from '../service.ts';
import { haproxyCfg } from './haproxy-cfg.ts';
import type { HaproxySettings } from './settings.ts';

export function files(site: Site<HaproxySettings>): readonly ServiceFile[] {
  const { node } = site;
  return [
    { place: configuration, path: 'haproxy.cfg', text: [haproxyCfg(site).text] },
    // Chain and key in one file, which is what `crt` takes.
    { place: configuration, path: 'tls/keystore.pem', mode: 0o600, text: [{ secret: `tls/${node.id}.keystore.pem` }] },
    { place: configuration, path: 'tls/ca.pem', text: [{ secret: 'tls/ca.pem' }] },
  ];
}
