import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { beside } from '../../platform/beside.ts';

describe('work done beside each other', () => {
  it('gives its results in the order of the items, however they end', async () => {
    const found = await beside([3, 1, 2], {}, async (item) => {
      await delay(item);
      return item * 10;
    });
    expect(found).toEqual([30, 10, 20]);
  });

  it('does no more at once than it may', async () => {
    let [running, most] = [0, 0];
    await beside(Array.from({ length: 9 }), { atOnce: 3 }, async () => {
      running += 1;
      most = Math.max(most, running);
      await delay(1);
      running -= 1;
    });
    expect(most).toBe(3);
  });

  it('throws the first failure once all have ended, tells the others to stop, and begins no other', async () => {
    const begun: string[] = [];
    const ended: string[] = [];
    const told: unknown[] = [];
    const failing = beside(['slow', 'bad', 'never'], { atOnce: 2 }, async (item, signal) => {
      begun.push(item);
      if (item === 'bad') throw new Error('first');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      told.push(signal.reason);
      await delay(5);
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
      await delay(60_000, undefined, { signal });
    });
    calling.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow();
    await expect(beside([1], { signal: calling.signal }, async () => 1)).rejects.toThrow('enough');
  });
});
