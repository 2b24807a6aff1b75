/** Whether and how words are coloured: on a terminal, decided for standard output and standard error each, since one may be a file. */
import { createColors } from 'picocolors';

/**
 * Not as picocolors decides by itself: it also colours wherever `CI` is set, where nobody asked and what reads may be a file.
 *
 * @param env NO_COLOR (no-color.org) is the last word; FORCE_COLOR asks for colours without a terminal, and `0` for none on one.
 * @internal
 */
export function wantsColour(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  if (given(env.NO_COLOR)) return false;
  if (given(env.FORCE_COLOR)) return env.FORCE_COLOR !== '0';
  return isTerminal && env.TERM !== 'dumb';
}

function given(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

/** For rooms that colour their own text, which goes to standard output. */
export const hasColour = wantsColour(process.env, process.stdout.isTTY === true);
/** For standard output. */
export const paint = createColors(hasColour);
/** For standard error: errors, and what is said beside a result. */
export const paintNotice = createColors(wantsColour(process.env, process.stderr.isTTY === true));
