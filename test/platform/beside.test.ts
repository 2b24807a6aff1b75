/** Work done beside each other: that it ends together, whoever fails. */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { beside } from '../../platform/beside.ts';

describe('work done beside each other', () => {
  it('gives its results in the order of the items, however they end', async () => {
    const lastFirst: (() => void)[] = [];
    const found = beside([1, 2, 3], {}, async (item) => {
      await new Promise<void>((resolve) => lastFirst.unshift(resolve));
      return item * 10;
    });
    for (const resolve of lastFirst) resolve();
    expect(await found).toEqual([10, 20, 30]);
  });

  it('does no more at once than it may', async () => {
    let [running, most] = [0, 0];
    await beside(Array.from({ length: 9 }), { atOnce: 3 }, async () => {
      running += 1;
      most = Math.max(most, running);
      await turn();
      running -= 1;
    });
    expect(most).toBe(3);
  });

  it('throws the first failure once all have ended, tells the others to stop, and begins no other', async () => {
    const [begun, ended]: [string[], string[]] = [[], []];
    const told: unknown[] = [];
    const failing = beside(['slow', 'bad', 'never'], { atOnce: 2 }, async (item, signal) => {
      begun.push(item);
      if (item === 'bad') throw new Error('first');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      told.push(signal.reason);
      await turn();
      ended.push(item);
      throw new Error('second');
    });
    await expect(failing).rejects.toThrow('first');
    expect(begun).toEqual(['slow', 'bad']);
    expect(ended).toEqual(['slow']);
    expect(told).toEqual([new Error('first')]);
  });

  it('stops for its caller’s signal', async () => {
    const calling = new AbortController();
    const waiting = beside([1, 2], { signal: calling.signal }, async (_, signal) => {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    calling.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(beside([1], { signal: calling.signal }, async () => 1)).rejects.toThrow('enough');
  });
});
