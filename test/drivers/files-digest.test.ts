/** Whether a service runs with other files than the environment means: what only a job reads does not count, all else does. */
import { expect, test } from 'vitest';
import type { RenderedService } from '../../cluster/render.ts';
import { filesDigest } from '../../drivers/processes/install.ts';

const service = (settings: string, seed: string, option = '-a'): RenderedService => ({
  service: 'messaging-api',
  files: [
    { path: '/a/config.json', mode: 0o600, text: [settings] },
    { path: '/a/seed.json', mode: 0o600, forJobs: true, text: [seed] },
  ],
  folders: [],
  process: {
    program: { runtime: 'node', program: 'messaging-api', options: [option], arguments: [] },
    memoryMiB: 64,
    probe: { listener: 'https', send: '', expect: '' },
    secrets: [{ id: `tokens/users/${seed}`, kind: 'token' }],
    stopTimeoutMs: 1_000,
  },
});

test('a project or a user more asks for no restart: the seed brings them, and the API reads them from the store', () => {
  expect(filesDigest(service('{}', 'a'))).toBe(filesDigest(service('{}', 'b')));
});

test('another configuration, or another command line, asks for one', () => {
  expect(filesDigest(service('{}', 'a'))).not.toBe(filesDigest(service('{"port":1}', 'a')));
  expect(filesDigest(service('{}', 'a'))).not.toBe(filesDigest(service('{}', 'a', '-b')));
});
