/** MongoDB as a replica set: what the messaging API, the push servers and the authentication service keep. Not tried on a real member yet. */
import { defineService } from '../service.ts';
import { files } from './files.ts';
import { process } from './process.ts';
import { derive, listeners, profile, spec } from './settings.ts';

export const mongodb = defineService({
  id: 'mongodb',
  startAfter: [],
  listeners,
  volumeFolders: [],
  spec,
  profile,
  derive,
  files,
  process,
});
