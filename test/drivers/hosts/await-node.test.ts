/** What is said of a machine that did not become its node: the unit's last words too, though the journal had them later. A machine that answers by script. */
import { describe, expect, it } from 'vitest';
import { awaitNode } from '../../../drivers/hosts/await-node.ts';
import type { Machine } from '../../../drivers/hosts/machine.ts';

/** @param journals what one reading after the other shows; the last one from then on */
function failed(journals: readonly string[]): { readonly machine: Machine; readonly readings: () => number } {
  let readings = 0;
  const run = async (script: string) => {
    if (!script.includes('journalctl')) return { status: 0, output: 'failed\nfailed\n5\n', errors: '' };
    const output = journals[Math.min(readings, journals.length - 1)] ?? '';
    readings += 1;
    return { status: 0, output, errors: '' };
  };
  const machine = { host: { node: 'master-3' }, run } as unknown as Machine;
  return { machine, readings: () => readings };
}

const awaited = (machine: Machine) =>
  awaitNode(machine, { timeoutMs: 1_000, signal: new AbortController().signal }).catch((error: unknown) => error);

describe('a machine that did not become its node', () => {
  it('is told with the words that reach the journal after the end of their unit', async () => {
    const { machine } = failed(['it ended\n', 'Unit x not found\nit ended\n']);
    expect(await awaited(machine)).toMatchObject({
      code: 'DRIVER_HOST_FAULTY',
      evidence: ['Unit x not found', 'it ended'],
    });
  });

  it('is told at once where the journal says the same twice', async () => {
    const { machine, readings } = failed(['it ended\n']);
    expect(await awaited(machine)).toMatchObject({ evidence: ['it ended'] });
    expect(readings()).toBe(2);
  });

  it('is told although its journal never rests', async () => {
    const endless = Array.from({ length: 100 }, (_, index) => `line ${index}\n`);
    const { machine } = failed(endless);
    expect(await awaited(machine)).toMatchObject({ code: 'DRIVER_HOST_FAULTY' });
  });
});
