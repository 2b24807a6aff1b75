/** How many may be within at once; who comes when it is full waits, first come, first served. */
export class Gate {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #within = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get within(): number {
    return this.#within;
  }

  get isFull(): boolean {
    return this.#within >= this.#most;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#within < this.#most) this.#within += 1;
    else await new Promise<void>((enter) => this.#waiting.push(enter));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift(); // who waits takes the place over
      if (next === undefined) this.#within -= 1;
      else next();
    }
  }
}
