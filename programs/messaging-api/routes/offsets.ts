/**
 * Offsets of a subscription and their changes (reference, section 2). With several partitions `max`, `min`, `current` and `offset` are sums over them, so that
 * `max - current` is what is left as ever, and `partitions` beside them says each (decision 0020).
 */
import { z } from 'zod';
import type { LogPlace } from '../backend/backend.ts';
import { conflict, invalid, invalidArguments } from '../errors.ts';
import { fields, readBody, whole } from '../lenient-json.ts';
import type { Call, Service } from '../service.ts';
import { cursorAt, type Standing, standingOf, withCursors } from '../standing.ts';
import { subscriptionOf } from './find.ts';
import { asking, logOfSubscription, placesOf } from './logs.ts';
import { moving } from './move.ts';

const one = fields({ partition: whole(), offset: whole() });
export const offsetShape = fields({ offset: whole(), partitions: z.array(one).default([]) });

interface PartitionOffset {
  readonly partition: number;
  readonly offset: number;
}

/** The cursors that stand before their log's start, raised to it. */
export function raised(standing: Standing, bounds: Iterable<readonly [number, { readonly min: number }]>): Standing {
  const low = [...bounds].flatMap(([partition, { min }]) => {
    const cursor = cursorAt(standing, partition);
    return cursor.offset < min ? [[partition, { ...cursor, offset: min }] as const] : [];
  });
  return low.length === 0 ? standing : withCursors(standing, low);
}

async function boundsOf(service: Service, places: readonly LogPlace[]) {
  return new Map(
    await Promise.all(
      places.map(
        async (place) => [place.partition, await asking(service, () => service.backend.bounds(place))] as const,
      ),
    ),
  );
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

export async function offsets(service: Service, call: Call): Promise<object> {
  const subscription = await subscriptionOf(service, call);
  const log = await logOfSubscription(service, subscription);
  const bounds = await boundsOf(service, await placesOf(service, log));
  const before = standingOf(subscription, log.isMapped);
  let now = before;
  if (raised(before, bounds) !== before) {
    await moving(service, subscription, log.isMapped, (found) => {
      now = raised(found, bounds);
      return now;
    });
  }
  const partitions = [...bounds].map(([partition, { min, max }]) => ({
    partition,
    max,
    min,
    current: cursorAt(now, partition).offset,
  }));
  const sums = {
    max: sum(partitions.map(({ max }) => max)),
    min: sum(partitions.map(({ min }) => min)),
    current: sum(partitions.map(({ current }) => current)),
  };
  return log.isMapped ? { ...sums, partitions } : sums;
}

export async function modifyOffset(service: Service, call: Call): Promise<undefined> {
  const subscription = await subscriptionOf(service, call);
  const asked = readBody(offsetShape, call.body, invalidArguments('Offset'));
  const log = await logOfSubscription(service, subscription);
  const bounds = await boundsOf(service, await placesOf(service, log));
  const wanted = log.isMapped && asked.partitions.length > 0 ? asked.partitions : spread(asked.offset, bounds);
  for (const { partition, offset } of wanted) {
    const { min, max } = bounds.get(partition) ?? { min: 0, max: -1 };
    if (offset < min || offset > max) throw invalid('Offset out of bounds');
  }
  const moved = wanted.map(
    ({ partition, offset }) => [partition, { offset, next_offset: 0, pending_ack: '' }] as const,
  );
  await moving(service, subscription, log.isMapped, (now) => withCursors(now, moved));
  return undefined;
}

/** What one number says of every partition: it is the offset of a single one, and of several only their starts or ends. Throws 400. */
function spread(
  offset: number,
  bounds: ReadonlyMap<number, { readonly min: number; readonly max: number }>,
): readonly PartitionOffset[] {
  const rows = [...bounds].map(([partition, { min, max }]) => ({ partition, min, max }));
  if (rows.length === 1) return rows.map(({ partition }) => ({ partition, offset }));
  const max = sum(rows.map((row) => row.max));
  const min = sum(rows.map((row) => row.min));
  if (offset < min || offset > max) throw invalid('Offset out of bounds');
  if (offset === max) return rows.map((row) => ({ partition: row.partition, offset: row.max }));
  if (offset === min) return rows.map((row) => ({ partition: row.partition, offset: row.min }));
  throw invalid(`Offset of each of ${rows.length} partitions is needed`);
}

export async function timeToOffset(service: Service, call: Call): Promise<object> {
  const subscription = await subscriptionOf(service, call);
  const time = call.query.get('time') ?? '';
  const ms = Date.parse(time);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time) || Number.isNaN(ms) || new Date(ms).toISOString() !== time)
    throw invalid('Time is not in valid Zulu format.');
  const log = await logOfSubscription(service, subscription);
  const places = await placesOf(service, log);
  const found = await Promise.all(
    places.map(async (place) => ({ place, offset: await asking(service, () => service.backend.offsetAt(place, ms)) })),
  );
  if (found.every(({ offset }) => offset === undefined))
    throw conflict("Timestamp is out of bounds for the subscription's topic/partition");
  const partitions = await Promise.all(
    found.map(async ({ place, offset }) => ({
      partition: place.partition,
      // Nothing as late as that in this one: what comes next there is.
      offset: offset ?? (await asking(service, () => service.backend.bounds(place))).max,
    })),
  );
  const total = sum(partitions.map(({ offset }) => offset));
  return log.isMapped ? { offset: total, partitions } : { offset: total };
}
