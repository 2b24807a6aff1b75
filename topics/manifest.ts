/**
 * The topics that a person declares: a manifest's text -> a typed value, or every fault in it with its line and column.
 *
 * What can be known without a cluster is refused here, before anything is sent: names that Kafka refuses or that collide, settings that it does not have,
 * values out of range, more replicas than there are brokers, fewer than must be in sync.
 */
import { z } from 'zod';
import { describe, nearest, type Parsed, type Path, parseDocument, type Source } from '../documents/parse.ts';
import { manifestInvalid } from './errors.ts';
import { contentHash } from './fingerprint.ts';
import { collisionKey, nameFault } from './topic-name.ts';
import { readSetting } from './topic-settings.ts';

export interface DeclaredTopic {
  readonly name: string;
  readonly partitions: number;
  /** The replication factor: copies in all, the leader's included. */
  readonly replicas: number;
  /** Kafka's own settings, as it takes them. Those not named are left as they are. */
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicsManifest {
  readonly file: string;
  /** In the order of the file. */
  readonly topics: readonly DeclaredTopic[];
  /** Of what is declared, not of the text: a comment changes no plan. */
  readonly hash: string;
}

/** What the caller knows of the cluster that the manifest is for. */
export interface ManifestPolicy {
  /** How many there are in all, those that are down included: no topic can have more replicas. */
  readonly brokers?: number;
  /** The brokers' min.insync.replicas, for topics that do not set their own. */
  readonly minInSyncReplicas?: number;
}

/** Kafka's widths: partitions are an INT32, replicas an INT16. */
const partitionsSpec = z.int().min(1).max(2_147_483_647);
const replicasSpec = z.int().min(1).max(32_767);
const configSpec = z.record(z.string(), z.unknown());

const topicSpec = z.strictObject({
  name: z.string(),
  partitions: partitionsSpec.optional(),
  replicas: replicasSpec.optional(),
  config: configSpec.optional(),
});

const manifestSpec = z.strictObject({
  defaults: z
    .strictObject({
      partitions: partitionsSpec.default(3),
      replicas: replicasSpec.default(2),
      config: configSpec.optional(),
    })
    .prefault({}),
  // An entry is text or a mapping; each is read by itself, so that a fault names its own field and not a union.
  topics: z.array(z.unknown()),
});

type Defaults = z.output<typeof manifestSpec>['defaults'];

interface Placed {
  readonly topic: DeclaredTopic;
  readonly path: Path;
  /** Where the replicas are said: the field in the long form, the entry in the short one. */
  readonly replicasPath: Path;
}

/** Throws DocumentError MANIFEST_INVALID with every fault, in the order of the file. */
export function parseManifest(source: Source, policy: ManifestPolicy = {}): TopicsManifest {
  const parsed = parseDocument(source, manifestSpec);
  const defaults: Defaults = parsed.partial.defaults ?? { partitions: 3, replicas: 2 };
  const defaultConfig = readConfig(parsed, ['defaults', 'config'], defaults.config);
  const placed = (parsed.partial.topics ?? []).flatMap((entry, index) => {
    const path = ['topics', index];
    const topic =
      typeof entry === 'string' ? readShort(parsed, path, entry, defaults) : readLong(parsed, path, entry, defaults);
    return topic === undefined
      ? []
      : [{ ...topic, topic: { ...topic.topic, config: { ...defaultConfig, ...topic.topic.config } } }];
  });
  checkNames(parsed, placed);
  for (const each of placed) checkReplicas(parsed, each, policy);
  parsed.require(manifestInvalid);
  const topics = placed.map(({ topic }) => topic);
  return { file: source.file, topics, hash: contentHash([...topics].sort((a, b) => (a.name < b.name ? -1 : 1))) };
}

type Document = Pick<Parsed<unknown>, 'fault'>;

const shortForm = 'name, name:partitions or name:partitions:replicas';

function readShort(document: Document, path: Path, entry: string, defaults: Defaults): Placed | undefined {
  const [name = '', partitions, replicas, ...rest] = entry.split(':').map((part) => part.trim());
  const counts = [partitions, replicas].map((part) => (part === undefined ? undefined : count(part)));
  if (rest.length > 0 || counts.includes(null)) {
    document.fault(path, {
      expected: `${shortForm}, with whole numbers from 1 on`,
      found: describe(entry),
      next: 'write it as in monitoring.pms:3:2',
    });
    return undefined;
  }
  const topic = {
    name,
    partitions: counts[0] ?? defaults.partitions,
    replicas: counts[1] ?? defaults.replicas,
    config: {},
  };
  return { topic, path, replicasPath: path };
}

/** `null` for what is not a count. */
function count(text: string): number | null {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= 1 && value <= 2_147_483_647 ? value : null;
}

function readLong(document: Document, path: Path, entry: unknown, defaults: Defaults): Placed | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    document.fault(path, {
      expected: `${shortForm}, or a mapping with a name`,
      found: describe(entry),
      next: typeof entry === 'number' ? 'put it in quotes' : 'change it',
    });
    return undefined;
  }
  const known = Object.keys(topicSpec.shape);
  for (const key of Object.keys(entry).filter((key) => !known.includes(key))) {
    const near = nearest(key, known);
    document.fault([...path, key], {
      expected: `one of ${known.join(', ')}`,
      found: `the unknown field ${JSON.stringify(key)}`,
      next:
        near === undefined ? 'remove it: Kafka’s settings stand under config' : `did you mean ${JSON.stringify(near)}?`,
    });
  }
  const fields = entry as Readonly<Record<string, unknown>>;
  const field = <T>(
    key: keyof typeof topicSpec.shape,
    spec: z.ZodType<T>,
    expected: string,
    absent: T | undefined,
  ): T | undefined => {
    const value = fields[key];
    if (value === undefined && absent !== undefined) return absent;
    const result = spec.safeParse(value);
    if (result.success) return result.data;
    document.fault([...path, key], {
      expected,
      found: describe(value),
      next: value === undefined ? 'add it' : 'change it',
    });
    return undefined;
  };
  const name = field('name', z.string(), 'the name of a topic', undefined);
  const partitions = field('partitions', partitionsSpec, 'a whole number from 1 on', defaults.partitions);
  const replicas = field('replicas', replicasSpec, 'a whole number from 1 to 32767', defaults.replicas);
  const raw = field('config', configSpec, 'a mapping of settings', {});
  const config = readConfig(document, [...path, 'config'], raw);
  if (name === undefined || partitions === undefined || replicas === undefined) return undefined;
  const replicasPath = fields.replicas === undefined ? path : [...path, 'replicas'];
  return { topic: { name, partitions, replicas, config }, path, replicasPath };
}

function readConfig(
  document: Document,
  path: Path,
  raw: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, string>> {
  const read = Object.entries(raw ?? {}).flatMap(([name, value]) => {
    const reading = readSetting(name, value);
    if ('value' in reading) return [[name, reading.value] as const];
    document.fault([...path, name], reading);
    return [];
  });
  return Object.fromEntries(read);
}

function checkNames(document: Document, placed: readonly Placed[]): void {
  const seen = new Map<string, Placed>();
  const keys = new Map<string, Placed>();
  for (const each of placed) {
    const { name } = each.topic;
    const found = JSON.stringify(name);
    const wrong = nameFault(name);
    const twin = seen.get(name);
    const rival = keys.get(collisionKey(name));
    if (wrong !== undefined) document.fault(each.path, { ...wrong, found });
    else if (twin !== undefined) {
      const found2 = `${found} again, after topics[${String(twin.path[1])}]`;
      document.fault(each.path, { expected: 'each topic once', found: found2, next: 'keep one of the two' });
    } else if (rival !== undefined) {
      document.fault(each.path, {
        expected: 'names that differ in more than "." and "_"',
        found: `${found} beside ${JSON.stringify(rival.topic.name)}`,
        next: 'rename one: Kafka’s metrics cannot tell them apart, and it refuses the second',
      });
    }
    seen.set(name, twin ?? each);
    keys.set(collisionKey(name), rival ?? each);
  }
}

function checkReplicas(document: Document, { topic, replicasPath }: Placed, policy: ManifestPolicy): void {
  const found = `${topic.replicas} of ${JSON.stringify(topic.name)}`;
  if (policy.brokers !== undefined && topic.replicas > policy.brokers) {
    document.fault(replicasPath, {
      expected: `at most ${policy.brokers} replicas, one for each broker`,
      found,
      next: 'lower them, or add workers to the environment',
    });
  }
  const own = topic.config['min.insync.replicas'];
  const least = own === undefined ? policy.minInSyncReplicas : Number(own);
  if (least !== undefined && topic.replicas < least) {
    document.fault(replicasPath, {
      expected: `at least ${least} replicas, since min.insync.replicas is ${least}`,
      found,
      next: 'raise them, or lower min.insync.replicas: nobody could write with acks=all',
    });
  }
}
