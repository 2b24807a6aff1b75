/** What runs a guide's commands and compares their answers, seen to catch what it is for. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { guideScript, outputFault, printedCommands } from './printed-commands.ts';

const fenced = (language: string, body: string) => `\`\`\`${language}\n${body}\n\`\`\`\n`;

describe('the commands that a guide prints', () => {
  it('are read with the answers that stand right below them', () => {
    const text = `# A\n\n${fenced('bash', 'a')}\n${fenced('json', '{}')}\nwords\n${fenced('bash', 'b')}more words\n${fenced('text', 'x')}${fenced('yaml', 'y: 1')}`;
    expect(printedCommands(text)).toEqual([
      { line: 3, command: 'a\n', output: '{}\n' },
      { line: 12, command: 'b\n', output: undefined },
    ]);
  });

  it('run in one shell: variables stay, a failure is seen and does not end the rest', () => {
    const commands = printedCommands(
      `${fenced('bash', 'A=1')}${fenced('bash', 'echo "a$A"; false')}${fenced('bash', 'echo b')}`,
    );
    const { script, split } = guideScript(commands, 'done-7');
    const results = split(execFileSync('bash', ['-s'], { input: script, encoding: 'utf8' }));
    expect(results).toEqual([
      { output: '', status: 0 },
      { output: 'a1\n', status: 1 },
      { output: 'b\n', status: 0 },
    ]);
    expect(split('').map(({ status }) => status)).toEqual([-1, -1, -1]);
  });
});

describe('a printed answer', () => {
  it.each([
    ['a\nb\n', 'a\nb'],
    ['a …s c\n', 'a 17 ms c\n'],
    ['a\n…\nd\n', 'a\nb\nc\nd\n'],
    ['{"a": [1.5]}\n', '{"a": [1.5]}  \n\n'],
  ])('%j agrees with %j', (printed, came) => expect(outputFault(printed, came)).toBeUndefined());

  it.each([
    ['a\nb\n', 'a\n'],
    ['a\n', 'a\nb\n'],
    ['1.5\n', '1x5\n'],
    ['a … c\n', 'a b\nx c\n'],
    ['a\n…\nd\n', 'a\nb\n'],
  ])('%j is not %j', (printed, came) => expect(outputFault(printed, came)).toContain('came:'));
});
