/**
 * An operation is a list of named steps over a context of its own. What runs them decides how they are shown; the steps say what they do and
 * with what outcome.
 */

export interface Step<Context> {
  readonly title: string;
  /** Resolves with the outcome in a few words ("1 leader, 2 followers"). */
  run(context: Context, report: (progress: string) => void, signal: AbortSignal): Promise<string>;
}
