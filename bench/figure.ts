/**
 * What a figure is, and the little arithmetic that it needs. Every figure is measured against its peer or its floor in the same run, turn by turn
 * (A B A B ...), because machines differ and a machine differs from itself a minute later: a ratio of neighbours says more than two numbers.
 */

export interface Sample {
  readonly name: string;
  readonly unit: 'ms' | 'MB' | 'µs' | '1/s' | '%';
  /** One a round, in the order of the rounds. */
  readonly values: readonly number[];
}

export interface Comparison {
  /** `ensemble: masters and workers / plain script, phased` */
  readonly name: string;
  /** One a round: this over that, of the same round. */
  readonly ratios: readonly number[];
  readonly target?: Target;
}

/** A bound in the sample's unit, or as a ratio. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

export interface FigureReport {
  readonly figure: string;
  readonly about: string;
  readonly samples: readonly (Sample & { readonly target?: Target })[];
  readonly comparisons: readonly Comparison[];
  readonly notes: readonly string[];
}

export interface Figure {
  readonly name: string;
  measure(progress: (line: string) => void): Promise<FigureReport>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [below = Number.NaN, above = Number.NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (below + above) / 2;
}

/** This over that, round by round; a bound that is a number is the most that the ratio may be. @throws TypeError where they were not measured in the same rounds */
export function compare(name: string, of: Sample, to: Sample, bound?: number | Target): Comparison {
  if (of.values.length !== to.values.length)
    throw new TypeError(`${of.name} and ${to.name} were not measured in the same rounds`);
  const ratios = of.values.map((value, round) => value / (to.values[round] ?? Number.NaN));
  const target = typeof bound === 'number' ? { atMost: bound } : bound;
  return { name, ratios, ...(target === undefined ? {} : { target }) };
}

/** Gathers values by name as rounds go by. */
export class Samples {
  readonly #unit: Sample['unit'];
  readonly #values = new Map<string, number[]>();

  constructor(unit: Sample['unit']) {
    this.#unit = unit;
  }

  add(name: string, value: number): void {
    this.#values.set(name, [...(this.#values.get(name) ?? []), Math.round(value * 100) / 100]);
  }

  /** @throws TypeError where nothing was gathered under the name */
  get(name: string): Sample {
    const values = this.#values.get(name);
    if (values === undefined) throw new TypeError(`nothing was measured as ${name}`);
    return { name, unit: this.#unit, values };
  }

  all(): readonly Sample[] {
    return [...this.#values.keys()].map((name) => this.get(name));
  }
}
