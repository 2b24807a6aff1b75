/**
 * Where logs are known to end, and who waits for them to grow. All pulls of a node that wait share one question to the back-end, however many they
 * are, so that a long pull costs an entry in a map; and what this node publishes wakes them without a question.
 */
import type { Backend, LogPlace } from './backend.ts';

/** How soon a message of another node is seen by a pull that waits. */
const lookMs = 100;
const keptPlaces = 50_000;

interface Waiting {
  readonly places: readonly LogPlace[];
  /** Of all the places together. */
  readonly enough: number;
  wake(): void;
}

export class LogEnds {
  readonly #backend: Backend;
  readonly #known = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  #timer: NodeJS.Timeout | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** The latest end that this node has heard of: the log is at least that long, unless its topic was made anew. */
  known(place: LogPlace): number | undefined {
    return this.#known.get(keyOf(place));
  }

  /** Takes note of an end; undefined: what was noted turned out wrong. */
  note(place: LogPlace, end: number | undefined): void {
    const key = keyOf(place);
    const before = this.#known.get(key);
    this.#known.delete(key);
    if (end === undefined) return;
    this.#known.set(key, end); // the last of the map's order: the first is the one that nobody heard of for longest
    const oldest = this.#known.keys().next();
    if (this.#known.size > keptPlaces && !oldest.done) this.#known.delete(oldest.value);
    if (before === undefined || end > before) this.#wakeSatisfied();
  }

  /**
   * Settles when the logs, all together, have grown to the sum `enough` of their ends, when the time is over, or when one of the signals says so.
   * Never throws: a back-end that does not answer is the next question's trouble.
   */
  async grown(
    places: readonly LogPlace[],
    enough: number,
    { forMs, signals }: { readonly forMs: number; readonly signals: readonly AbortSignal[] },
  ): Promise<void> {
    if (signals.some(({ aborted }) => aborted) || this.#total(places) >= enough) return;
    await new Promise<void>((resolve) => {
      const over = setTimeout(() => waiting.wake(), forMs);
      const waiting: Waiting = {
        places,
        enough,
        wake: () => {
          clearTimeout(over);
          for (const signal of signals) signal.removeEventListener('abort', waiting.wake);
          this.#waiting.delete(waiting);
          resolve();
        },
      };
      for (const signal of signals) signal.addEventListener('abort', waiting.wake);
      this.#waiting.add(waiting);
      this.#lookSoon();
    });
  }

  #wakeSatisfied(): void {
    for (const waiting of [...this.#waiting]) if (this.#total(waiting.places) >= waiting.enough) waiting.wake();
  }

  #total(places: readonly LogPlace[]): number {
    return places.reduce((sum, place) => sum + (this.known(place) ?? 0), 0);
  }

  #lookSoon(): void {
    this.#timer ??= setTimeout(() => void this.#look(), lookMs);
  }

  async #look(): Promise<void> {
    const places = new Map([...this.#waiting].flatMap((each) => each.places.map((place) => [keyOf(place), place])));
    const asked = [...places.values()];
    try {
      const ends = asked.length === 0 ? [] : await this.#backend.ends(asked);
      for (const [index, place] of asked.entries()) this.note(place, ends[index]);
    } catch {
      // The pulls go on waiting: they end with what they have, or with the refusal of their own next question.
    }
    this.#timer = undefined;
    if (this.#waiting.size > 0) this.#lookSoon();
  }
}

function keyOf({ topic, partition }: LogPlace): string {
  return `${topic}/${partition}`;
}
