/** docs/platform.md on a platform of its own: every command that it prints runs as printed, and answers as printed. Nothing but the subnet is another. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { installationRoot } from '../../platform/installation-root.ts';
import { type CommandResult, guideScript, outputFault, printedCommands } from '../docs/printed-commands.ts';
import { requires } from '../requirements.ts';
import { type LocalPlatform, localPlatform } from './platform-fixture.ts';
import { pythonTools } from './python-tools.ts';
import { runProgram } from './run-program.ts';

const { describe, it } = requires('java', 'haproxy', 'python', 'linux');

const subnet = 57;
const text = readFileSync(join(installationRoot(), 'docs', 'platform.md'), 'utf8').replaceAll(
  '127.0.20.',
  `127.0.${subnet}.`,
);
const commands = printedCommands(text);

describe('docs/platform.md', () => {
  let platform: LocalPlatform;
  let results: readonly CommandResult[] = [];
  let errors = '';

  beforeAll(async () => {
    platform = await localPlatform(subnet);
    const { script, split } = guideScript(commands, '--- end of a block ---');
    const { python } = await pythonTools('argo-ams-library');
    const env = { ENSEMBLE_ENVIRONMENT: platform.environmentFile, ENSEMBLE_STATE: platform.stateRoot, PYTHON: python };
    const file = join(platform.folder, 'guide.sh');
    await writeFile(file, `cd '${installationRoot()}'\n${script}`);
    const run = await runProgram('bash', [file], { env });
    results = split(run.stdout);
    errors = run.stderr;
  });
  afterAll(() => platform.dispose());

  it('has commands for each of its parts', () => {
    expect(commands.length).toBeGreaterThan(15);
    expect(commands.filter(({ output }) => output === undefined).length).toBeLessThanOrEqual(1);
  });

  it.each(commands.map(({ line }, index) => ({ line, index })))('tells the truth at line $line', ({ index }) => {
    const [command, came] = [commands[index], results[index]];
    expect(came?.status, `${command?.command}${came?.output}${errors}`).toBe(0);
    const fault = command?.output === undefined ? undefined : outputFault(command.output, came?.output ?? '');
    expect(fault === undefined ? undefined : `${fault}${errors}`).toBeUndefined();
  });
});
