/** Availability by hand: what comes back only with the healing proves nothing, too long a silence fails, and a machine without time is no proof against the platform. */
import { describe, expect, it } from 'vitest';
import type { RunPlan } from '../../chaos/verdict.ts';
import { every, judged, plan, stood, stops, verdictOf } from './told-run.ts';

describe('the partitions that the prediction does not name', () => {
  const writes = [...every(1, 10), ...every(18, 45)];

  it('fail the run as well where one is silent for too long, although it comes back with the healing', () => {
    const [verdict, reason] = verdictOf({ writes, other: { writes: [...every(1, 10), ...every(41, 45)] } });
    expect([verdict, reason]).toEqual([
      'fail',
      'writing was predicted to continue, and with kill on leader partition 1 acknowledged nothing for 30 s (20 s allowed)',
    ]);
    expect(verdictOf({ writes, other: { writes: [...every(1, 10), ...every(18, 45)] } })).toEqual(['pass']);
  });

  it('fail it where what is acknowledged there is not read for too long', () => {
    const long = { faults: stood(10, 57), writes: [...every(1, 10), ...every(18, 59.5)] };
    const [verdict, reason] = verdictOf({ ...long, other: { writes: long.writes, readUntil: 10 } });
    expect([verdict, reason]).toEqual(['fail', expect.stringMatching(/partition 1 kept an acknowledged record from/)]);
  });

  it('are not asked where a broker fails while no quorum could elect another for them', () => {
    const others = { prediction: { ...plan.prediction, others: 'stops' } } as const;
    expect(verdictOf({ plan: others, writes, other: { writes: [...every(1, 10), ...every(41, 45)] } })).toEqual([
      'pass',
    ]);
  });

  it('are not asked where nothing was written to them before, or where writing is predicted to stop', () => {
    expect(verdictOf({ writes, other: { writes: every(41, 45) } })).toEqual(['pass']);
  });
});

describe('writing that is predicted to continue', () => {
  it('passes where it is acknowledged again before anybody is healed', () => {
    expect(verdictOf({ writes: [...every(1, 10), ...every(18, 45)] })).toEqual(['pass']);
  });

  it('fails where its silence is longer than a session, its clients’ pauses and an election take', () => {
    const [verdict, reason] = verdictOf({ writes: [...every(1, 10), ...every(31, 45)] });
    expect(verdict).toBe('fail');
    expect(reason).toContain('acknowledged nothing for 21 s (20 s allowed)');
    expect(verdictOf({ writes: [...every(1, 10), ...every(31, 45)], kind: 'pause' }), 'requests wait 30 s').toEqual([
      'pass',
    ]);
    expect(verdictOf({ writes: [...every(1, 10), ...every(20, 45)], kind: 'term' })[0]).toBe('fail');
  });

  it('is inconclusive where the fault was healed before it could be told, whatever came after', () => {
    const faults = stood(10, 22);
    const writes = [...every(1, 10), ...every(22.5, 45)];
    const [verdict, ...reasons] = verdictOf({ faults, writes });
    expect(verdict).toBe('inconclusive');
    expect(reasons).toContain(
      'writing may not have continued: nothing that began with kill on leader was done in partition 0 before it was healed',
    );
  });

  it('is inconclusive, and no fail, on a machine that had no time; what is lost is lost on any machine', () => {
    const writes = [...every(1, 10), ...every(31, 45)];
    const busy = verdictOf({ writes, loads: every(10, 40).map((at) => [at, 6, 20]) });
    expect(busy[0]).toBe('inconclusive');
    expect(busy[1]).toContain('the machine was too busy to tell: 6.0 wanted each of its processors');
    const late = verdictOf({ writes, loads: every(10, 40).map((at) => [at, 1, 60]) });
    expect(late[1]).toContain('the recorder itself stood still for 9.0 s');
    expect(verdictOf({ writes, loads: every(10, 40).map((at) => [at, 2, 1]) })[0]).toBe('fail');
  });
});

describe('writing that is predicted to continue, and what used to pass', () => {
  it('is not shown by what was acknowledged while a service was still leaving', () => {
    const faults = [
      [10, 'injecting'],
      [15, 'injected'],
      [22, 'healing'],
      [23, 'healed'],
    ] as const;
    const told = verdictOf({ faults, kind: 'term', writes: [...every(1, 14.8), ...every(23.5, 45)] });
    expect(told[0]).toBe('inconclusive');
    expect(told).toContain(
      'writing may not have continued: nothing that began with term on leader was done in partition 0 before it was healed',
    );
  });

  it('fails where it does not come back once all is healed, and is inconclusive on a machine without time', () => {
    const writes = [...every(1, 10), ...every(18, 40.4)];
    const back = 'partition 0 acknowledged nothing any more after the last healing';
    expect(verdictOf({ writes })).toEqual(['fail', back]);
    const [verdict, reason] = verdictOf({ writes, loads: every(41, 60).map((at) => [at, 6, 20]) });
    expect([verdict, reason]).toEqual(['inconclusive', expect.stringContaining(`${back}; the machine was too busy`)]);
  });
});

describe('reading that is predicted to continue', () => {
  it('is inconclusive where nothing that was sent with the fault was read before it was healed, and no limit was reached', () => {
    const faults = stood(10, 32);
    const writes = [...every(1, 10), ...every(18, 45)];
    expect(verdictOf({ faults, writes, readUntil: 9.9 })).toEqual([
      'inconclusive',
      'reading by its readers may not have continued: nothing that began with kill on leader was done in partition 0 before it was healed',
    ]);
    expect(verdictOf({ faults, writes, readUntil: 20 })).toEqual(['pass']);
  });

  it('is not told where nothing is acknowledged that could be read, and by a negative control: both say so', () => {
    const told = (change: Partial<RunPlan>, readUntil: number) => {
      const writes = [...every(1, 10), ...(change.mustLose ? every(18, 32) : []), ...every(33, 45)];
      return judged({ faults: stood(10, 32), writes, readUntil, plan: change });
    };
    const beyond = told({ prediction: { ...plan.prediction, writing: 'stops' } }, 100);
    expect([beyond.verdict, beyond.notTold]).toEqual([
      'pass',
      ['reading by its readers is not told: nothing was acknowledged with kill on leader that could have been read'],
    ]);
    const control = told({ mustLose: true, prediction: { ...plan.prediction, durability: 'may-lose' } }, 9.9);
    expect(control.notTold).toEqual([expect.stringContaining('reading by its readers may not have continued')]);
    expect(control.reasons).toEqual(['a negative control that lost nothing: the moment in which it loses was not hit']);
  });

  it('fails where an acknowledged record waits longer for its readers than a group takes to form anew', () => {
    const faults = stood(10, 59);
    const writes = [...every(1, 10), ...every(18, 59)];
    const brief = { ...plan, failoverSeconds: 1 }; // 13 s of silence; 31 s until a coordinator is given up, and 6 s for the group
    expect(verdictOf({ faults, writes: [...writes, 60.1], plan: brief, readUntil: 23 })[0]).toBe('pass');
    const [verdict, reason] = verdictOf({ faults, writes: every(1, 61), plan: brief, readUntil: 21 });
    expect(verdict).toBe('fail');
    expect(reason).toContain('kept an acknowledged record from its readers for 38 s (37 s allowed)');
  });
});

describe('writing that is predicted to stop', () => {
  const both = [...stood(10, 40), ...stood(12, 41).map(([at, phase]) => [at, phase, 2] as const)].sort(
    ([a], [b]) => a - b,
  );

  it('passes where it stops with the second of three replicas, and comes back', () => {
    expect(verdictOf({ plan: stops, faults: both, writes: [...every(1, 12), ...every(42, 50)] })).toEqual(['pass']);
  });

  it('fails where one replica alone acknowledges, and two are asked for', () => {
    const [verdict, reason] = verdictOf({ plan: stops, faults: both, writes: [...every(1, 12), 20, ...every(42, 50)] });
    expect(verdict).toBe('fail');
    expect(reason).toBe('50 records of partition 0 were acknowledged while 1 of its replicas ran, and 2 are asked for');
    const one = { ...stops, acks: 1 } as const;
    expect(verdictOf({ plan: one, faults: both, writes: [...every(1, 12), 20, ...every(42, 50)] })[0]).toBe(
      'inconclusive',
    );
  });

  it('is not shown by a moment of silence: until somebody is healed nothing may be acknowledged', () => {
    const one = { ...stops, acks: 1 } as const;
    expect(verdictOf({ plan: one, faults: both, writes: [...every(1, 12), ...every(14, 50)] })).toEqual([
      'inconclusive',
      'writing was predicted to stop, and 6500 records of partition 0 were acknowledged between 12.0 s and 40.0 s, before anybody was healed who could bring it back',
    ]);
  });

  it('fails where it does not come back', () => {
    expect(verdictOf({ plan: stops, faults: both, writes: every(1, 12) })).toEqual([
      'fail',
      'partition 0 acknowledged nothing any more after the last healing',
    ]);
  });

  it('stands too short to be seen where somebody is healed at once', () => {
    const faults = [...stood(10, 40), ...stood(12, 13.5).map(([at, phase]) => [at, phase, 2] as const)].sort(
      ([a], [b]) => a - b,
    );
    const [verdict, ...reasons] = verdictOf({ plan: stops, faults, writes: [...every(1, 12), ...every(14, 50)] });
    expect([verdict, reasons.join()]).toEqual(['inconclusive', expect.stringContaining('stood too short to be seen')]);
  });

  it('is inconclusive where it was not seen to stop', () => {
    const [verdict, reason] = verdictOf({ plan: stops, writes: every(1, 50) });
    expect([verdict, reason]).toEqual([
      'inconclusive',
      'writing was predicted to stop, and 7450 records of partition 0 were acknowledged between 10.0 s and 40.0 s, before anybody was healed who could bring it back',
    ]);
  });

  it('is inconclusive where what was acknowledged was acknowledged after the healing: it was in no danger', () => {
    expect(verdictOf({ plan: stops, faults: both, writes: [...every(9, 12), ...every(42, 59)] })).toEqual([
      'inconclusive',
      '750 writes were acknowledged before the last healing, 1000 are asked for',
    ]);
  });
});

describe('reading that is predicted to stop', () => {
  it('is inconclusive where records go on being read', () => {
    const shut = { prediction: { ...plan.prediction, reading: 'stops' } } as const;
    const [verdict, reason] = verdictOf({ plan: shut, writes: every(1, 50) });
    expect([verdict, reason]).toEqual([
      'inconclusive',
      expect.stringMatching(/^reading was predicted to stop, and \d+ records of partition 0 were read between 10.0 s/),
    ]);
    expect(verdictOf({ plan: shut, writes: every(1, 50), readUntil: 9.9 })).toEqual(['pass']);
  });

  it('is not shown to go on by what was fetched before, and is by what had waited for longer', () => {
    const both = { prediction: { ...plan.prediction, writing: 'stops', reading: 'stops' }, atMostDown: 2 } as const;
    const faults = stood(10, 40);
    const writes = [...every(1, 10), ...every(42, 50)];
    expect(verdictOf({ plan: both, faults, writes, late: { written: 9.8, readAt: 15 } })).toEqual(['pass']);
    expect(verdictOf({ plan: both, faults, writes, late: { written: 5, readAt: 15 } })[1]).toMatch(
      /^reading was predicted to stop, and 1 records of partition 0 were read/,
    );
  });
});

describe('a run', () => {
  it('is inconclusive with more nodes down than the scenario declares, or with one that nobody healed', () => {
    const two = [...stood(10, 40), ...stood(12, 38).map(([at, phase]) => [at, phase, 2] as const)].sort(
      ([a], [b]) => a - b,
    );
    const plan = { ...stops, atMostDown: 1 };
    const told = verdictOf({ plan, faults: two, writes: [...every(1, 12), ...every(42, 50)] });
    expect(told).toEqual([
      'inconclusive',
      '2 nodes were down at once, and the scenario allows 1: this was another one',
    ]);
    const open = verdictOf({ faults: stood(10, 40).slice(0, 3), writes: [...every(1, 10), ...every(18, 45)] });
    expect(open).toEqual(['inconclusive', 'nobody saw kill on leader (worker-1) healed']);
  });
});
