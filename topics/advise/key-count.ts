/**
 * How many keys a topic has, from a sample of its records. Within the sample the count is exact (a set); what the sample missed is estimated from the keys
 * that it holds once and twice: Chao1, bias-corrected (A. Chao, Scandinavian Journal of Statistics 11, 1984). A sketch such as HyperLogLog would save
 * memory that a bounded sample does not need, and says nothing of keys that were not sampled.
 */

export interface KeySample {
  /** Records read. */
  readonly records: number;
  /** Those of them that have a key. */
  readonly keyed: number;
  readonly distinct: number;
  readonly seenOnce: number;
  readonly seenTwice: number;
  /** Records of the commonest key. */
  readonly hottest: number;
  /** Whether every record that the topic holds was read. */
  readonly complete: boolean;
}

export class KeyCounter {
  readonly #times = new Map<string, number>();
  #records = 0;
  #keyed = 0;

  /** Keys are bytes; `latin1` gives each byte a character of its own. */
  add(key: Buffer | undefined): void {
    this.#records += 1;
    if (key === undefined) return;
    this.#keyed += 1;
    const text = key.toString('latin1');
    this.#times.set(text, (this.#times.get(text) ?? 0) + 1);
  }

  sample(complete: boolean): KeySample {
    const times = [...this.#times.values()];
    return {
      records: this.#records,
      keyed: this.#keyed,
      distinct: times.length,
      seenOnce: times.filter((each) => each === 1).length,
      seenTwice: times.filter((each) => each === 2).length,
      hottest: times.reduce((most, each) => Math.max(most, each), 0),
      complete,
    };
  }
}

/** Keys in all: exact for a complete sample, at least the number seen otherwise. */
export function estimateKeys({ distinct, seenOnce, seenTwice, complete }: KeySample): number {
  return complete ? distinct : distinct + Math.floor((seenOnce * (seenOnce - 1)) / (2 * (seenTwice + 1)));
}
