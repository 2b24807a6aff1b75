/** Requests a second for each user: a bucket that holds two seconds' worth. Buckets that are full again are forgotten. */
const bursts = 2;
const swept = 10_000;

export class RateLimit {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  /** 0: no limit. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  allows(key: string, nowMs: number): boolean {
    if (this.#perSecond === 0) return true;
    const full = this.#perSecond * bursts;
    const bucket = this.#buckets.get(key) ?? { tokens: full, atMs: nowMs };
    bucket.tokens = Math.min(full, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * this.#perSecond);
    bucket.atMs = nowMs;
    if (!this.#buckets.has(key) && this.#buckets.size >= swept) this.#sweep(nowMs);
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #sweep(nowMs: number): void {
    for (const [key, { atMs }] of this.#buckets) if (nowMs - atMs > bursts * 1000) this.#buckets.delete(key);
  }
}
