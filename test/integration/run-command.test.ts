/** The children of the test command: their outcome is told, and nothing that they started outlives an interrupted run. */
import { describe, expect, it, vi } from 'vitest';
import { runCommand, stopChildren } from '../../scripts/test/run-command.ts';

const cwd = import.meta.dirname;

describe('a command of the test run', () => {
  it('tells its status and what it printed on both streams', async () => {
    const outcome = await runCommand(['-e', 'console.log("out"); console.error("err"); process.exitCode = 3'], {
      cwd,
      show: 'never',
    });
    expect(outcome.status).toBe(3);
    expect(outcome.output.split('\n').sort()).toEqual(['', 'err', 'out']);
  });

  it('counts as failed when a signal ended it', async () => {
    expect(await runCommand(['-e', 'process.kill(process.pid, "SIGKILL")'], { cwd, show: 'never' })).toMatchObject({
      status: 1,
    });
  });

  it('ends with what it started when the run is interrupted', async () => {
    const child =
      'const c = require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]); console.log(c.pid); setInterval(() => {}, 1000)';
    const printed = vi.fn<(text: string) => void>();
    const running = runCommand(['-e', child], { cwd, show: 'never', onOutput: printed });
    await vi.waitFor(() => expect(printed).toHaveBeenCalled(), { timeout: 10_000 });
    const grandchild = Number(printed.mock.calls[0]?.[0]);
    expect(isAlive(grandchild)).toBe(true);
    await stopChildren('SIGTERM');
    expect(await running).toMatchObject({ status: 1 });
    await vi.waitFor(() => expect(isAlive(grandchild)).toBe(false), { timeout: 10_000 });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
