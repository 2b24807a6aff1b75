/** Pull and acknowledge, offsets and their changes (reference, sections 2 and 3). Every move of a cursor is a compare-and-set: see cursor.ts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { SubscriptionDocument } from '../../../contracts/messaging-documents.ts';
import { mustBeListed } from '../access.ts';
import type { BackendRecord, LogPlace } from '../backend/backend.ts';
import { type Cursor, cursorAfterAck, cursorOf, standsAt, windowAfterPull, windowIsHeld } from '../cursor.ts';
import { absent, conflict, forbidden, internal, invalid, invalidArguments } from '../errors.ts';
import { fields, readBody, text, texts, whole } from '../lenient-json.ts';
import { decodeRecord } from '../record.ts';
import type { Call, Service } from '../service.ts';
import type { Stored } from '../store/store.ts';
import { asking, logOf, subscriptionOf } from './find.ts';
import { rate } from './publish.ts';

type Subscription = Stored<SubscriptionDocument>;

const pullShape = fields({ maxMessages: text(), returnImmediately: text() });
const ackShape = fields({ ackIds: texts() });
const offsetShape = fields({ offset: whole() });
const deadlineShape = fields({ ackDeadlineSeconds: whole() });

/** How often a cursor that others move is read again before the request is given up. */
const tries = 50;
/** How long a pull waits for more than what is there: upstream's figures. */
const shortWaitMs = 300;
const longWaitMs = 300_000;
const pollMs = 50;

export async function pull(service: Service, call: Call): Promise<object> {
  const subscription = await subscriptionOf(service, call);
  const { roles } = call.caller;
  if (subscription.push_type !== '') {
    if (!service.config.push_enabled && roles.has('push_worker'))
      throw conflict('Push functionality is currently disabled');
    if (!roles.has('push_worker') && !roles.has('service_admin')) throw forbidden();
  }
  mustBeListed(service, call.caller, 'consumer', subscription.acl);
  const { project_uuid, topic } = subscription;
  if ((await service.store.topics.first({ project_uuid, name: topic })) === undefined)
    throw conflict("Subscription's topic doesn't exist");
  const asked = readBody(pullShape, call.body, invalidArguments('Pull Parameters'));
  const maxMessages = /^\d{1,15}$/.test(asked.maxMessages) ? Math.max(1, Number(asked.maxMessages)) : 1;
  const records = await take(service, call, subscription, {
    maxRecords: Math.min(maxMessages, service.config.ensemble.limits.pullMessages),
    waitMs: asked.returnImmediately === 'false' ? longWaitMs : shortWaitMs,
  });
  const messages = records.map(decodeRecord);
  if (messages.length > 0) {
    const bytes = messages.reduce((sum, { data }) => sum + data.length, 0);
    const at = service.now();
    const counted = {
      add: { msg_num: messages.length, total_bytes: bytes },
      set: { latest_consume: at, consume_rate: rate(messages.length, subscription.latest_consume, at) },
    };
    const { name } = subscription;
    await service.store.subscriptions
      .change({ project_uuid, name }, counted)
      .catch((error) => service.warn('a pull is not counted', error));
  }
  const ids = `projects/${call.params.project}/subscriptions/${subscription.name}`;
  return { receivedMessages: messages.map((message) => ({ ackId: `${ids}:${message.messageId}`, message })) };
}

/** Reads from the cursor, then opens the window over what was read, from the state that was read or a later one. */
async function take(
  service: Service,
  call: Call,
  first: Subscription,
  { maxRecords, waitMs }: { readonly maxRecords: number; readonly waitMs: number },
): Promise<readonly BackendRecord[]> {
  const log = logOf(first.project_uuid, first.topic);
  const { exclusiveWindows } = service.config.ensemble;
  let subscription: Subscription | undefined = first;
  for (let attempt = 0; attempt < tries && subscription !== undefined; attempt += 1) {
    const before = cursorOf(subscription);
    if (exclusiveWindows && windowIsHeld(before, subscription.ack, service.now())) return [];
    const { min, max } = await asking(service, () => service.backend.bounds(log));
    if (before.offset < min) {
      await move(service, subscription, before, { ...before, offset: min });
      subscription = await again(service, subscription);
      continue;
    }
    if (before.offset >= max) return [];
    const records = await asking(service, () => read(service, call, log, before.offset, maxRecords, waitMs));
    const last = records.at(-1);
    // A client that is gone gets no window: nobody would acknowledge it.
    if (last === undefined || call.signal.aborted) return [];
    const end = last.offset + 1;
    for (let retry = 0; retry < tries; retry += 1) {
      subscription = await again(service, subscription);
      if (subscription === undefined) return records; // deleted meanwhile: the pull is answered, its acknowledgement is a 404
      const now = cursorOf(subscription);
      if (exclusiveWindows && windowIsHeld(now, subscription.ack, service.now())) return [];
      const opened = windowAfterPull(now, { from: before.offset, end }, service.now());
      if (opened === undefined) break; // moved out of what was read: read anew
      if (await move(service, subscription, now, opened.next))
        return records.filter(({ offset }) => offset >= opened.from);
    }
  }
  return [];
}

async function read(
  service: Service,
  { signal }: Call,
  log: LogPlace,
  offset: number,
  maxRecords: number,
  waitMs: number,
): Promise<readonly BackendRecord[]> {
  const { pullBytes } = service.config.ensemble.limits;
  const until = performance.now() + waitMs;
  for (;;) {
    const records = await service.backend.read(log, offset, { maxRecords, maxBytes: pullBytes, signal });
    const bytes = records.reduce((sum, { value }) => sum + value.length, 0);
    const enough = waitMs <= shortWaitMs ? records.length > 0 : records.length >= maxRecords || bytes > pullBytes / 2;
    if (enough || signal.aborted || performance.now() >= until) return records;
    await sleep(pollMs);
  }
}

function again({ store }: Service, { project_uuid, name }: Subscription): Promise<Subscription | undefined> {
  return store.subscriptions.first({ project_uuid, name });
}

/**
 * False where the cursor stands elsewhere by now. Throws 409 where a newer owner moved it: a node that was given an epoch never overrules a higher
 * one, and one that was given none carries along what it read.
 */
async function move(
  service: Service,
  { project_uuid, name }: Subscription,
  from: Cursor,
  to: Cursor,
): Promise<boolean> {
  const epoch = service.epochOf(project_uuid, name) ?? from.epoch;
  if (epoch < from.epoch) throw conflict('Subscription is served by another node');
  return service.store.subscriptions.change({ project_uuid, name, ...standsAt(from) }, { set: { ...to, epoch } });
}

/** Moves a cursor from wherever it stands to what `next` says of it. Throws 404 when the subscription is gone, 500 when others never let go. */
async function moving(
  service: Service,
  first: Subscription,
  next: (now: Cursor, subscription: Subscription) => Cursor,
): Promise<void> {
  let subscription: Subscription | undefined = first;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    if (subscription === undefined) throw absent('Subscription');
    const now = cursorOf(subscription);
    if (await move(service, subscription, now, next(now, subscription))) return;
    subscription = await again(service, subscription);
  }
  throw internal('Error handling acknowledgement');
}

const ackId = /^projects\/([^/]+)\/subscriptions\/([^/:]+):(-?\d+)$/;
const int64 = 2n ** 63n;

export async function acknowledge(service: Service, call: Call): Promise<object> {
  const subscription = await subscriptionOf(service, call);
  const { ackIds } = readBody(ackShape, call.body, invalid('Invalid ack parameter'));
  let greatest = -1n;
  for (const id of ackIds) {
    const [, project, name, digits = ''] = ackId.exec(id) ?? [];
    const offset = digits === '' ? int64 : BigInt(digits);
    if (project !== call.params.project || name !== subscription.name || offset >= int64 || offset < -int64)
      throw invalid('Invalid ack id');
    if (offset > greatest) greatest = offset;
  }
  if (greatest < 0n) throw invalid('Invalid ack id');
  const off = Number(greatest) + 1;
  await moving(service, subscription, (now, { ack }) => cursorAfterAck(now, off, ack, service.now()));
  return {};
}

export async function offsets(service: Service, call: Call): Promise<object> {
  const subscription = await subscriptionOf(service, call);
  const { min, max } = await asking(service, () =>
    service.backend.bounds(logOf(subscription.project_uuid, subscription.topic)),
  );
  let current = subscription.offset;
  if (current < min) {
    await moving(service, subscription, (now) => ({ ...now, offset: Math.max(now.offset, min) }));
    current = min;
  }
  return { max, min, current };
}

export async function modifyOffset(service: Service, call: Call): Promise<undefined> {
  const subscription = await subscriptionOf(service, call);
  const { offset } = readBody(offsetShape, call.body, invalidArguments('Offset'));
  const { min, max } = await asking(service, () =>
    service.backend.bounds(logOf(subscription.project_uuid, subscription.topic)),
  );
  if (offset < min || offset > max) throw invalid('Offset out of bounds');
  await moving(service, subscription, (now) => ({ ...now, offset, next_offset: 0, pending_ack: '' }));
  return undefined;
}

export async function timeToOffset(service: Service, call: Call): Promise<object> {
  const subscription = await subscriptionOf(service, call);
  const time = call.query.get('time') ?? '';
  const ms = Date.parse(time);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time) || Number.isNaN(ms) || new Date(ms).toISOString() !== time)
    throw invalid('Time is not in valid Zulu format.');
  const offset = await asking(service, () =>
    service.backend.offsetAt(logOf(subscription.project_uuid, subscription.topic), ms),
  );
  if (offset === undefined) throw conflict("Timestamp is out of bounds for the subscription's topic/partition");
  return { offset };
}

export async function modifyAckDeadline(service: Service, call: Call): Promise<undefined> {
  const { project_uuid, name } = await subscriptionOf(service, call);
  const what = 'ackDeadlineSeconds(needs value between 0 and 600)';
  const { ackDeadlineSeconds: ack } = readBody(deadlineShape, call.body, invalidArguments(what));
  if (!z.int().min(0).max(600).safeParse(ack).success) throw invalidArguments(what);
  await service.store.subscriptions.change({ project_uuid, name }, { set: { ack } });
  return undefined;
}
