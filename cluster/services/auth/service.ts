/** The authentication service: a certificate in, the token of the user that it is bound to out. */
import { z } from 'zod';
import { defineService } from '../service.ts';
import { files } from './files.ts';
import { process } from './process.ts';
import { derive, listeners, spec } from './settings.ts';

export const auth = defineService({
  id: 'auth',
  startAfter: ['mongodb', 'mongodb-stand-in', 'messaging-api'],
  listeners,
  volumeFolders: [],
  spec,
  profile: z.never(),
  derive,
  files,
  process,
});
