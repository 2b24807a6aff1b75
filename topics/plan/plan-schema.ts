/**
 * A plan as it is saved and read again: strictly, since what is read is applied. The JSON Schema for other programs is made from the same definition.
 * In JSON a value that is `undefined` is left out.
 */
import { z } from 'zod';
import { planUnreadable } from '../errors.ts';
import type { BlockedBecause, TopicPlan } from './plan.ts';

const topic = z.string().min(1).max(249);
const count = z.int().min(1);
const brokers = z.array(z.int().min(0)).min(1).readonly();
const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** The keys of an object, so that a reason that is added to the type is missed by the compiler here. */
const because = Object.keys({
  'shrinks-partitions': 0,
  'too-few-brokers': 0,
  'below-min-in-sync': 0,
  'name-collides': 0,
  'internal-topic': 0,
  unreadable: 0,
  'moves-under-way': 0,
  'needs-consent': 0,
  'groups-unknown': 0,
  'has-active-groups': 0,
} satisfies Record<BlockedBecause, 0>) as readonly BlockedBecause[];

const change = z.strictObject({
  name: z.string(),
  from: z.string().optional().describe('What held when the plan was made; left out where nothing was set'),
  to: z.string().optional().describe('Left out where the setting is taken off the topic'),
});

const entry = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('create'),
    topic,
    partitions: count,
    replicas: count,
    config: z.record(z.string(), z.string()),
  }),
  z.strictObject({ action: z.literal('addPartitions'), topic, from: count, to: count, risk: z.string() }),
  z.strictObject({ action: z.literal('changeConfig'), topic, changes: z.array(change).min(1) }),
  z.strictObject({
    action: z.literal('reassign'),
    topic,
    because: z.enum(['replicas', 'racks', 'leaving']),
    fromReplicas: count,
    toReplicas: count,
    moves: z.array(z.strictObject({ partition: z.int().min(0), from: brokers, to: brokers })).min(1),
    risk: z.string(),
  }),
  z.strictObject({ action: z.literal('delete'), topic, partitions: z.int().min(0), risk: z.string() }),
  z.strictObject({
    action: z.literal('blocked'),
    topic,
    because: z.enum(because),
    reason: z.string(),
    next: z.string(),
  }),
]);

const planSchema = z.strictObject({
  version: z.literal(1),
  clusterId: z.string().min(1),
  manifestHash: hash.describe('SHA-256 of what the manifest declares'),
  fingerprint: hash.describe('SHA-256 of what was seen of the declared topics'),
  entries: z.array(entry).describe('By topic, then in the order in which they are applied'),
  unchanged: z.array(topic).describe('Topics that are as declared'),
});

/** Throws TOPICS_PLAN_UNREADABLE, with the first fault and its path. */
export function parsePlan(text: string, file: string): TopicPlan {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw planUnreadable(file, 'it is not JSON', cause);
  }
  return readPlan(raw, file);
}

/** The same of a value that was JSON. `from` says where it comes from. */
export function readPlan(raw: unknown, from: string): TopicPlan {
  const version = z.object({ version: z.unknown() }).safeParse(raw).data?.version;
  if (version !== undefined && version !== 1) {
    throw planUnreadable(from, `its version is ${JSON.stringify(version)}, and this program reads version 1`);
  }
  const result = planSchema.safeParse(raw);
  if (result.success) return { ...result.data, entries: result.data.entries.map(withAbsent) };
  const [issue] = result.error.issues;
  throw planUnreadable(from, `${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'it does not fit'}`);
}

/** What JSON leaves out is there again. */
function withAbsent(read: z.output<typeof entry>): TopicPlan['entries'][number] {
  if (read.action !== 'changeConfig') return read;
  return { ...read, changes: read.changes.map(({ name, from, to }) => ({ name, from, to })) };
}

/** JSON Schema (2020-12) of a saved plan, and of what `ensemble topics plan --json` prints: topics/plan.schema.json. */
export function planJsonSchema(): object {
  return { title: 'Topic plan', ...z.toJSONSchema(planSchema) };
}
