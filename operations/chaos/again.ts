/** A command that plays the same once more, as a person types it in the same folder: scenario, environment and state as they were named the first time. */

export interface Again {
  readonly environment: string;
  readonly driver: string | undefined;
  /** `--state`; undefined for the standard one, and where the command is told to people whose folders differ. */
  readonly state?: string | undefined;
  readonly seed: number;
}

/** @param words `run safe-leader-kill`, `matrix --long` */
export function againCommand(words: readonly string[], { environment, driver, state, seed }: Again): string {
  const by = driver === undefined || driver === 'processes' ? [] : ['--driver', driver];
  const kept = state === undefined ? [] : ['--state', state];
  const options = ['--environment', environment, ...by, ...kept, '--seed', `${seed}`];
  return ['ensemble', 'chaos', ...words, ...options].map(shellWord).join(' ');
}

/** In quotes where a shell would read more into it. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
