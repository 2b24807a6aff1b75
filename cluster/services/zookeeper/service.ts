/** ZooKeeper 3.8: the quorum that Kafka 3.9 keeps its members, controller and topic settings in. */
import { defineService } from '../service.ts';
import { files } from './files.ts';
import { process } from './process.ts';
import { derive, listeners, profile, spec } from './settings.ts';

export const zookeeper = defineService({
  id: 'zookeeper',
  startAfter: [],
  listeners,
  // Where its log and snapshots lie; with datadir.autocreate=false it refuses to make the folder itself.
  volumeFolders: ['version-2'],
  spec,
  profile,
  derive,
  files,
  process,
});
