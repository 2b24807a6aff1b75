/**
 * Evens out how many seats each broker has, by trades that someone else calls harmless. A trade takes a seat from one broker and gives it to another;
 * where no single trade helps, a chain of them may. When no chain helps either, the counts are as even as the trades allow.
 */

export interface Trade<T> {
  readonly of: T;
  readonly from: number;
  readonly to: number;
}

export interface Seats<T> {
  /** Seats by broker; kept up to date by `make`. Only brokers in it take part. */
  readonly counts: Map<number, number>;
  /** The trades that may be made of a broker's seats, in a fixed order. */
  trades(from: number): Iterable<Trade<T>>;
  /** Makes a trade if it may still be made. */
  make(trade: Trade<T>): boolean;
}

export function evenOut<T>({ counts, trades, make }: Seats<T>): void {
  const countOf = (broker: number) => counts.get(broker) ?? 0;
  for (let improved = true; improved; ) {
    improved = false;
    for (const from of [...counts.keys()].sort((a, b) => countOf(b) - countOf(a))) {
      const chain = chainFrom(from, trades, counts, countOf(from) - 2);
      if (chain === undefined) continue;
      improved = makeAll(chain, make);
      if (improved) break;
    }
  }
}

/** The shortest chain of trades to a broker with at most `most` seats. */
function chainFrom<T>(
  start: number,
  trades: Seats<T>['trades'],
  counts: ReadonlyMap<number, number>,
  most: number,
): readonly Trade<T>[] | undefined {
  if (most < 0 || ![...counts.values()].some((count) => count <= most)) return undefined;
  const cameBy = new Map<number, Trade<T> | undefined>([[start, undefined]]);
  for (const [broker] of cameBy) {
    for (const trade of trades(broker)) {
      if (cameBy.has(trade.to) || !counts.has(trade.to)) continue;
      cameBy.set(trade.to, trade);
      if ((counts.get(trade.to) ?? 0) <= most) return chainTo(trade.to, cameBy);
    }
  }
  return undefined;
}

function chainTo<T>(end: number, cameBy: ReadonlyMap<number, Trade<T> | undefined>): readonly Trade<T>[] {
  const chain: Trade<T>[] = [];
  for (let trade = cameBy.get(end); trade !== undefined; trade = cameBy.get(trade.from)) chain.push(trade);
  return chain;
}

/** From the far end on. A chain that meets the same item twice may be spoilt half-way by its own first part: it is taken back then. */
function makeAll<T>(chain: readonly Trade<T>[], make: Seats<T>['make']): boolean {
  const made: Trade<T>[] = [];
  for (const trade of chain) {
    if (make(trade)) made.push(trade);
    else {
      for (const { of, from, to } of made.reverse()) make({ of, from: to, to: from });
      return false;
    }
  }
  return true;
}
