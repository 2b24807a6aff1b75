/** haproxy.cfg and the certificates. Sources: HAProxy configuration and management manuals, 2.6; reasons beside each line. */
import type { ServiceFile } from '../../model.ts';
import { configuration, configurationPath, type Site } from '../service.ts';
import type { HaproxySettings } from './settings.ts';

export function files(site: Site<HaproxySettings>): readonly ServiceFile[] {
  const { node } = site;
  return [
    { place: configuration, path: 'haproxy.cfg', text: [haproxyCfg(site)] },
    // Chain and key in one file, which is what `crt` takes.
    { place: configuration, path: 'tls/keystore.pem', mode: 0o600, text: [{ secret: `tls/${node.id}.keystore.pem` }] },
    { place: configuration, path: 'tls/ca.pem', text: [{ secret: 'tls/ca.pem' }] },
  ];
}

function haproxyCfg(site: Site<HaproxySettings>): string {
  const { addressing, node } = site;
  const bind = (listener: string) => `${addressing.bind(node)}:${addressing.port(node, 'haproxy', listener)}`;
  return `# HAProxy on ${node.id}
global
  log stdout format raw local0
  hard-stop-after 30s
defaults
  mode http
  timeout connect 5s
  timeout client 310s
  timeout server 310s
frontend stats
  bind ${bind('stats')}
  http-request return status 200 if { path /health }
frontend api
  bind ${bind('api')} ssl crt ${configurationPath(site, 'haproxy', 'tls/keystore.pem')}
`;
}
