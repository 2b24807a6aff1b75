/** The faults that chaos/ raises, each with the next step. */
import { EnsembleError } from '../contracts/error.ts';

export function historyUnreadable(file: string, line: number, text: string): EnsembleError {
  return new EnsembleError({
    code: 'CHAOS_HISTORY_UNREADABLE',
    message: `${file}, line ${line}, is not a line of a history`,
    next: 'Name a history.jsonl that `ensemble chaos run` wrote; only its last line may be torn.',
    evidence: [text.slice(0, 200)],
  });
}

export function historyAbsent(file: string, cause?: unknown): EnsembleError {
  const why = cause instanceof Error ? cause.message : 'it is no file';
  return new EnsembleError({
    code: 'CHAOS_HISTORY_ABSENT',
    message: `${file} cannot be read: ${why}`,
    next: 'Name a history.jsonl that `ensemble chaos run` wrote; it prints where.',
    cause,
  });
}

export function historyWithoutStart(file: string): EnsembleError {
  return new EnsembleError({
    code: 'CHAOS_HISTORY_WITHOUT_START',
    message: `${file} does not begin as a history does: nothing says which run it is`,
    next: 'Run the scenario again; this one ended before it began.',
  });
}

export function tooManyDown(scenario: string, down: number, allowed: number): EnsembleError {
  return new EnsembleError({
    code: 'CHAOS_TOO_MANY_DOWN',
    message: `${scenario} would have ${down} nodes down at once, and allows ${allowed}`,
    next: 'Raise atMostDown in the scenario if that is meant, or let its faults end before the next begins.',
  });
}

export function noSuchScenario(name: string, known: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'CHAOS_NO_SUCH_SCENARIO',
    message: `there is no scenario ${name}`,
    next:
      known.length === 0
        ? 'Name a file that is there.'
        : `Name one of ${known.join(', ')}; or a file that ends in .yaml.`,
  });
}

export function scenarioMisnamed(file: string, name: string): EnsembleError {
  return new EnsembleError({
    code: 'CHAOS_SCENARIO_MISNAMED',
    message: `${file} holds the scenario ${name}`,
    next: `Call the file ${name}.yaml, or the scenario as the file.`,
  });
}
