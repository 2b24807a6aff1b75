/** Faults that lie between the fields and entries of a manifest: names that Kafka refuses or that collide, replicas that nobody can have. */
import type { Path } from '../../documents/parse.ts';
import type { DeclaredTopic, ManifestPolicy } from './manifest.ts';
import type { ManifestFile } from './manifest-file.ts';
import type { FaultWords } from './manifest-wish.ts';
import { collisionKey, nameFault } from './topic-name.ts';

export interface PlacedTopic {
  readonly topic: DeclaredTopic;
  readonly file: ManifestFile;
  readonly path: Path;
  /** Says that the replicas are wrong, where they were said: in the entry or in an environment's override. */
  readonly replicasFault: (said: FaultWords) => void;
}

export function checkNames(placed: readonly PlacedTopic[]): void {
  const seen = new Map<string, PlacedTopic>();
  const keys = new Map<string, PlacedTopic>();
  for (const each of placed) {
    const { name } = each.topic;
    const found = JSON.stringify(name);
    const wrong = nameFault(name);
    const twin = seen.get(name);
    const rival = keys.get(collisionKey(name));
    if (wrong !== undefined) each.file.fault(each.path, { ...wrong, found });
    else if (twin !== undefined) {
      const first = twin.file === each.file ? `topics[${String(twin.path[1])}]` : twin.file.place(twin.path);
      const again = `${found} again, after ${first}`;
      each.file.fault(each.path, { expected: 'each topic once', found: again, next: 'keep one of the two' });
    } else if (rival !== undefined) {
      each.file.fault(each.path, {
        expected: 'names that differ in more than "." and "_"',
        found: `${found} beside ${JSON.stringify(rival.topic.name)}`,
        next: 'rename one: Kafka’s metrics cannot tell them apart, and it refuses the second',
      });
    }
    seen.set(name, twin ?? each);
    keys.set(collisionKey(name), rival ?? each);
  }
}

export function checkReplicas({ topic, replicasFault }: PlacedTopic, policy: ManifestPolicy): void {
  const found = `${topic.replicas} of ${JSON.stringify(topic.name)}`;
  if (policy.brokers !== undefined && topic.replicas > policy.brokers) {
    replicasFault({
      expected: `at most ${policy.brokers} replicas, one for each broker`,
      found,
      next: 'lower them, or add workers to the environment',
    });
  }
  const own = topic.config['min.insync.replicas'];
  const least = own === undefined ? policy.minInSyncReplicas : Number(own);
  if (least !== undefined && topic.replicas < least) {
    replicasFault({
      expected: `at least ${least} replicas, since min.insync.replicas is ${least}`,
      found,
      next: 'raise them, or lower min.insync.replicas: nobody could write with acks=all',
    });
  }
}
