/**
 * The topics that a person declares: a manifest's text, and the texts that it includes -> a typed value, or every fault in them with its place.
 *
 * Who wins, from the weakest to the strongest: 3:2; `defaults`, an included file's own over those of the file that includes it; the environment's
 * `defaults`; `groups` whose pattern matches, a later one over an earlier and an included file's own over its includer's; the entry itself; the
 * environment's `topics`, a later one over an earlier and the includer's over the included file's. Settings are merged name by name.
 * Defaults, groups and environments govern the topics of their own file and of those that it includes, and no others.
 *
 * What can be known without a cluster is refused here, before anything is sent; see manifest-checks.ts.
 */
import { normalize } from 'node:path';
import { DocumentError } from '../../documents/fault.ts';
import type { Path, Source } from '../../documents/parse.ts';
import { manifestInvalid } from '../errors.ts';
import { contentHash } from '../plan/fingerprint.ts';
import { checkNames, checkReplicas } from './manifest-checks.ts';
import { type ManifestFile, type PatternWish, readManifestFile } from './manifest-file.ts';
import type { RackWish, TopicWish } from './manifest-wish.ts';
import { matchesPattern } from './topic-pattern.ts';

export interface DeclaredTopic {
  readonly name: string;
  readonly partitions: number;
  /** The replication factor: copies in all, the leader's included. */
  readonly replicas: number;
  /** Default `any`: nothing is moved for racks unless a person asks for it. */
  readonly racks: RackWish;
  /** Kafka's own settings, as it takes them. Those not named are left as they are. */
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicsManifest {
  readonly file: string;
  /** In the order of the files, an included one in the place of its `include`. */
  readonly topics: readonly DeclaredTopic[];
  /** Names with `state: absent`, which a plan may delete with the other consents. */
  readonly absent: readonly string[];
  /** Of what is declared, not of the text: a comment changes no plan. */
  readonly hash: string;
}

/** What the caller knows of the cluster that the manifest is for. */
export interface ManifestPolicy {
  /** Chooses among the manifest's `environments`. */
  readonly environment?: string;
  /** How many there are in all, those that are down included: no topic can have more replicas. */
  readonly brokers?: number;
  /** The brokers' min.insync.replicas, for topics that do not set their own. */
  readonly minInSyncReplicas?: number;
}

/** An entry with everything that is said for it, from the weakest to the strongest. */
interface Layered {
  readonly name: string;
  readonly file: ManifestFile;
  readonly path: Path;
  /** The entry's own. */
  readonly wish: TopicWish;
  readonly layers: readonly TopicWish[];
}

/** What an including file hands down. */
interface Scope {
  readonly defaults: readonly TopicWish[];
  readonly environmentDefaults: readonly TopicWish[];
  readonly groups: readonly { readonly group: PatternWish; readonly matched: () => void }[];
}

/**
 * `included` has the texts of the files that are included, by their paths; load-manifest.ts reads them.
 * Throws DocumentError MANIFEST_INVALID with every fault, file by file, each in the order of its file.
 */
export function parseManifest(
  source: Source,
  policy: ManifestPolicy = {},
  included: ReadonlyMap<string, string> = new Map(),
): TopicsManifest {
  const files: ManifestFile[] = [];
  const reader = { policy, included, files };
  const layered = readTree(reader, readManifestFile(source), [], emptyScope);
  const placed = layered.map(resolveTopic);
  checkNames(placed);
  for (const each of placed) if (each.state === 'present') checkReplicas(each, policy);
  const faults = files.flatMap((file) => [...file.faults].sort((a, b) => a.line - b.line || a.column - b.column));
  if (faults.length > 0) throw new DocumentError(manifestInvalid, faults);
  const topics = placed.filter(({ state }) => state === 'present').map(({ topic }) => topic);
  const absent = placed.filter(({ state }) => state === 'absent').map(({ topic }) => topic.name);
  return { file: source.file, topics, absent, hash: manifestHash({ topics, absent }) };
}

/** Of what is declared, in whatever order. */
export function manifestHash({ topics, absent }: Pick<TopicsManifest, 'topics' | 'absent'>): string {
  return contentHash({ topics: [...topics].sort((a, b) => (a.name < b.name ? -1 : 1)), absent: [...absent].sort() });
}

const emptyScope: Scope = { defaults: [], environmentDefaults: [], groups: [] };

interface Reader {
  readonly policy: ManifestPolicy;
  readonly included: ReadonlyMap<string, string>;
  /** Every file so far, for its faults. */
  readonly files: ManifestFile[];
}

/** A file, those that it includes before its own topics, and what its environments say of them all. */
function readTree(
  reader: Reader,
  file: ManifestFile,
  includers: readonly Including[],
  outer: Scope,
): readonly Layered[] {
  reader.files.push(file);
  const matched = new Set<PatternWish>();
  const environment = file.environments.find(({ name }) => name === reader.policy.environment);
  const scope: Scope = {
    defaults: [...outer.defaults, ...present(file.defaults)],
    environmentDefaults: [...outer.environmentDefaults, ...present(environment?.defaults)],
    groups: [...outer.groups, ...file.groups.map((group) => ({ group, matched: () => matched.add(group) }))],
  };
  const below = file.includes.flatMap(({ file: name, path }) => {
    const text = follow(reader, name, [...includers, { file, path }]);
    return text === undefined
      ? []
      : readTree(reader, readManifestFile({ file: name, text }), [...includers, { file, path }], scope);
  });
  const own = file.topics.map(({ name, wish, path }): Layered => {
    const groups = scope.groups.filter(({ group }) => matches(group, name));
    for (const { matched: tell } of groups) tell();
    const shared = [...scope.defaults, ...scope.environmentDefaults, ...groups.map(({ group }) => group.wish)];
    return { name, file, path, wish, layers: [...shared, wish] };
  });
  const topics = [...below, ...own];
  checkPatterns(file, topics, matched);
  const overrides = environment?.topics ?? [];
  return topics.map((topic) => ({
    ...topic,
    layers: [...topic.layers, ...overrides.filter((each) => matches(each, topic.name)).map(({ wish }) => wish)],
  }));
}

interface Including {
  readonly file: ManifestFile;
  readonly path: Path;
}

/** The text of an included file, unless it is missing, includes itself by some way, or was included before. */
function follow({ included, files }: Reader, name: string, includers: readonly Including[]): string | undefined {
  const here = includers.at(-1);
  const text = included.get(name);
  const circle = includers.findIndex(({ file }) => isAt(file, name));
  const fault = (said: Parameters<ManifestFile['fault']>[1]) => here?.file.fault(here.path, said);
  if (circle >= 0) {
    const way = includers.slice(circle, -1).map(({ file, path }) => file.place(path));
    fault({
      expected: 'files that do not include each other in a circle',
      found: way.length === 0 ? 'the file itself' : `${name}, which leads here from ${way.join(' and ')}`,
      next: 'remove one of these lines',
    });
  } else if (files.some((file) => isAt(file, name))) {
    fault({ expected: 'each file once', found: `${name} again`, next: 'remove it: its topics are here already' });
  } else if (text === undefined) {
    fault({ expected: 'a file that is there', found: `none at ${name}`, next: 'name one, from this file’s folder on' });
  } else return text;
  return undefined;
}

/** Paths of included files are normal already; the first file's is as a person gave it. */
function isAt({ source }: ManifestFile, name: string): boolean {
  return normalize(source.file) === normalize(name);
}

/** A pattern without a topic is a slip of the hand, in environments that are not the chosen one too. */
function checkPatterns(file: ManifestFile, topics: readonly Layered[], matched: ReadonlySet<PatternWish>): void {
  const idle = [
    ...file.groups.filter((group) => group.patterns.length > 0 && !matched.has(group)),
    ...file.environments.flatMap((environment) =>
      environment.topics.filter((each) => !topics.some(({ name }) => matches(each, name))),
    ),
  ];
  for (const { patterns, path } of idle) {
    file.fault(path, {
      expected: 'the name or pattern of a topic of this file, or of one that it includes',
      found: patterns.map((pattern) => JSON.stringify(pattern)).join(', '),
      next: 'change it, or remove it',
    });
  }
}

function matches({ patterns }: PatternWish, name: string): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, name));
}

function resolveTopic({ name, file, path, wish, layers }: Layered) {
  const strongest = [...layers].reverse();
  const said = <K extends 'partitions' | 'replicas' | 'racks' | 'state'>(key: K) =>
    strongest.find((each) => each[key] !== undefined)?.[key];
  const topic: DeclaredTopic = {
    name,
    partitions: said('partitions') ?? 3,
    replicas: said('replicas') ?? 2,
    racks: said('racks') ?? 'any',
    config: Object.assign({}, ...layers.map(({ config }) => config)),
  };
  // What the entry or an override says is said there; what comes from a default is the entry's to overrule.
  const own = strongest.slice(0, strongest.indexOf(wish) + 1);
  const { replicasFault } = own.find(({ replicas }) => replicas !== undefined) ?? wish;
  return { topic, file, path, state: said('state') ?? 'present', replicasFault };
}

function present<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}
