/** How an API node runs, when it serves, and how long it may take to finish what is under way. */
import type { ServiceProcess } from '../../model.ts';
import { applicationPassword } from '../mongodb/connection.ts';
import { beyondNodeHeapMiB } from '../program-choice.ts';
import { configuration, configurationPath, type Site } from '../service.ts';
import { adminUser, authUser, pushWorker, serviceToken, tokens, userToken } from '../tokens.ts';
import type { MessagingApiSettings } from './settings.ts';

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;

export function process(site: Site<MessagingApiSettings>): ServiceProcess {
  const { addressing, cluster, node, settings } = site;
  const folder = addressing.path(node, 'messaging-api', configuration);
  const { program, heapMiB, users } = settings;
  const shared = {
    memoryMiB: heapMiB + beyondNodeHeapMiB,
    secrets: [
      ...tokens(serviceToken, ...[adminUser, authUser, pushWorker, ...Object.keys(users)].map(userToken)),
      ...(cluster.standIns.mongodb === undefined ? tokens(applicationPassword) : []),
    ],
    jobs: [
      {
        id: 'seed',
        when: 'before-start',
        program: {
          runtime: 'node',
          program: 'seed',
          options: [],
          arguments: ['--config', configurationPath(site, 'messaging-api', 'seed.json')],
        },
        timeoutMs: 60_000,
      },
    ],
    // Long pulls are answered at once, publishes wait for Kafka's acknowledgement: 25 s at most (contracts/messaging-api-config.ts).
    stopTimeoutMs: 30_000,
  } as const;
  const args = ['--config-dir', folder];
  if (program !== 'ensemble') {
    const { from, sha256 } = program.upstream;
    return {
      ...shared,
      program: { runtime: 'upstream', program: 'argo-messaging', source: from, sha256, arguments: args },
      // It asks neither Kafka nor the store; that it answers is all there is to know.
      probe: { listener: 'https', tls: true, send: get('/v1/status'), expect: '^HTTP/1.1 200' },
    };
  }
  return {
    ...shared,
    program: {
      runtime: 'node',
      program: 'messaging-api',
      options: [`--max-old-space-size=${heapMiB}`],
      arguments: args,
    },
    probe: { listener: 'https', tls: true, send: get('/ready'), expect: '^HTTP/1.1 200' },
    reload: { signal: 'SIGHUP', reads: 'certificates' },
  };
}
