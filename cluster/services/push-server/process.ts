/** How a push server runs, when it serves, and how long it may take to finish deliveries. */
import type { ServiceProcess } from '../../model.ts';
import { applicationPassword } from '../mongodb/connection.ts';
import { beyondNodeHeapMiB } from '../program-choice.ts';
import { configurationPath, type Site } from '../service.ts';
import { pushWorker, tokens, userToken } from '../tokens.ts';
import type { PushServerSettings } from './settings.ts';

export function process(site: Site<PushServerSettings>): ServiceProcess {
  const { cluster, settings } = site;
  const { heapMiB, program } = settings;
  const args = ['--config', configurationPath(site, 'push-server', 'config.json')];
  const shared = {
    memoryMiB: heapMiB + beyondNodeHeapMiB,
    secrets: [
      ...tokens(userToken(pushWorker)),
      ...(cluster.standIns.mongodb === undefined ? tokens(applicationPassword) : []),
    ],
    // A delivery may take 30 s (reference: push, "Timeout 30 s"), and its acknowledgement comes after it.
    stopTimeoutMs: 40_000,
  } as const;
  if (program !== 'ensemble') {
    const { from, sha256 } = program.upstream;
    return {
      ...shared,
      program: { runtime: 'upstream', program: 'ams-push-server', source: from, sha256, arguments: args },
      // gRPC alone, and for clients with a certificate: that it ends a TLS handshake is all that can be asked from outside.
      probe: { listener: 'grpc', tls: true, send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', expect: '' },
    };
  }
  return {
    ...shared,
    program: { runtime: 'node', program: 'push-server', options: [`--max-old-space-size=${heapMiB}`], arguments: args },
    probe: {
      listener: 'metrics',
      send: 'GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      expect: '^HTTP/1.1 200',
    },
    reload: { signal: 'SIGHUP', reads: 'certificates' },
  };
}
