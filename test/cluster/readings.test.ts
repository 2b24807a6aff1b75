/** What a running service has read against what its files say now: what counts as a difference, and what takes it into use. */
import { describe, expect, test } from 'vitest';
import type { Reload } from '../../cluster/model.ts';
import {
  type Difference,
  describeDifference,
  differenceOf,
  readingAfterReload,
  readingOf,
  remedyOf,
} from '../../cluster/readings.ts';
import type { RenderedFile, RenderedService } from '../../cluster/render.ts';

const certificates: Reload = { signal: 'SIGHUP', reads: 'certificates' };
const everything: Reload = { signal: 'SIGUSR2', reads: 'everything' };
const token = { secret: 'tokens/admin' };

interface Shape {
  readonly config?: RenderedFile['text'];
  readonly acl?: string;
  readonly authorities?: string;
  readonly seed?: string;
  readonly option?: string;
  readonly reload?: Reload | undefined;
}

function service({ config, acl = 'a', authorities = '', seed = '{}', option = '-a', reload }: Shape): RenderedService {
  const json = config ?? ['{"port":1,"acl":["', acl, '"],"token":"', token, '"}'];
  return {
    service: 'push-server',
    files: [
      { path: '/c/config.json', mode: 0o600, reloaded: ['acl'], text: json },
      { path: '/c/authorities.pem', mode: 0o644, reloaded: true, text: [authorities] },
      { path: '/c/seed.json', mode: 0o600, forJobs: true, text: [seed] },
    ],
    folders: [],
    process: {
      program: { runtime: 'node', program: 'push-server', options: [option], arguments: [] },
      memoryMiB: 64,
      probe: { listener: 'https', send: '', expect: '' },
      stopTimeoutMs: 1_000,
      ...(reload === undefined ? {} : { reload }),
    },
  };
}

const between = (before: Shape, after: Shape): Difference => {
  const found = differenceOf(readingOf(service(before)), service(after));
  if (found === undefined) throw new Error('no difference');
  return found;
};
const remedy = (before: Shape, after: Shape) => remedyOf(between(before, after), service(after));

describe('a difference between what runs and what is meant', () => {
  test('is none where nothing changed, nor where only a job’s file or a comment did', () => {
    expect(differenceOf(readingOf(service({})), service({}))).toBeUndefined();
    expect(differenceOf(readingOf(service({})), service({ seed: '{"more":1}' }))).toBeUndefined();
    const plain = { config: ['# why\nport=1\n'] };
    expect(differenceOf(readingOf(service(plain)), service({ config: ['# better why\n\nport=1\n'] }))).toBeUndefined();
  });

  test('names the file, and the settings in it where they have names', () => {
    expect(describeDifference(between({}, { acl: 'b' }))).toEqual(['config.json: acl']);
    const lines = (text: string) => ({ config: [text] });
    expect(describeDifference(between(lines('b=1\na=2\nc=3'), lines('b=2\na=2\nd=3')))).toEqual([
      'config.json: b, c, d',
    ]);
    expect(describeDifference(between(lines('-Xmx1m'), lines('-Xmx2m')))).toEqual(['config.json']);
    expect(describeDifference(between({}, { option: '-b' }))).toEqual(['its command line']);
    const many = (value: number) => lines([1, 2, 3, 4, 5, 6, 7].map((number) => `n${number}=${value}`).join('\n'));
    expect(describeDifference(between(many(1), many(2)))).toEqual(['config.json: n1, n2, n3, n4, n5 and 2 more']);
  });

  test('sees a file that came, one that went, and another secret in the place of one', () => {
    const [file] = service({}).files;
    if (file === undefined) throw new Error('no file');
    const less = { ...service({}), files: [file] };
    const came = differenceOf(readingOf(less), service({ authorities: 'x' }));
    expect(came?.files).toEqual([{ path: '/c/authorities.pem', change: 'added', before: undefined, after: ['x'] }]);
    expect(differenceOf(readingOf(service({})), less)?.files).toMatchObject([{ change: 'removed' }]);
    const other = { config: ['{"port":1,"acl":["a"],"token":"', { secret: 'tokens/other' }, '"}'] };
    expect(describeDifference(between({}, other))).toEqual(['config.json: token']);
  });
});

describe('what takes a difference into use', () => {
  test('is a restart where nothing can be read again, or the command line changed, or what it runs with is not known', () => {
    expect(remedy({}, { authorities: 'x' })).toBe('restart');
    expect(remedy({ reload: everything }, { reload: everything, option: '-b' })).toBe('restart');
    const unknown = { known: false, command: false, files: [] };
    expect(remedyOf(unknown, service({ reload: everything }))).toBe('restart');
  });

  test('is a reload where a reload reads everything, or just what changed', () => {
    expect(remedy({}, { reload: everything, acl: 'b' })).toBe('reload');
    expect(remedy({}, { reload: certificates, acl: 'b', authorities: 'x' })).toBe('reload');
  });

  test('is a restart where one key that changed is not read again', () => {
    const config = ['{"port":2,"acl":["b"],"token":"', token, '"}'];
    expect(remedy({}, { reload: certificates, config })).toBe('restart');
  });
});

describe('a reload', () => {
  test('leaves no difference where all that changed was read again', () => {
    const now = service({ reload: certificates, acl: 'b', authorities: 'x' });
    expect(differenceOf(readingAfterReload(readingOf(service({})), now), now)).toBeUndefined();
  });

  test('leaves what it did not read: the next look still asks for the restart', () => {
    const config = ['{"port":2,"acl":["b"],"token":"', token, '"}'];
    const now = service({ reload: certificates, config, authorities: 'x' });
    const left = differenceOf(readingAfterReload(readingOf(service({})), now), now);
    expect(left === undefined ? [] : describeDifference(left)).toEqual(['config.json: acl, port']);
    const other = service({ reload: everything, option: '-b', authorities: 'x' });
    expect(differenceOf(readingAfterReload(readingOf(service({})), other), other)).toEqual({
      known: true,
      command: true,
      files: [],
    });
  });
});
