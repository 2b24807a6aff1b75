/**
 * Pulling (reference, sections 2 and 3): reads from where the subscription stands, over all partitions in turn, then opens the windows over what was read.
 * A pull holds nothing while it waits but an entry in a map (backend/log-ends.ts); every move is a compare-and-set (move.ts).
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isListed, mustBeListed } from '../access.ts';
import type { LogPlace } from '../backend/backend.ts';
import { type Cursor, windowIsHeld } from '../cursor.ts';
import { conflict, forbidden, invalidArguments, Refusal } from '../errors.ts';
import { fields, readBody, text } from '../lenient-json.ts';
import type { DeliveredMessage } from '../record.ts';
import { type Call, Json, type Service } from '../service.ts';
import { cursorAt, type Standing, standingOf } from '../standing.ts';
import { readFairly } from './fair-read.ts';
import { projectOf, subscriptionOf } from './find.ts';
import { asking, logOf, placesOf, type TopicLog } from './logs.ts';
import { again, move, type Subscription, tries } from './move.ts';
import { raised } from './offsets.ts';
import { commit, open, openedOver, readableOf, type Taken } from './windows.ts';

export const pullShape = fields({ maxMessages: text(), returnImmediately: text(), waitSeconds: text() });

/** How long a pull waits for more than what is there: upstream's figures. */
const shortWaitMs = 300;
const longWaitMs = 300_000;

interface Lane {
  readonly place: LogPlace;
  readonly cursor: Cursor;
}

interface Looked {
  /** Another object than what was looked at where a cursor must be raised to its log's start. */
  readonly standing: Standing;
  /** What there is to read. */
  readonly ready: readonly Lane[];
  /** The back-end was asked about each of them. */
  readonly isFresh: boolean;
}

interface PullLimits {
  readonly maxRecords: number;
  /** For the first message, where there is none: ours alone, 0 unless it is asked for. */
  readonly firstMs: number;
  /** For `maxRecords`, where there are fewer. */
  readonly allMs: number;
  /** A push worker acknowledges its last id alone: messages of one partition. */
  readonly onePartition: boolean;
}

interface Asked {
  readonly log: TopicLog;
  readonly limits: PullLimits;
}

export async function pull(service: Service, call: Call): Promise<object> {
  const expected = await pullExpected(service, call);
  if (expected !== undefined) return expected;
  const subscription = await subscriptionOf(service, call);
  const { log, limits } = await admitted(service, call, subscription);
  return answered(call, await take(service, call, subscription, log, limits));
}

function answered({ params }: Call, messages: readonly DeliveredMessage[]): object {
  const ids = `projects/${params.project}/subscriptions/${params.subscription}`;
  return { receivedMessages: messages.map((message) => ({ ackId: `${ids}:${message.messageId}`, message })) };
}

/** Throws the refusals of the reference, in its order. */
async function admitted(service: Service, call: Call, subscription: Subscription): Promise<Asked> {
  const { roles } = call.caller;
  if (subscription.push_type !== '') {
    if (!service.config.push_enabled && roles.has('push_worker'))
      throw conflict('Push functionality is currently disabled');
    if (!roles.has('push_worker') && !roles.has('service_admin')) throw forbidden();
  }
  mustBeListed(service, call.caller, 'consumer', subscription.acl);
  const topic = await service.lookups.topics.first({
    project_uuid: subscription.project_uuid,
    name: subscription.topic,
  });
  if (topic === undefined) throw conflict("Subscription's topic doesn't exist");
  const asked = readBody(pullShape, call.body, invalidArguments('Pull Parameters'));
  const limits = {
    maxRecords: Math.min(positive(asked.maxMessages) ?? 1, service.config.ensemble.limits.pullMessages),
    firstMs: Math.min((positive(asked.waitSeconds) ?? 0) * 1_000, longWaitMs),
    allMs: asked.returnImmediately === 'false' ? longWaitMs : shortWaitMs,
    onePartition: roles.has('push_worker'),
  };
  return { log: logOf(topic), limits };
}

/**
 * One step in the store instead of two, where the subscription stands as it is expected to (expected-standings.ts). All that the answer rests on is asked for in that
 * step: where it stands, its topic, who pushes it, and that the caller is on its list. Undefined, and nothing moved, where any of it is not so, or where
 * there is something to wait for: then the subscription is read, and what is wrong is said in the reference's words.
 */
async function pullExpected(service: Service, call: Call): Promise<object | undefined> {
  const key = { project_uuid: projectOf(call).uuid, name: call.params.subscription ?? '' };
  const subscription = service.expected.find(key);
  if (subscription === undefined || service.epochOf(key.project_uuid, key.name) !== undefined) return undefined;
  const asked = await admitted(service, call, subscription).catch((error: unknown) => {
    if (error instanceof Refusal) return undefined;
    throw error;
  });
  if (asked === undefined || asked.log.isMapped) return undefined;
  const { log, limits } = asked;
  const before = standingOf(subscription, false);
  const place = { topic: log.topic, partition: 0 };
  const cursor = cursorAt(before, 0);
  if ((service.ends.known(place) ?? 0) <= cursor.offset) return undefined;
  const taken = await asking(service, () => read(service, call, [{ place, cursor }], before, limits));
  const isEnough = taken.length >= limits.maxRecords || waitFor(service, taken, limits) === 0;
  if (taken.length === 0 || !isEnough || call.signal.aborted) return undefined;
  const opened = openedOver(service, subscription, before, readableOf(log, before, taken));
  if (opened === undefined) return undefined;
  const { topic, push_type } = subscription;
  const where = { topic, push_type, ...isListed(service, call.caller, 'consumer') };
  const moved = commit(service, subscription, before, opened, where);
  const [isMoved, answer] = await Promise.all([moved, writtenOut(answered(call, opened.messages))]);
  if (isMoved) return answer;
  service.expected.forget(key);
  return undefined;
}

/** Once what was asked for meanwhile is on its way. */
async function writtenOut(answer: object): Promise<Json> {
  await nextTurn();
  return new Json(answer);
}

function positive(digits: string): number | undefined {
  const value = /^\d{1,15}$/.test(digits) ? Number(digits) : 0;
  return value > 0 ? value : undefined;
}

async function take(
  service: Service,
  call: Call,
  first: Subscription,
  log: TopicLog,
  limits: PullLimits,
): Promise<readonly DeliveredMessage[]> {
  const { ends, closing } = service;
  const signals = [call.signal, closing];
  const began = performance.now();
  let subscription: Subscription | undefined = first;
  for (let attempt = 0; attempt < tries && subscription !== undefined; attempt += 1) {
    const before = standingOf(subscription, log.isMapped);
    const places = await placesOf(service, log);
    const lanes = free(service, subscription, before, places);
    const looked = await look(service, lanes, before);
    if (looked.standing !== before) {
      await move(service, subscription, before, looked.standing);
      subscription = await again(service, subscription);
      continue;
    }
    if (looked.ready.length === 0) {
      const forMs = began + limits.firstMs - performance.now();
      if (lanes.length === 0 || forMs <= 0 || signals.some(({ aborted }) => aborted)) return [];
      await ends.grown(places, total(service, places) + 1, { forMs, signals });
      attempt = 0; // it waited; nobody was in its way
      subscription = await again(service, subscription);
      continue;
    }
    const records = await asking(service, () => read(service, call, looked.ready, before, limits));
    // A client that is gone gets no window: nobody would acknowledge it.
    if (call.signal.aborted) return [];
    if (records.length === 0 && !looked.isFresh) continue; // an end that was only thought to be there: asked for at the next look
    const missing = limits.maxRecords - records.length;
    const forMs = began + (records.length > 0 ? waitFor(service, records, limits) : shortWaitMs) - performance.now();
    if (missing > 0 && forMs > 0 && !closing.aborted) {
      const known = total(service, places);
      await ends.grown(places, known + (records.length > 0 ? missing : 1), { forMs, signals });
      attempt = 0;
      subscription = await again(service, subscription);
      continue;
    }
    if (records.length === 0) return [];
    const opened = await open(service, log, subscription, before, records);
    if (opened !== undefined) return opened;
    subscription = await again(service, subscription);
  }
  return [];
}

/** Upstream's `returnImmediately`: what is there is enough, or all that was asked for; what fills an answer is enough in any case. */
function waitFor(service: Service, records: readonly Taken[], { allMs }: PullLimits): number {
  const bytes = records.reduce((sum, { record }) => sum + record.value.length, 0);
  return allMs === longWaitMs && bytes < service.config.ensemble.limits.pullBytes / 2 ? longWaitMs : 0;
}

function total({ ends }: Service, places: readonly LogPlace[]): number {
  return places.reduce((sum, place) => sum + (ends.known(place) ?? 0), 0);
}

/** The partitions that this pull may read: with exclusive windows those that nobody holds. */
function free(
  service: Service,
  { ack }: Subscription,
  standing: Standing,
  places: readonly LogPlace[],
): readonly Lane[] {
  const all = places.map((place) => ({ place, cursor: cursorAt(standing, place.partition) }));
  if (!service.config.ensemble.exclusiveWindows) return all;
  return all.filter(({ cursor }) => !windowIsHeld(cursor, ack, service.now()));
}

/**
 * The lanes that have something to read, and where the subscription ought to stand. A log that is known to be longer than the cursor is not asked
 * about again, so that a busy subscription costs one question for each pull: the read itself.
 */
async function look(service: Service, lanes: readonly Lane[], standing: Standing): Promise<Looked> {
  const { ends, backend } = service;
  const unsure = lanes.filter(({ place, cursor }) => cursor.offset < 0 || (ends.known(place) ?? 0) <= cursor.offset);
  const bounds = new Map(
    await Promise.all(
      unsure.map(async ({ place }) => {
        const found = await asking(service, () => backend.bounds(place));
        ends.note(place, found.max);
        return [place.partition, found] as const;
      }),
    ),
  );
  const ready = lanes.filter(({ place, cursor }) => (ends.known(place) ?? 0) > cursor.offset);
  const isFresh = ready.every(({ place }) => bounds.has(place.partition));
  return { standing: raised(standing, bounds), ready, isFresh };
}

/** Reads the lanes in their turn; one that gives nothing although it was thought longer is asked about at the next look. */
async function read(
  service: Service,
  { signal }: Call,
  ready: readonly Lane[],
  standing: Standing,
  { maxRecords, onePartition }: PullLimits,
): Promise<readonly Taken[]> {
  const turn = standing.mapped?.turn ?? 0;
  const inTurn = [...ready].sort((a, b) => behind(a.place.partition, turn) - behind(b.place.partition, turn));
  const { pullBytes } = service.config.ensemble.limits;
  const chosen = onePartition ? inTurn.slice(0, 1) : inTurn;
  const found = await readFairly(
    chosen.map((lane) => ({ lane, offset: lane.cursor.offset })),
    { maxRecords, maxBytes: pullBytes },
    async (lane, offset, options) => {
      const records = await service.backend.read(lane.place, offset, { ...options, signal });
      // Retention passed the cursor, or the topic was made anew: what was known of its end is to be asked for again.
      if (offset === lane.cursor.offset && records[0]?.offset !== offset) service.ends.note(lane.place, undefined);
      return records;
    },
  );
  return found.flatMap(({ lane, records }) => records.map((record) => ({ place: lane.place, record })));
}

/** The partition whose turn it is first, then those after it, then those before it. */
function behind(partition: number, turn: number): number {
  return partition >= turn ? partition - turn : partition + Number.MAX_SAFE_INTEGER / 2 - turn;
}
