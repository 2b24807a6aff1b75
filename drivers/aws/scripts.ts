/**
 * What is run on a node, as text for its shell. Names in it are ids of ours (lower-case letters, digits, hyphens), so that nothing needs quoting; no secret
 * is ever part of it, since Systems Manager keeps commands and their output.
 */
import { nodeScript } from '../../provision/unit.ts';

export const applyScript = `exec ${nodeScript} apply`;

/** Answers once every service does, or after so long. */
export function reportScript(patienceSeconds: number): string {
  return `exec ${nodeScript} report ${patienceSeconds}`;
}

/** What systemd says of a failure is that there was one; the log says which. */
function orJournal(unit: string): string {
  return `|| { code=$?; journalctl -u ${unit} -n 20 -o cat --no-pager | tail -c 8000; exit $code; }`;
}

/** Says `started`, or `ran before`. */
export function startScript(unit: string): string {
  return [
    `if systemctl is-active --quiet ${unit}; then echo 'ran before'; exit 0; fi`,
    `systemctl reset-failed ${unit} 2>/dev/null || true`,
    `systemctl start ${unit} ${orJournal(unit)}`,
    'echo started',
  ].join('\n');
}

/**
 * One order to systemd, which stops and starts by itself: an agent, or a script, that ends in between leaves no service stopped. Where somebody bounds the
 * stop, it is two.
 */
export function restartScript(unit: string, timeoutMs: number | undefined): string {
  if (timeoutMs !== undefined) return [stopScript(unit, timeoutMs), startScript(unit)].join('\n');
  return [
    `systemctl reset-failed ${unit} 2>/dev/null || true`,
    `systemctl restart ${unit} ${orJournal(unit)}`,
    'echo restarted',
  ].join('\n');
}

/** Says `not running`, `stopped`, or `killed`. A unit that waits to be started again counts as running. */
export function stopScript(unit: string, timeoutMs: number | undefined): string {
  const limited = timeoutMs === undefined ? '' : `timeout ${Math.ceil(timeoutMs / 1000)} `;
  return [
    `case $(systemctl show -p ActiveState --value ${unit}) in`,
    "  inactive | failed) echo 'not running' ;;",
    '  *)',
    `    if ${limited}systemctl stop ${unit}; then`,
    // Its own time ran out: systemd used force.
    `      if [ "$(systemctl show -p Result --value ${unit})" = timeout ]; then echo killed; else echo stopped; fi`,
    `    else systemctl kill -s KILL ${unit}; systemctl stop ${unit}; echo killed; fi ;;`,
    'esac',
  ].join('\n');
}

/** Says `reloaded`, or `not running`. */
export function reloadScript(unit: string): string {
  return [
    `if ! systemctl is-active --quiet ${unit}; then echo 'not running'; exit 0; fi`,
    `systemctl reload ${unit} ${orJournal(unit)}`,
    'echo reloaded',
  ].join('\n');
}

/** Runs a oneshot unit to its end; says the last line of its log. */
export function jobScript(unit: string): string {
  return [
    'code=0',
    `systemctl reset-failed ${unit} 2>/dev/null || true`,
    `systemctl start ${unit} || code=$?`,
    `journalctl -u ${unit} -n 20 -o cat --no-pager`,
    'exit $code',
  ].join('\n');
}

export function adoptScript(service: string): string {
  return `exec ${nodeScript} started ${service}`;
}

/** The end of it counts, and Systems Manager keeps the beginning: 24,000 characters. */
const keptBytes = 23_000;

export function logScript(unit: string, lines: number): string {
  return `journalctl -u ${unit} -n ${lines} -o short-iso --no-pager | tail -c ${keptBytes}`;
}

/** What came after a place in the log, and the place where that ends (`-- cursor: ...`); from now on where `cursor` is undefined. */
export function followScript(unit: string, cursor: string | undefined): string {
  // A cursor is hexadecimal numbers, `;` and `=`; anything else is no cursor of the journal's.
  const after = cursor !== undefined && /^[\w=;]+$/.test(cursor) ? `--after-cursor='${cursor}'` : '-n 0';
  return `journalctl -u ${unit} ${after} --show-cursor -o short-iso --no-pager | tail -c ${keptBytes}`;
}
