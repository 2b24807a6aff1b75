/** The words of `ensemble chaos`, parsed as a person types them, up to the status that the process would end with. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addChaosCommands } from '../../scripts/chaos-commands.ts';
import { ok, safePlan, send, start, timed } from '../chaos/written-history.ts';
import { capturePrinted, type Printed } from './printed.ts';

class Exit extends Error {
  constructor(readonly status: unknown) {
    super(`exit ${status}`);
  }
}

describe('ensemble chaos', () => {
  let folder: string;
  let printed: Printed;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
    printed = capturePrinted();
    vi.spyOn(process, 'exit').mockImplementation((status) => {
      throw new Exit(status);
    });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true, force: true });
  });

  const chaos = async (...words: readonly string[]) => {
    const program = new Command('ensemble');
    addChaosCommands(program);
    const ended = program.parseAsync(['chaos', ...words], { from: 'user' });
    return await ended.then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof Exit) return error.status;
        throw error;
      },
    );
  };

  it('runs nothing no times: that is an error, which says what is expected', async () => {
    for (const words of [['run', 'safe-leader-kill'], ['matrix']])
      for (const runs of ['0', '-1', '1.5']) {
        printed.err = '';
        expect(await chaos(...words, '--runs', runs, '--state', folder)).toBe(3);
        expect(printed.err).toContain('Expected a whole number of 1 or more.');
      }
  });

  it('heal says of others what is so: those heal that look at the same nodes, and not any command', async () => {
    expect(await chaos('--help')).toBe(0);
    expect(printed.out.replaceAll(/\s+/g, ' ')).toContain('commands that look at the same nodes do so as well');
    expect(printed.out).not.toContain('any other command');
  });

  it('check writes its verdict as JUnit, with scenario and seed', async () => {
    const [history, junit] = [join(folder, 'history.jsonl'), join(folder, 'chaos.xml')];
    const events = timed([start(1, safePlan), send(1, 'a:1'), ok(1, 0)]);
    await writeFile(history, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    expect(await chaos('check', history, '--junit', junit)).toBe(2);
    const xml = await readFile(junit, 'utf8');
    expect(xml).toContain('<testcase classname="chaos.by-hand" name="seed 1">');
    expect(xml).toContain('errors="1"');
  });
});
