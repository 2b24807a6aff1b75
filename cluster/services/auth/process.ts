/** How the authentication service runs, and when it serves. */
import type { ServiceProcess } from '../../model.ts';
import { applicationPassword } from '../mongodb/connection.ts';
import { beyondNodeHeapMiB } from '../program-choice.ts';
import { configurationPath, type Site } from '../service.ts';
import { authToken, serviceToken, tokens } from '../tokens.ts';
import type { AuthSettings } from './settings.ts';

export function process(site: Site<AuthSettings>): ServiceProcess {
  const { cluster, settings } = site;
  return {
    program: {
      runtime: 'node',
      program: 'auth',
      options: [`--max-old-space-size=${settings.heapMiB}`],
      arguments: ['--config', configurationPath(site, 'auth', 'config.json')],
    },
    memoryMiB: settings.heapMiB + beyondNodeHeapMiB,
    probe: {
      listener: 'https',
      tls: true,
      send: 'GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      expect: '^HTTP/1.1 200',
    },
    secrets: [
      ...tokens(authToken, serviceToken),
      ...(cluster.standIns.mongodb === undefined ? tokens(applicationPassword) : []),
    ],
    reload: { signal: 'SIGHUP', reads: 'certificates' },
    stopTimeoutMs: 30_000,
  };
}
