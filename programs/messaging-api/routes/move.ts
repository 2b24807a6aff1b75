/** Moving a subscription's standing by compare-and-set: the one way in which offsets and windows change. */
import type { SubscriptionDocument } from '../../../contracts/messaging-documents.ts';
import { absent, conflict, internal } from '../errors.ts';
import type { Service } from '../service.ts';
import { type Standing, standingOf, standsAt, storedAs } from '../standing.ts';
import type { Change, Filter, Stored } from '../store/store.ts';

export type Subscription = Stored<SubscriptionDocument>;

/** How often a standing that others move is read again before the request is given up. */
export const tries = 50;

export function again({ store }: Service, { project_uuid, name }: Subscription): Promise<Subscription | undefined> {
  return store.subscriptions.first({ project_uuid, name });
}

/**
 * False where the subscription stands elsewhere by now. Throws 409 where a newer owner moved it: a node that was given an epoch never overrules a
 * higher one, and one that was given none carries along what it read. `counted` changes in the same step, or not at all; `where` must hold, too.
 */
export async function move(
  service: Service,
  { project_uuid, name }: Subscription,
  from: Standing,
  to: Standing,
  { counted = {}, where = {} }: { readonly counted?: Change<SubscriptionDocument>; readonly where?: Filter } = {},
): Promise<boolean> {
  const epoch = service.epochOf(project_uuid, name) ?? from.epoch;
  if (epoch < from.epoch) throw conflict('Subscription is served by another node');
  const change = { ...counted, set: { ...counted.set, ...storedAs(to, epoch) } };
  return service.store.subscriptions.change({ project_uuid, name, ...standsAt(from), ...where }, change);
}

/** Moves from wherever it stands to what `next` says of it. Throws 404 when the subscription is gone, 500 when others never let go. */
export async function moving(
  service: Service,
  first: Subscription,
  isMapped: boolean,
  next: (now: Standing, subscription: Subscription) => Standing,
): Promise<void> {
  let subscription: Subscription | undefined = first;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    if (subscription === undefined) throw absent('Subscription');
    const now = standingOf(subscription, isMapped);
    if (await move(service, subscription, now, next(now, subscription))) return;
    subscription = await again(service, subscription);
  }
  throw internal('Error handling acknowledgement');
}
