/** A process that is handed what it needs: it has it, it is interrupted once, and it is asked to end when whoever started it is gone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { runHanded } from '../../operations/chaos/handed.ts';
import { installationRoot } from '../../platform/installation-root.ts';

const program = (script: string) => [
  process.execPath,
  ...['--import', 'tsx', '--input-type=module', '--eval'],
  `import { handedHere, runHanded } from '${installationRoot()}/operations/chaos/handed.ts';\n${script}`,
];
const tellsHowItEnds = `
  const handed = await handedHere();
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => { console.error('got ' + name); process.exit(7); });
  console.error('has ' + JSON.stringify(handed));
  setInterval(() => {}, 1000);`;

describe('a process that is handed what it needs', () => {
  it('has it, and not in its environment or its command line; its status and its output are handed back', async () => {
    const script = `
      const handed = await handedHere();
      console.log(JSON.stringify([handed, await handedHere() ?? null, process.argv.join().includes('secret-1')]));
      console.log(Object.values(process.env).some((value) => value.includes('secret-1')));
      process.exit(5);`;
    const outcome = await runHanded(
      { token: 'secret-1' },
      { command: program(script), signal: new AbortController().signal, onLine: () => {} },
    );
    expect(outcome).toEqual({ status: 5, output: '[{"token":"secret-1"},null,false]\nfalse\n' });
  });

  it('is interrupted once, and waited for', async () => {
    const controller = new AbortController();
    const lines: string[] = [];
    const onLine = (line: string) => {
      lines.push(line);
      if (line.startsWith('has')) controller.abort();
    };
    const { status } = await runHanded([1], { command: program(tellsHowItEnds), signal: controller.signal, onLine });
    expect([status, lines]).toEqual([7, ['has [1]', 'got SIGINT']]);
  });

  it('is asked to end once whoever started it was killed', async () => {
    const inner = JSON.stringify(program(tellsHowItEnds));
    const outer = `await runHanded([2], { command: ${inner}, signal: new AbortController().signal });`;
    const [node = '', ...args] = program(outer);
    const child = spawn(node, args, { stdio: ['ignore', 'inherit', 'pipe'] });
    const lines: string[] = [];
    for await (const line of createInterface(child.stderr)) {
      lines.push(line);
      if (line.startsWith('has')) child.kill('SIGKILL');
    }
    await (child.signalCode === null ? once(child, 'exit') : undefined);
    expect(lines).toEqual(['has [2]', 'got SIGTERM']);
  });
});
