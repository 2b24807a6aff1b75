/**
 * `ensemble up` killed with SIGKILL at ten random moments, each time from nothing, and run again: the second run must always end with a healthy
 * cluster, with one process a service. ENSEMBLE_TEST_SEED repeats a run; the seed is printed.
 */
import { readdir, readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect } from 'vitest';
import type { StatusReport } from '../../operations/status.ts';
import type { UpReport } from '../../operations/up.ts';
import { requires } from '../requirements.ts';
import { type PlatformFixture, platformFixture } from './platform-fixture.ts';

const { describe, it } = requires('java', 'linux');

const seed = Number(process.env.ENSEMBLE_TEST_SEED ?? Date.now() % 1_000_000);

/** mulberry32, a small generator of known quality: a seed gives the same moments again. */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Pids whose command line carries the mark of this state folder. */
async function markedPids(folder: string): Promise<readonly number[]> {
  const entries = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const lines = await Promise.all(entries.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return entries.filter((_, index) => lines[index]?.includes(`-Densemble.process=${folder}`)).map(Number);
}

describe('an up that is killed half-way', () => {
  let platform: PlatformFixture;

  beforeEach(async () => {
    platform = await platformFixture(32, { masters: 3, workers: 3 });
  });
  afterEach(() => platform.dispose());

  const random = randomFrom(seed);
  // The first is killed late in a run of usual length, the others anywhere in it.
  const momentsMs = Array.from({ length: 10 }, () => Math.round(random() * 8_000));

  it.each(momentsMs)(`is carried on by the next one, killed after %i ms (seed ${seed})`, async (momentMs) => {
    let timer: NodeJS.Timeout | undefined;
    const killed = await platform.run(['up'], {
      onStart: (pid) => {
        timer = setTimeout(() => process.kill(pid, 'SIGKILL'), momentMs);
      },
    });
    clearTimeout(timer);
    // A machine that was faster than the moment is no failure: then the first run was whole.
    expect([null, 0]).toContain(killed.status);

    const again = await platform.run(['up', '--json']);
    expect(again.status, again.stderr + again.stdout).toBe(0);
    const report = JSON.parse(again.stdout) as UpReport & { readonly status: StatusReport };
    expect(report.status.troubles).toEqual([]);
    const pids = report.status.services.map((service) => service.pid);
    expect([...(await markedPids(platform.folder))].sort()).toEqual([...pids].sort());
    expect(pids).toHaveLength(6);
    expect(report.topics.verified).toBe(2);
  });
});
