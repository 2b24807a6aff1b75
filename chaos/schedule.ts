/**
 * When what is done, out of a scenario and a seed: the same two give the same schedule, on every machine. The generator is mulberry32 (Tommy Ettinger,
 * public domain): 32 bits of state, so that a seed is a number that a person can type.
 */
import { tooManyDown } from './errors.ts';
import type { Scenario, ScenarioStep } from './scenario.ts';

export interface Action {
  /** From the steady state. */
  readonly atMs: number;
  readonly do: 'inject' | 'heal';
  /** Its place among the scenario's steps. */
  readonly step: number;
}

export interface Schedule {
  readonly seed: number;
  /** Whose leader and followers are meant. */
  readonly partition: number;
  readonly actions: readonly Action[];
  /** For each step, a number below 1 that chooses among those who may be its target. */
  readonly choices: readonly number[];
  /** From the steady state to the last healing. */
  readonly lengthMs: number;
}

/** What a schedule takes from where it runs. */
export interface Surroundings {
  /** The environment's f, `tolerate`. */
  readonly failures: number;
  /** zookeeper.session.timeout.ms of its brokers: one that is away for less is not missed. */
  readonly sessionTimeoutMs: number;
}

/** Throws CHAOS_TOO_MANY_DOWN where more than the scenario's `atMostDown` would be. */
export function makeSchedule(scenario: Scenario, seed: number, { failures, sessionTimeoutMs }: Surroundings): Schedule {
  const random = seeded(seed);
  const partition = Math.floor(random() * scenario.topic.partitions);
  const choices = scenario.steps.map(() => random());
  const steps = [...scenario.steps.entries()];
  let begin = 0;
  const actions = (scenario.order === 'any' ? shuffled(steps, random) : steps).flatMap(
    ([index, step]): readonly Action[] => {
      begin += within(step.afterSeconds, random());
      const end = begin + within(step.forSeconds, random()) + step.sessions * sessionTimeoutMs;
      return [
        { atMs: begin, do: 'inject', step: index },
        { atMs: end, do: 'heal', step: index },
      ];
    },
  );
  // At the same moment, who is healed makes room for the next.
  const ordered = [...actions].sort((a, b) => a.atMs - b.atMs || (a.do === 'heal' ? -1 : 1));
  let down = 0;
  for (const action of ordered) {
    const step = scenario.steps[action.step];
    const count = step === undefined ? 0 : countOf(step, failures);
    down += action.do === 'inject' ? count : -count;
    if (down > scenario.atMostDown) throw tooManyDown(scenario.name, down, scenario.atMostDown);
  }
  return { seed, partition, actions: ordered, choices, lengthMs: ordered.at(-1)?.atMs ?? 0 };
}

export function countOf({ count }: ScenarioStep, failures: number): number {
  if (count === 'f') return failures;
  return count === 'f+1' ? failures + 1 : count;
}

/** Fisher and Yates. */
function shuffled<T>(all: readonly T[], random: () => number): readonly T[] {
  const left = [...all];
  return all.flatMap(() => left.splice(Math.floor(random() * left.length), 1));
}

function within(range: ScenarioStep['afterSeconds'], share: number): number {
  const [least, most] = typeof range === 'number' ? [range, range] : range;
  return Math.round((least + (most - least) * share) * 1000);
}

function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
