/**
 * The values of a run as small numbers, in the order in which they were first seen: what checkers keep for each of them is then a place in an array, and a
 * million of them fit and are quickly looked at.
 */

/** A record's value: its place among all that were seen. */
export type ValueId = number;

/** Numbers of a key that share a page; small, so that numbers that lie far apart cost little. */
const pageBits = 6;
const pageLength = 1 << pageBits;
const absent = -1;

interface Lane {
  readonly key: string;
  readonly pages: Map<number, ValueId[]>;
  /** The page that was asked for last: who counts on asks for it again. */
  lastPage: number;
  last: ValueId[];
}

export class Values {
  readonly #lanes = new Map<string, Lane>();
  readonly #laneOf: Lane[] = [];
  readonly #numberOf: number[] = [];

  get size(): number {
    return this.#numberOf.length;
  }

  idOf(key: string, number: number): ValueId {
    const lane = this.#lane(key);
    const pageNumber = Math.floor(number / pageLength);
    if (pageNumber !== lane.lastPage) {
      let page = lane.pages.get(pageNumber);
      if (page === undefined) {
        page = new Array<ValueId>(pageLength).fill(absent);
        lane.pages.set(pageNumber, page);
      }
      lane.lastPage = pageNumber;
      lane.last = page;
    }
    const place = number % pageLength;
    const known = lane.last[place] ?? absent;
    if (known !== absent) return known;
    const id = this.#numberOf.length;
    lane.last[place] = id;
    this.#laneOf.push(lane);
    this.#numberOf.push(number);
    return id;
  }

  /** Of a value's text, `k3:101`. */
  read(value: string): ValueId {
    const colon = value.lastIndexOf(':');
    return this.idOf(value.slice(0, colon), Number(value.slice(colon + 1)));
  }

  /** `k3:101` */
  say(id: ValueId): string {
    return `${this.#laneOf[id]?.key ?? '?'}:${this.#numberOf[id] ?? '?'}`;
  }

  /** The same text, and one instance of it for all. */
  key(key: string): string {
    return this.#lane(key).key;
  }

  #lane(key: string): Lane {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane: Lane = { key, pages: new Map(), lastPage: absent, last: [] };
    this.#lanes.set(key, lane);
    return lane;
  }
}

/** Some of so many values. */
export class ValueSet {
  readonly #has: Uint8Array;

  constructor(size: number) {
    this.#has = new Uint8Array(size);
  }

  add(id: ValueId): void {
    this.#has[id] = 1;
  }

  has(id: ValueId): boolean {
    return this.#has[id] === 1;
  }
}

/** A number of 0 or more for some of so many values. */
export class ValueNumbers {
  readonly #numbers: Float64Array;

  constructor(size: number) {
    this.#numbers = new Float64Array(size).fill(absent);
  }

  set(id: ValueId, number: number): void {
    this.#numbers[id] = number;
  }

  get(id: ValueId): number | undefined {
    const number = this.#numbers[id];
    return number === absent ? undefined : number;
  }
}
