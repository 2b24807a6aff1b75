/** What the file system refuses, said to a person. */
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { systemFault } from '../../scripts/present/system-fault.ts';

describe('a refusal of the file system', () => {
  it('says what was tried, where, why it failed and what to do', () => {
    const cause = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'open', path: '/state/process.json' });
    const fault = systemFault(cause);
    expect(fault?.code).toBe('COMMAND_FILE_SYSTEM');
    expect(fault?.message).toBe('open /state/process.json: the disk is full (ENOSPC)');
    expect(fault?.next).toContain('--state');
  });

  it('is recognised as this version of Node throws it', async () => {
    const cause = await writeFile(`${import.meta.filename}/below-a-file`, '').catch((error: unknown) => error);
    expect(systemFault(cause)?.message).toMatch(
      /below-a-file: a part of the path is a file, not a folder \(ENOTDIR\)$/,
    );
  });

  it('leaves a defect of our own what it is', () => {
    expect(systemFault(new TypeError('not a function'))).toBeUndefined();
    expect(systemFault(Object.assign(new Error('gone'), { code: 'ENOENT', syscall: 'open' }))).toBeUndefined();
  });
});
