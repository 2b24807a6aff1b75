/** A question to a person, with the keys that end it without an answer. */
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { confirm } from '../../scripts/present/confirm.ts';

function terminal(interrupt = () => {}) {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  return { input, output: new PassThrough().resume(), interrupt };
}

describe('a question', () => {
  const never = new AbortController().signal;

  it('takes yes for a yes, and nothing else', async () => {
    for (const [keys, expected] of [
      ['yes\r', true],
      ['y\r', false],
      ['no\r', false],
      ['\r', false],
    ] as const) {
      const person = terminal();
      const answer = confirm('Remove all?', never, person);
      person.input.write(keys);
      expect(await answer).toBe(expected);
    }
  });

  it('is answered no by Ctrl-D, and where there is no terminal', async () => {
    const person = terminal();
    const answer = confirm('Remove all?', never, person);
    person.input.write('\u0004');
    expect(await answer).toBe(false);
    expect(await confirm('Remove all?', never, { ...terminal(), input: new PassThrough() })).toBe(false);
  });

  it('is interrupted by Ctrl-C like anything else that a command does', async () => {
    const controller = new AbortController();
    const person = terminal(() => controller.abort());
    const answer = confirm('Remove all?', controller.signal, person);
    person.input.write('\u0003');
    await expect(answer).rejects.toThrow('aborted');
  });
});
