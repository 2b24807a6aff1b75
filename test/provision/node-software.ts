/** What a lock of archives says, for tests that fetch none of it. */
import { createHash } from 'node:crypto';
import type { NodeSoftware } from '../../provision/software.ts';

const names = [
  'java',
  'node',
  'xfsprogs',
  'haproxy',
  'zookeeper',
  'kafka',
  'messaging-api',
  'push-server',
  'auth',
  'seed',
  'replica-set',
  'fill',
  'node-watch',
];

export const madeUpSoftware: NodeSoftware = {
  archives: Object.fromEntries(
    names.map((name) => [name, { sha256: createHash('sha256').update(name).digest('hex') }]),
  ),
  agent: { sha256: createHash('sha256').update('agent').digest('hex') },
};
