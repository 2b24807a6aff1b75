/** How a member runs, when it serves, and how the set is made of its members. */
import type { ServiceProcess } from '../../model.ts';
import { configurationPath, type Site } from '../service.ts';
import { applicationPassword } from './connection.ts';
import { isMaster, isMasterAnswered } from './is-master.ts';
import type { MongodbSettings } from './settings.ts';

export const adminPassword = 'mongodb/admin';
export const keyFile = 'mongodb/key-file';

export function process(site: Site<MongodbSettings>): ServiceProcess {
  return {
    program: {
      runtime: 'native',
      program: 'mongod',
      arguments: ['--config', configurationPath(site, 'mongodb', 'mongod.conf')],
    },
    // The cache, and connections and sorts beside it (MongoDB production notes).
    memoryMiB: site.settings.cacheMiB + 256,
    probe: { listener: 'server', tls: true, send: isMaster, expect: isMasterAnswered },
    secrets: [
      { id: keyFile, kind: 'key-file' },
      { id: adminPassword, kind: 'token' },
      { id: applicationPassword, kind: 'token' },
    ],
    jobs: [
      {
        id: 'replica-set',
        when: 'once-ready',
        program: {
          runtime: 'node',
          program: 'replica-set',
          options: [],
          arguments: ['--config', configurationPath(site, 'mongodb', 'replica-set.json')],
        },
        timeoutMs: 120_000,
      },
    ],
    // A clean shutdown writes a checkpoint and steps down first.
    stopTimeoutMs: 60_000,
  };
}
