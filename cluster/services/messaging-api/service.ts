/** The messaging API: projects, topics, subscriptions and users over HTTPS, on Kafka and the metadata store. */
import { z } from 'zod';
import { defineService } from '../service.ts';
import { files } from './files.ts';
import { process } from './process.ts';
import { derive, listeners, spec } from './settings.ts';

export const messagingApi = defineService({
  id: 'messaging-api',
  startAfter: ['kafka', 'mongodb', 'mongodb-stand-in'],
  listeners,
  volumeFolders: [],
  spec: z.object(spec),
  profile: z.never(),
  derive,
  files,
  process,
});
