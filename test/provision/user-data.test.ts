/** The script as a cloud runs it: small enough, plain POSIX, and free of what a linter knows to go wrong. What it does is in test/integration/node-machine.test.ts. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { provisionScript, userData } from '../../provision/user-data.ts';
import { requires } from '../requirements.ts';

/** Status and output of a checker that reads the script on its standard input. */
const checked = (command: string, args: readonly string[], text: string) => {
  const { status, stdout, stderr } = spawnSync(command, [...args], { input: text, encoding: 'utf8', timeout: 60_000 });
  return { status, said: stdout + stderr };
};

describe('the user-data', () => {
  test('fits into what AWS takes, which is 16 KiB before it is encoded', () => {
    expect(Buffer.byteLength(userData())).toBeLessThan(16_384);
    expect(userData()).toMatch(/^#!\/bin\/sh\n/);
  });

  test('is plain text that no tool of a stack takes for one of its own expressions', () => {
    expect(userData()).toMatch(/^[\t\n\x20-\x7e]*$/);
    expect(userData()).not.toContain('@node.py@');
    expect(userData()).not.toMatch(/%\{|Token\[/);
  });

  requires('shellcheck').it('passes shellcheck as POSIX sh, and shellcheck would catch a fault in it', () => {
    expect(checked('shellcheck', ['-s', 'sh', '-'], userData())).toEqual({ status: 0, said: '' });
    const planted = userData().replace('mv "$beside" "$5"', 'mv $beside $5');
    expect(planted).not.toBe(userData());
    expect(checked('shellcheck', ['-s', 'sh', '-'], planted)).toMatchObject({ status: 1 });
  });

  requires('shellcheck').it('leaves what it reads later as clean', () => {
    // Functions of the script that reads it are unknown there.
    expect(checked('shellcheck', ['-s', 'sh', '-'], provisionScript('package.sh'))).toEqual({ status: 0, said: '' });
  });
});
