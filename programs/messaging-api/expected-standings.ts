/**
 * Where a subscription is expected to stand at its next pull: at the end of what this node handed out last, all of it acknowledged. A pull that rests on it needs
 * no reading of the subscription, since everything that it rests on is part of its compare-and-set (routes/expected-pull.ts, decision 0027).
 *
 * An expectation is used only after one that came true: where clients leave messages unacknowledged, or other nodes pull in between, nothing is tried in vain
 * but the first time. Ordinary topics only: a mapped one is compared by its revision, which says nothing of the offsets that belong to it.
 */

import type { SubscriptionDocument } from '../../contracts/messaging-documents.ts';
import { LastValues } from './last-values.ts';
import { cursorAt, type Standing, standingOf } from './standing.ts';
import type { Stored } from './store/store.ts';

type Subscription = Stored<SubscriptionDocument>;
type Key = Pick<SubscriptionDocument, 'project_uuid' | 'name'>;

interface Expected {
  /** As it was when it was read, but for where it stands. */
  readonly subscription: Subscription;
  /** The one before it came true. */
  readonly isTrusted: boolean;
}

/** A subscription takes about a kilobyte. */
const keptAtMost = 10_000;

export class ExpectedStandings {
  readonly #expected = new LastValues<Expected>(keptAtMost);

  /** Undefined where nothing is expected, or the last expectation did not come true. */
  find(key: Key): Subscription | undefined {
    const found = this.#expected.get(keyOf(key));
    return found?.isTrusted === true ? found.subscription : undefined;
  }

  /** After a pull at `at` moved a subscription that stood at `from` to `to`. */
  note(
    subscription: Subscription,
    { from, to, at }: { readonly from: Standing; readonly to: Standing; readonly at: Date },
  ): void {
    if (to.mapped !== undefined) return;
    const before = this.#expected.get(keyOf(subscription));
    const { next_offset: offset } = cursorAt(to, 0);
    this.#expected.set(keyOf(subscription), {
      subscription: { ...subscription, epoch: to.epoch, offset, next_offset: 0, pending_ack: '', latest_consume: at },
      isTrusted: before !== undefined && isSame(standingOf(before.subscription, false), from),
    });
  }

  /** It did not stand there. */
  forget(key: Key): void {
    this.#expected.delete(keyOf(key));
  }
}

function isSame(one: Standing, other: Standing): boolean {
  const [a, b] = [cursorAt(one, 0), cursorAt(other, 0)];
  return one.epoch === other.epoch && a.offset === b.offset && a.next_offset === b.next_offset;
}

function keyOf({ project_uuid, name }: Key): string {
  return `${project_uuid}/${name}`;
}
