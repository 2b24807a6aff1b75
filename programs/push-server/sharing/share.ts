/** Who should hold what, as a pure function of what everyone can see: each live server a fair share, and as few moves as that takes. */
import type { Place } from './registry.ts';

export interface ShareInput {
  /** Our session. */
  readonly self: string;
  /** Those that live, ours too. */
  readonly sessions: readonly string[];
  readonly places: readonly Place[];
  /** What we deliver now, with its revision. */
  readonly held: ReadonlyMap<string, string>;
  /** What we are letting go of: a last cycle is under way. */
  readonly leaving: ReadonlySet<string>;
  /** Which of several to choose; a test holds it still. */
  readonly shuffle?: (names: readonly string[]) => readonly string[];
}

export interface SharePlan {
  /** Owners that are no server that lives. */
  readonly dead: readonly string[];
  /** To take, of those that are free. */
  readonly claim: readonly string[];
  /** To give up: more than our share, or deactivated. */
  readonly release: readonly string[];
  /** Held, but no longer ours: to stop at once. */
  readonly lost: readonly string[];
  /** Ours, to be read: not held yet, or activated anew. */
  readonly read: readonly string[];
  /** Deactivated ones of dead owners are left over. */
  readonly sweep: boolean;
}

export function planShare(input: ShareInput): SharePlan {
  const { self, sessions, places, held, leaving, shuffle = shuffled } = input;
  const live = new Set(sessions);
  const dead = new Set(places.map(({ owner }) => owner).filter((owner) => owner !== '' && !live.has(owner)));
  const isFree = ({ owner }: Place) => owner === '' || dead.has(owner);
  const mine = new Map(places.filter(({ owner }) => owner === self).map((place) => [place.name, place]));
  const active = places.filter((place) => place.active);
  const staying = active.filter(({ name, owner }) => owner === self && !leaving.has(name));
  const share = shareOf(active.length, self, sessions);
  const surplus = shuffle(staying.map(({ name }) => name)).slice(0, Math.max(0, staying.length - share));
  const giving = new Set(surplus);
  const free = active.filter(isFree).map(({ name }) => name);
  return {
    dead: [...dead],
    claim: shuffle(free).slice(0, Math.max(0, share - staying.length)),
    release: [
      ...surplus,
      ...[...mine.values()].filter(({ name, active: on }) => !on && !leaving.has(name)).map(({ name }) => name),
    ],
    lost: [...held.keys()].filter((name) => !mine.has(name)),
    read: staying
      .filter(({ name, revision }) => held.get(name) !== revision && !giving.has(name))
      .map(({ name }) => name),
    sweep: places.some((place) => !place.active && isFree(place)),
  };
}

/** Shares differ by one at most; who comes first in the order of names has the one more. */
function shareOf(count: number, self: string, sessions: readonly string[]): number {
  const rank = [...sessions].sort().indexOf(self);
  if (rank < 0) return 0;
  return Math.floor(count / sessions.length) + (rank < count % sessions.length ? 1 : 0);
}

/** At random, so that servers that claim at once seldom meet. */
function shuffled(names: readonly string[]): readonly string[] {
  const mixed = [...names];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    const [a, b] = [mixed[last], mixed[other]];
    if (a !== undefined && b !== undefined) [mixed[last], mixed[other]] = [b, a];
  }
  return mixed;
}
