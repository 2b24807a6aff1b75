/** Every checker on histories written by hand: good ones pass, each anomaly is planted once and caught, and what cannot be told is not passed. */
import { describe, expect, it } from 'vitest';
import { checkConflict } from '../../chaos/checkers/conflict.ts';
import { checkDelivery } from '../../chaos/checkers/delivery.ts';
import { checkDuplicate } from '../../chaos/checkers/duplicate.ts';
import type { Finding } from '../../chaos/checkers/finding.ts';
import { checkLost } from '../../chaos/checkers/lost.ts';
import { checkOrder } from '../../chaos/checkers/order.ts';
import { checkRun } from '../../chaos/checkers/table.ts';
import { checkSkip, checkUnseen } from '../../chaos/checkers/unseen.ts';
import { drained, ended, joined, log, observe, ok, poll, send, start, unknown } from './written-history.ts';

const said = ({ outcome, anomalies }: Finding) => [outcome, ...anomalies.map(({ says }) => says)];
const two = [send(1, 'a:1'), ok(1, 0), send(2, 'a:2'), ok(2, 1)];

describe('all checkers', () => {
  it('find nothing in a run without faults', () => {
    const run = observe(
      start(),
      joined('c1'),
      ...two,
      poll('c1', 0, 'a:1', 'a:2'),
      drained,
      ...log(['a:1', 'a:2']),
      ended,
    );
    expect(checkRun(run).map(({ outcome }) => outcome)).toEqual(Array.from({ length: 7 }, () => 'none'));
  });

  it('prove nothing by an empty history', () => {
    const outcomes = checkRun(observe(start())).map(({ checker, outcome }) => [checker, outcome]);
    expect(outcomes.filter(([, outcome]) => outcome !== 'unknown')).toEqual([['delivery', 'none']]);
  });
});

describe('the checker of lost writes', () => {
  it('catches an acknowledged record that another one lies in the place of', () => {
    const run = observe(start(), ...two, send(3, 'b:1'), ...log(['a:1', 'b:1']));
    expect(said(checkLost(run))).toEqual(['found', 'a:2 was acknowledged at partition 0, offset 1; b:1 lies there']);
  });

  it('catches a lost tail, which a reader alone would miss', () => {
    const run = observe(start(), ...two, ...log(['a:1']));
    expect(said(checkLost(run))).toEqual([
      'found',
      'a:2 was acknowledged at partition 0, offset 1; the log of partition 0 ends at 1',
    ]);
  });

  it('never counts a write that timed out, whether it is there or not', () => {
    const run = observe(start(), ...two, send(3, 'a:3'), unknown(3), send(4, 'a:4'), ...log(['a:1', 'a:2', 'a:3']));
    expect(checkLost(run)).toMatchObject({ outcome: 'none', checked: 2 });
  });

  it('does not call a record lost that lies behind what was read, and cannot tell then', () => {
    const run = observe(start(), ...two, ...log(['a:1'], { end: 2 }));
    expect(checkLost(run)).toMatchObject({
      outcome: 'unknown',
      notes: ['partition 0 was read up to 1, not to its end 2'],
    });
  });

  it('cannot tell of a partition whose ends nobody asked for, nor of records that have expired', () => {
    expect(checkLost(observe(start(2), ...two, ...log(['a:1', 'a:2']))).outcome).toBe('unknown');
    expect(checkLost(observe(start(), ...two, ...log(['a:2'], { first: 1 }))).outcome).toBe('unknown');
  });

  it('catches a record whose acknowledgement named no place', () => {
    const run = observe(start(), send(1, 'a:1', 2), { type: 'sent', op: 1, outcome: 'ok' }, ...log(['a:1']));
    expect(said(checkLost(run))).toEqual(['found', 'a:2 was acknowledged and is in no partition']);
  });
});

describe('the checker of offset conflicts', () => {
  it('catches a consumer that read what was truncated later', () => {
    const run = observe(start(), send(1, 'a:1'), unknown(1), poll('c1', 0, 'a:1'), send(2, 'b:1'), ...log(['b:1']));
    expect(said(checkConflict(run))).toEqual(['found', 'partition 0, offset 0: c1 read a:1, the log has b:1']);
  });

  it('catches two acknowledgements of one place beyond the end of the log', () => {
    const run = observe(start(), send(1, 'a:1'), ok(1, 7), send(2, 'b:1'), ok(2, 7), ...log([]));
    expect(said(checkConflict(run))).toEqual([
      'found',
      'partition 0, offset 7: the acknowledgement says b:1, another witness saw a:1',
    ]);
  });
});

describe('the checker of duplicates', () => {
  it('catches a retry that was written twice', () => {
    const run = observe(start(), send(1, 'a:1'), ok(1, 1), ...log(['a:1', 'a:1']));
    expect(said(checkDuplicate(run))).toEqual([
      'found',
      'a:1 lies at partition 0, offset 0, and again at partition 0, offset 1',
    ]);
  });

  it('lets a group read a place again after a rebalance', () => {
    const run = observe(
      start(),
      ...two,
      poll('c1', 0, 'a:1'),
      joined('c2'),
      poll('c2', 0, 'a:1'),
      ...log(['a:1', 'a:2']),
    );
    expect(checkDuplicate(run).outcome).toBe('none');
  });
});

describe('the checker of order', () => {
  it('catches acknowledged records of a key that lie in another order', () => {
    const run = observe(start(), send(1, 'a:1'), ok(1, 1), send(2, 'a:2'), ok(2, 0), ...log(['a:2', 'a:1']));
    expect(said(checkOrder(run))).toEqual(['found', 'a:2 lies at offset 0, not behind a:1 at offset 1']);
  });

  it('catches a key that moved to another partition', () => {
    const run = observe(
      start(2),
      send(1, 'a:1'),
      ok(1, 0),
      send(2, 'a:2'),
      ok(2, 5, 1),
      ...log(['a:1']),
      ...log(['a:2'], { partition: 1, first: 5 }),
    );
    expect(said(checkOrder(run))).toEqual(['found', 'a:2 lies at partition 1, not 0, where the key was before']);
  });

  it('lets a write of unknown outcome come late, and a retry leave a copy', () => {
    const late = observe(start(), send(1, 'a:1'), unknown(1), send(2, 'a:2'), ok(2, 0), ...log(['a:2', 'a:1']));
    expect(checkOrder(late)).toMatchObject({ outcome: 'none', checked: 1 });
    const copied = observe(
      start(),
      send(1, 'a:1', 2),
      ok(1, 2),
      send(2, 'a:3'),
      ok(2, 4),
      ...log(['a:1', 'a:2', 'a:1', 'a:2', 'a:3']),
    );
    expect(checkOrder(copied)).toMatchObject({ outcome: 'none', checked: 3 });
  });
});

describe('the checkers of skips and of unseen records', () => {
  const three = [...two, send(3, 'a:3'), ok(3, 2), ...log(['a:1', 'a:2', 'a:3'])];

  it('catch a consumer that goes past a record and never back', () => {
    const run = observe(start(), joined('c1'), poll('c1', 0, 'a:1'), poll('c1', 2, 'a:3'), drained, ...three);
    expect(said(checkSkip(run))).toEqual(['found', 'c1 went from offset 0 to 2 of partition 0, over a:2 at 1']);
    expect(said(checkUnseen(run))).toEqual([
      'found',
      'a:2 lies at partition 0, offset 1, and no consumer was handed it',
    ]);
  });

  it('let another member of the group have what one leaves out', () => {
    const run = observe(
      start(),
      joined('c1'),
      poll('c1', 0, 'a:1'),
      joined('c2'),
      poll('c2', 1, 'a:2'),
      joined('c1'),
      poll('c1', 2, 'a:3'),
      drained,
      ...three,
    );
    expect([checkSkip(run).outcome, checkUnseen(run).outcome]).toEqual(['none', 'none']);
  });

  it('cannot tell what is unseen while the group has not read to the end', () => {
    expect(checkUnseen(observe(start(), poll('c1', 0, 'a:1'), ...three)).outcome).toBe('unknown');
    expect(checkUnseen(observe(start(), poll('c1', 0, 'a:1'), { type: 'drained', ok: false }, ...three)).outcome).toBe(
      'unknown',
    );
  });
});

describe('the checker of deliveries through the API', () => {
  const pull = (call: number, ...messages: readonly (readonly [number, string])[]) =>
    [
      { type: 'pull', call, consumer: 'p1' },
      { type: 'pulled', call, messages: messages.map(([offset, value]) => ({ offset, value })) },
    ] as const;
  const acknowledge = (call: number, offset: number, answered = true) =>
    [
      { type: 'acknowledge', call, offset },
      { type: 'acknowledged', call, offset, ok: answered },
    ] as const;

  it('passes what comes once, and what comes again without an acknowledgement that was answered', () => {
    const run = observe(
      start(),
      ...two,
      ...pull(1, [0, 'a:1']),
      ...acknowledge(2, 0, false),
      ...pull(3, [0, 'a:1'], [1, 'a:2']),
      ...acknowledge(4, 1),
      drained,
    );
    expect(said(checkDelivery(run))).toEqual(['none']);
  });

  it('catches what is never delivered, what nobody sent, and what comes after its acknowledgement', () => {
    const run = observe(
      start(),
      ...two,
      ...pull(1, [0, 'a:1'], [9, 'z:9']),
      ...acknowledge(2, 0),
      ...pull(3, [0, 'a:1']),
      drained,
    );
    expect(said(checkDelivery(run))).toEqual([
      'found',
      'z:9 was delivered and never sent',
      'a:1 at 0 was delivered by a pull that began after its acknowledgement (up to 0)',
      'a:2 was acknowledged to its publisher and never delivered',
    ]);
  });

  it('asks for what was never pushed at all, of a run whose plan has an endpoint', () => {
    const one = [send(1, 'a:1'), ok(1, 0), ...pull(1, [0, 'a:1']), drained];
    expect(said(checkDelivery(observe(start(1, { push: true }), ...one)))).toEqual([
      'found',
      'a:1 was acknowledged to its publisher and never pushed',
    ]);
    expect(said(checkDelivery(observe(start(1, { push: false }), ...one)))).toEqual(['none']);
  });

  it('asks of what is pushed as well that all comes, and nothing else', () => {
    const pulls = [...pull(1, [0, 'a:1'], [1, 'a:2'])];
    const pushed = (...values: readonly string[]) => ({ type: 'pushed', values }) as const;
    expect(
      said(checkDelivery(observe(start(), ...two, ...pulls, pushed('a:1', 'a:1'), pushed('a:2'), drained))),
    ).toEqual(['none']);
    expect(said(checkDelivery(observe(start(), ...two, ...pulls, pushed('a:1', 'z:9'), drained)))).toEqual([
      'found',
      'z:9 was pushed and never sent',
      'a:2 was acknowledged to its publisher and never pushed',
    ]);
  });

  it('looks instead of those of groups where nobody reads as a group', () => {
    const run = observe(start(), ...two, ...pull(1, [0, 'a:1'], [1, 'a:2']), drained);
    expect([checkSkip(run), checkUnseen(run)].map(({ outcome, checked }) => [outcome, checked])).toEqual([
      ['none', 0],
      ['none', 0],
    ]);
  });

  it('cannot tell what is undelivered while the subscription has not been read to its end', () => {
    expect(checkDelivery(observe(start(), ...two, ...pull(1, [0, 'a:1']))).outcome).toBe('unknown');
  });
});
