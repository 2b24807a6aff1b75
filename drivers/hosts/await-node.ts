/**
 * Waits until a machine has become its node: the script's unit has ended well. Where it cannot, says so with the unit and its journal's last lines, as one
 * would read them on the machine.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { hostFaulty } from './errors.ts';
import type { Machine } from './machine.ts';

const pollMs = 500;
const askMs = 20_000;
const evidenceLines = 25;
const mostReadings = 10;
const nodeUnit = 'ensemble-node.service';

export interface AwaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** @throws EnsembleError DRIVER_HOST_FAULTY, and the signal's reason */
export async function awaitNode(machine: Machine, { timeoutMs, signal }: AwaitOptions): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const { node } = machine.host;
  for (;;) {
    const { output } = await machine.run(script, askMs, signal);
    const [state = '', detail = '', status = '0', ...fault] = output.trimEnd().split('\n');
    if (state === 'active') return;
    const why = fault.join(' ').trim();
    // Each run is patient by itself: one that ended has met what does not go away.
    if (state === 'failed' || detail === 'auto-restart')
      throw await faulty(machine, nodeUnit, why === '' ? `ended with status ${status}` : why);
    if ((await machine.status()).state === 'stopped') throw hostFaulty(node, nodeUnit, 'the machine has stopped', []);
    if (performance.now() > deadline)
      throw await faulty(machine, nodeUnit, why === '' ? `not within ${Math.round(timeoutMs / 1000)} s` : why);
    await delay(pollMs, undefined, { signal });
  }
}

const script = `systemctl show -p ActiveState --value ${nodeUnit}
systemctl show -p SubState --value ${nodeUnit}
systemctl show -p ExecMainStatus --value ${nodeUnit}
cat /var/lib/ensemble-node/fault 2>/dev/null || true`;

/**
 * With the journal's lines of that unit. A program's own last words reach the journal by another way than systemd's word that it has ended, and may be later:
 * read until two readings are the same.
 */
async function faulty(machine: Machine, unit: string, why: string) {
  const read = async () => (await machine.run(journalScript(unit), askMs)).output;
  let lines = await read();
  for (let readings = 1; readings < mostReadings; readings += 1) {
    await delay(pollMs);
    const again = await read();
    if (again === lines) break;
    lines = again;
  }
  return hostFaulty(machine.host.node, unit, why, lines.trimEnd().split('\n'));
}

/** What the journal has accepted is written first. */
function journalScript(unit: string): string {
  return `journalctl --sync; journalctl -u ${unit} -o short-iso --no-pager -n ${evidenceLines}`;
}
