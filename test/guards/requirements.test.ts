/** What a test may ask of the machine: a lack is named with its remedy, and is a failure where nothing may be skipped. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { lacking, requires } from '../requirements.ts';

const known = {
  here: { met: () => true, reason: 'no reason', remedy: 'no remedy' },
  gone: { met: () => false, reason: 'gone is not on the PATH', remedy: 'apt-get install gone' },
};

describe('requirements', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('names only what is lacking, with the reason and the remedy', () => {
    expect(lacking(['here', 'gone'], known)).toEqual([
      { name: 'gone', reason: 'gone is not on the PATH', remedy: 'apt-get install gone' },
    ]);
  });

  it('treats a requirement that nobody knows as lacking', () => {
    expect(lacking(['typo'], known)).toMatchObject([
      { name: 'typo', remedy: expect.stringContaining('test/requirements.ts') },
    ]);
  });

  it('are met by the very describe and it when nothing lacks', () => {
    expect(requires()).toEqual({ describe, it });
  });

  it('fail the file where nothing may be skipped', () => {
    vi.stubEnv('PATH', '');
    vi.stubEnv('ENSEMBLE_NO_SKIP', '1');
    expect(() => requires('java')).toThrow('java is not on the PATH; apt-get install openjdk-17-jre-headless');
  });
});
