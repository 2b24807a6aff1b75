/** Kafka 3.9, the last line that runs on ZooKeeper (docs/decisions/0003). */
import { defineService } from '../service.ts';
import { files } from './files.ts';
import { process } from './process.ts';
import { derive, listeners, profile, spec } from './settings.ts';

export const kafka = defineService({
  id: 'kafka',
  startAfter: ['zookeeper'],
  listeners,
  volumeFolders: [],
  spec,
  profile,
  derive,
  files,
  process,
});
