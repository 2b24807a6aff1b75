/** HAProxy: the one address of the platform. It ends TLS for the API, checks each node, and passes certificate logins through. */
import { z } from 'zod';
import { defineService } from '../service.ts';
import { files } from './files.ts';
import { process } from './process.ts';
import { derive, listeners, spec } from './settings.ts';

export const haproxy = defineService({
  id: 'haproxy',
  startAfter: ['messaging-api', 'auth'],
  listeners,
  volumeFolders: [],
  spec: z.object(spec),
  profile: z.never(),
  derive,
  files,
  process,
});
