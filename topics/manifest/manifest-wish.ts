/**
 * What one place of a manifest wishes for topics: an entry in either form, the defaults, a group, an environment's override. Each field is read by itself,
 * so that a fault names its own field, and one bad field hides no other.
 */
import { z } from 'zod';
import { describe, isMapping, nearest, oneOf, type Path } from '../../documents/words.ts';
import { readSetting } from './topic-settings.ts';

/** `spread`: the replicas of a partition stand in as many racks as there are. `any`: they stay where they are. */
export type RackWish = 'any' | 'spread';

/** Only what was said; what was not comes from weaker places. */
export interface TopicWish {
  readonly partitions?: number;
  readonly replicas?: number;
  readonly racks?: RackWish;
  readonly state?: 'present' | 'absent';
  /** As Kafka takes it. */
  readonly config: Readonly<Record<string, string>>;
  /** Says that the replicas are wrong, where they were said. */
  readonly replicasFault: (said: FaultWords) => void;
}

export interface FaultWords {
  readonly expected: string;
  readonly found: string;
  readonly next: string;
}

/** Takes faults at paths of one file. */
export interface FaultSink {
  fault(path: Path, said: FaultWords): void;
}

/** Kafka's widths: partitions are an INT32, replicas an INT16. */
const fields = {
  partitions: { spec: z.int().min(1).max(2_147_483_647), expected: 'a whole number from 1 on' },
  replicas: { spec: z.int().min(1).max(32_767), expected: 'a whole number from 1 to 32767' },
  racks: { spec: z.enum(['any', 'spread']), expected: oneOf(['any', 'spread']) },
  state: { spec: z.enum(['present', 'absent']), expected: oneOf(['present', 'absent']) },
  config: { spec: z.record(z.string(), z.unknown()), expected: 'a mapping of settings' },
} as const;

export type WishField = keyof typeof fields;

export const everyField: readonly WishField[] = ['partitions', 'replicas', 'racks', 'config', 'state'];
export const sharedFields: readonly WishField[] = ['partitions', 'replicas', 'racks', 'config'];

/** Reads the mapping at `path`; `others` are fields that its owner reads. What is no mapping is a fault and wishes nothing. */
export function readWish(
  sink: FaultSink,
  path: Path,
  raw: unknown,
  { allowed, others = [] }: { readonly allowed: readonly WishField[]; readonly others?: readonly string[] },
): TopicWish {
  const nothing = { config: {}, replicasFault: (said: FaultWords) => sink.fault(path, said) };
  if (!isMapping(raw)) {
    sink.fault(path, { expected: 'a mapping of fields', found: describe(raw), next: 'change it' });
    return nothing;
  }
  const known = [...others, ...allowed];
  for (const key of Object.keys(raw).filter((key) => !known.includes(key))) {
    const near = nearest(key, known);
    sink.fault([...path, key], {
      expected: `one of ${known.join(', ')}`,
      found: `the unknown field ${JSON.stringify(key)}`,
      next:
        near === undefined ? 'remove it: Kafka’s settings stand under config' : `did you mean ${JSON.stringify(near)}?`,
    });
  }
  const field = <T>(key: WishField, spec: z.ZodType<T>): T | undefined => {
    const value = raw[key];
    if (value === undefined || !allowed.includes(key)) return undefined;
    const result = spec.safeParse(value);
    if (result.success) return result.data;
    const { expected } = fields[key];
    sink.fault([...path, key], { expected, found: describe(value), next: 'change it' });
    return undefined;
  };
  const partitions = field('partitions', fields.partitions.spec);
  const replicas = field('replicas', fields.replicas.spec);
  const racks = field('racks', fields.racks.spec);
  const state = field('state', fields.state.spec);
  return {
    ...(partitions === undefined ? {} : { partitions }),
    ...(replicas === undefined ? {} : { replicas }),
    ...(racks === undefined ? {} : { racks }),
    ...(state === undefined ? {} : { state }),
    config: readConfig(sink, [...path, 'config'], field('config', fields.config.spec)),
    replicasFault: replicas === undefined ? nothing.replicasFault : (said) => sink.fault([...path, 'replicas'], said),
  };
}

const shortForm = 'name, name:partitions or name:partitions:replicas';

/** One entry of `topics`, in either form; `undefined` where it names no topic. */
export function readEntry(
  sink: FaultSink,
  path: Path,
  entry: unknown,
): { readonly name: string; readonly wish: TopicWish } | undefined {
  if (typeof entry === 'string') return readShort(sink, path, entry);
  if (!isMapping(entry)) {
    sink.fault(path, {
      expected: `${shortForm}, or a mapping with a name`,
      found: describe(entry),
      next: typeof entry === 'number' ? 'put it in quotes' : 'change it',
    });
    return undefined;
  }
  const wish = readWish(sink, path, entry, { allowed: everyField, others: ['name'] });
  if (typeof entry.name === 'string') return { name: entry.name, wish };
  sink.fault([...path, 'name'], {
    expected: 'the name of a topic',
    found: describe(entry.name),
    next: entry.name === undefined ? 'add it' : 'change it',
  });
  return undefined;
}

function readShort(sink: FaultSink, path: Path, entry: string): ReturnType<typeof readEntry> {
  const [name = '', first, second, ...rest] = entry.split(':').map((part) => part.trim());
  const [partitions, replicas] = [first, second].map((part) => (part === undefined ? undefined : countOf(part)));
  if (rest.length > 0 || partitions === null || replicas === null) {
    sink.fault(path, {
      expected: `${shortForm}, with whole numbers from 1 on`,
      found: describe(entry),
      next: 'write it as in monitoring.pms:3:2',
    });
    return undefined;
  }
  const wish = {
    ...(partitions === undefined ? {} : { partitions }),
    ...(replicas === undefined ? {} : { replicas }),
    config: {},
    replicasFault: (said: FaultWords) => sink.fault(path, said),
  };
  return { name, wish };
}

/** `null` for what is not a count. */
function countOf(text: string): number | null {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= 1 && value <= 2_147_483_647 ? value : null;
}

function readConfig(
  sink: FaultSink,
  path: Path,
  raw: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, string>> {
  const read = Object.entries(raw ?? {}).flatMap(([name, value]) => {
    const reading = readSetting(name, value);
    if ('value' in reading) return [[name, reading.value] as const];
    sink.fault([...path, name], reading);
    return [];
  });
  return Object.fromEntries(read);
}
