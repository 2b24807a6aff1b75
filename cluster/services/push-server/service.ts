/** The push servers: they pull for push subscriptions, deliver, and acknowledge. */
import { z } from 'zod';
import { defineService } from '../service.ts';
import { files } from './files.ts';
import { process } from './process.ts';
import { derive, listeners, spec } from './settings.ts';

export const pushServer = defineService({
  id: 'push-server',
  // Its pulls go through the balancer.
  startAfter: ['messaging-api', 'haproxy'],
  listeners,
  volumeFolders: [],
  spec: z.object(spec),
  profile: z.never(),
  derive,
  files,
  process,
});
