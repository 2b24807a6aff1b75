/** One file of a manifest: its text -> what each of its places wishes, with the faults of this file. What the places mean together is manifest.ts's. */
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Fault } from '../../documents/fault.ts';
import { type Path, parseDocument, type Source } from '../../documents/parse.ts';
import { describe, isMapping, nearest } from '../../documents/words.ts';
import { everyField, type FaultSink, readEntry, readWish, sharedFields, type TopicWish } from './manifest-wish.ts';

/** A wish for the topics whose names match, and where it stands. */
export interface PatternWish {
  readonly patterns: readonly string[];
  readonly wish: TopicWish;
  readonly path: Path;
}

export interface EnvironmentWishes {
  readonly name: string;
  readonly defaults: TopicWish | undefined;
  readonly topics: readonly PatternWish[];
}

export interface ManifestFile extends FaultSink {
  readonly source: Source;
  readonly faults: readonly Fault[];
  /** Paths as they can be read from here, in the order of the file. */
  readonly includes: readonly { readonly file: string; readonly path: Path }[];
  readonly defaults: TopicWish | undefined;
  readonly groups: readonly PatternWish[];
  readonly environments: readonly EnvironmentWishes[];
  readonly topics: readonly { readonly name: string; readonly wish: TopicWish; readonly path: Path }[];
  /** `file:line:column` of a path. */
  place(path: Path): string;
}

/** The top only: what stands below is read by itself, so that a fault names its own field and not a union. */
const manifestSpec = z.strictObject({
  include: z.array(z.string()).optional(),
  defaults: z.unknown().optional(),
  groups: z.array(z.unknown()).optional(),
  environments: z.record(z.string(), z.unknown()).optional(),
  topics: z.array(z.unknown()).optional(),
});

export function readManifestFile(source: Source): ManifestFile {
  const parsed = parseDocument(source, manifestSpec);
  const { include = [], defaults, groups = [], environments = {}, topics } = parsed.partial;
  if (parsed.value !== undefined && topics === undefined && include.length === 0) {
    parsed.fault(['topics'], { expected: 'a list of topics', found: 'nothing', next: 'add it' });
  }
  return {
    source,
    faults: parsed.faults,
    fault: parsed.fault,
    includes: include.map((entry, index) => ({ file: beside(source.file, entry), path: ['include', index] })),
    defaults: readOptional(parsed, ['defaults'], defaults),
    groups: groups.map((group, index) => readGroup(parsed, ['groups', index], group)),
    environments: Object.entries(environments).map(([name, raw]) => readEnvironment(parsed, name, raw)),
    topics: (topics ?? []).flatMap((entry, index) => {
      const path = ['topics', index];
      const read = readEntry(parsed, path, entry);
      return read === undefined ? [] : [{ ...read, path }];
    }),
    place: (path) => {
      // A reading of its own: the place of what is no fault is needed only to explain a fault elsewhere.
      const scratch = parseDocument(source, z.looseObject({}));
      scratch.fault(path, { expected: '', found: '', next: '' });
      const at = scratch.faults.at(-1);
      return `${source.file}:${at?.line ?? 1}:${at?.column ?? 1}`;
    },
  };
}

/** The files that a text includes, for whoever has to read them first. Faults wait for the whole reading. */
export function includedBy(source: Source): readonly string[] {
  return readManifestFile(source).includes.map(({ file }) => file);
}

/** Relative to the file that names it. */
function beside(file: string, named: string): string {
  return named.startsWith('/') ? named : join(dirname(file), named);
}

function readOptional(sink: FaultSink, path: Path, raw: unknown): TopicWish | undefined {
  return raw === undefined ? undefined : readWish(sink, path, raw, { allowed: sharedFields });
}

function readGroup(sink: FaultSink, path: Path, raw: unknown): PatternWish {
  const wish = readWish(sink, path, raw, { allowed: sharedFields, others: ['match'] });
  if (!isMapping(raw)) return { patterns: [], wish, path };
  const result = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).safeParse(raw.match);
  if (result.success) return { patterns: [result.data].flat(), wish, path };
  sink.fault([...path, 'match'], {
    expected: 'a pattern of names such as "monitoring.*", or a list of them',
    found: describe(raw.match),
    next: raw.match === undefined ? 'add it' : 'change it',
  });
  return { patterns: [], wish, path };
}

const environmentFields = ['defaults', 'topics'];

function readEnvironment(sink: FaultSink, name: string, raw: unknown): EnvironmentWishes {
  const path = ['environments', name];
  if (!isMapping(raw)) {
    sink.fault(path, { expected: 'a mapping of defaults and topics', found: describe(raw), next: 'change it' });
    return { name, defaults: undefined, topics: [] };
  }
  for (const key of Object.keys(raw).filter((key) => !environmentFields.includes(key))) {
    const near = nearest(key, environmentFields);
    sink.fault([...path, key], {
      expected: 'one of defaults, topics',
      found: `the unknown field ${JSON.stringify(key)}`,
      next: near === undefined ? 'names of topics stand under topics' : `did you mean ${JSON.stringify(near)}?`,
    });
  }
  const { defaults, topics = {} } = raw;
  if (!isMapping(topics)) {
    sink.fault([...path, 'topics'], {
      expected: 'a mapping of names or patterns to what differs here',
      found: describe(topics),
      next: 'write it as in monitoring.pms: { partitions: 12 }',
    });
  }
  return {
    name,
    defaults: readOptional(sink, [...path, 'defaults'], defaults),
    topics: Object.entries(isMapping(topics) ? topics : {}).map(([pattern, wish]) => {
      const at = [...path, 'topics', pattern];
      // A pattern must not make topics absent: a deletion names its topic.
      const allowed = /[*?]/.test(pattern) ? sharedFields : everyField;
      return { patterns: [pattern], wish: readWish(sink, at, wish, { allowed }), path: at };
    }),
  };
}
