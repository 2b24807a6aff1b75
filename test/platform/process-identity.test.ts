/** A process is told from another that has its pid. */
import { describe, expect, test } from 'vitest';
import { identify, isAlive, parseProcStat, parsePs } from '../../platform/process-identity.ts';

const fields = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21';

describe('the identity of a process', () => {
  test('this process is alive, and keeps one identity', () => {
    const self = identify(process.pid);
    expect(self?.pid).toBe(process.pid);
    expect(self && isAlive(self)).toBe(true);
    expect(identify(process.pid)).toEqual(self);
  });

  test('the same pid with another start time is another process, so it is not alive', () => {
    const self = identify(process.pid);
    expect(isAlive({ pid: process.pid, startedAt: `${self?.startedAt}0` })).toBe(false);
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 31 - 1])('no process has the pid %d', (pid) => {
    expect(identify(pid)).toBeUndefined();
  });

  test('the start time is found behind a program name that holds spaces and parentheses', () => {
    expect(parseProcStat(`42 (evil) Z (name) S ${fields}`)).toBe('987654');
  });

  test.each(['Z', 'X'])('a process in state %s counts as dead, although it still has an entry', (state) => {
    expect(parseProcStat(`42 (java) ${state} ${fields}`)).toBeUndefined();
  });

  test('ps tells the start time; a zombie and an empty answer mean dead', () => {
    expect(parsePs('Ss   Mon Jan  6 08:09:10 2025\n')).toBe('Mon Jan  6 08:09:10 2025');
    expect(parsePs('Z+   Mon Jan  6 08:09:10 2025\n')).toBeUndefined();
    expect(parsePs('')).toBeUndefined();
  });
});
