/** Advice: every number here was computed by hand from the formula that topics/advise/advise.ts opens with. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AdviseInput, type AdviseWishes, advise, type GroupFacts } from '../../topics/advise/advise.ts';
import { formatAdvice } from '../../topics/advise/advise-format.ts';
import { estimateKeys, KeyCounter, type KeySample } from '../../topics/advise/key-count.ts';

/** 3 partitions, 900 records/s at the peak, 300 through each; records so large that a partition's floor of 1 MiB/s is 10 records. */
const input: AdviseInput = {
  topic: 'monitoring.pms',
  partitions: 3,
  produced: { peakPerSecond: 900, partitionPeakPerSecond: 300, stretchMs: 900_000, historyMs: 86_400_000 },
  bytesPerRecord: 104_857.6,
  windowMs: 30_000,
  groups: [],
  keys: undefined,
  gaps: [],
};

function group(name: string, members: number, consumedPerSecond: number, keptUp: boolean): GroupFacts {
  return { group: name, members, consumedPerSecond, keptUp };
}

function keys(distinct: number, more: Partial<KeySample> = {}): KeySample {
  return { records: 1_000, keyed: 1_000, distinct, seenOnce: 0, seenTwice: 0, hottest: 1, complete: true, ...more };
}

function bound(advice: ReturnType<typeof advise>, kind: string) {
  return advice.bounds.find((each) => each.kind === kind);
}

describe('the number of partitions', () => {
  const cases: readonly [string, Partial<AdviseInput>, AdviseWishes, number, string][] = [
    // 900 * 2 = 1800; 1800 / 300 = 6
    ['doubles for twice today’s peak where a partition was seen with no more than it has', {}, {}, 6, 'producers'],
    // 900 * 1.5 = 1350; 1350 / 300 = 4.5
    ['is rounded up', {}, { headroom: 1.5 }, 5, 'producers'],
    // 2000 / 300 = 6.67
    ['follows a target that is given', {}, { targetPerSecond: 2_000 }, 7, 'producers'],
    // 1000 / 500 = 2 < 3
    [
      'stays where a partition is known to carry more',
      {},
      { targetPerSecond: 1_000, partitionPerSecond: 500 },
      3,
      'current',
    ],
    // 1 MiB/s at 1024 bytes is 1024/s; 1800 / 1024 = 1.76 -> 2 < 3
    ['does not grow for a topic that is merely quiet', { bytesPerRecord: 1_024 }, {}, 3, 'current'],
    // behind: 240 / 2 = 120 a member; 1800 / 120 = 15
    ['follows the members of a group that is behind', { groups: [group('slow', 2, 240, false)] }, {}, 15, 'consumers'],
    // kept up: the peak's 900 / 2 = 450 a member, 1800 / 450 = 4 < 6
    [
      'takes a group that keeps up for one that copes with the peak',
      { groups: [group('quick', 2, 30, true)] },
      {},
      6,
      'producers',
    ],
    // 900 / 12 = 75 a member, less than any member reads: 1800 / 100 = 18
    ['gives a member that keeps up at least 100/s', { groups: [group('many', 12, 900, true)] }, {}, 18, 'consumers'],
    // 1800 / 50 = 36
    [
      'takes a member’s rate from a person who knows it',
      { groups: [group('quick', 2, 900, true)] },
      { memberPerSecond: 50 },
      36,
      'consumers',
    ],
    // the greater of 1800 / (300 / 3) = 18 and 1800 / (90 / 2) = 40
    [
      'follows the group that needs the most',
      { groups: [group('a', 3, 300, false), group('b', 2, 90, false)] },
      {},
      40,
      'consumers',
    ],
    // 15 by the group, 8 keys
    ['is no greater than the number of keys', { groups: [group('slow', 2, 240, false)], keys: keys(8) }, {}, 8, 'keys'],
    // 8 keys, 10 members
    [
      'is at least the largest group, whatever the keys',
      { groups: [group('slow', 10, 1_200, false)], keys: keys(8) },
      {},
      10,
      'members',
    ],
    // 2 keys, 3 partitions
    ['is never lower than it is', { keys: keys(2) }, {}, 3, 'current'],
    // 900 of 1000 records keyed
    ['is not limited by keys that some records lack', { keys: keys(2, { keyed: 900 }) }, {}, 6, 'producers'],
    [
      'is what it is for a topic that nobody uses',
      { produced: { ...input.produced, peakPerSecond: 0, partitionPeakPerSecond: 0 }, bytesPerRecord: undefined },
      {},
      3,
      'current',
    ],
    // 110 / 3 = 36.67 a member; 550 / 36.67 = 15, but 15.000000000000002 to a computer
    [
      'is not raised by a computer’s last digit',
      { groups: [group('slow', 3, 110, false)] },
      { targetPerSecond: 550 },
      15,
      'consumers',
    ],
  ];
  test.each(cases)('%s', (_what, facts, wishes, advised, decidedBy) => {
    expect(advise({ ...input, ...facts }, wishes)).toMatchObject({ advised, decidedBy });
  });

  test('is shown with its arithmetic', () => {
    const advice = advise({ ...input, groups: [group('slow', 2, 240, false)], keys: keys(8) });
    expect(advice.target).toBe('900/s at its peak, times 2');
    expect(bound(advice, 'producers')?.says).toBe(
      'ceil(1800 / 300) = 6: the busiest partition was seen with it, and may do more',
    );
    expect(bound(advice, 'consumers')?.says).toBe(
      'ceil(1800 / 120) = 15: a member of slow (2 members) reads no faster: the group is behind',
    );
    expect(bound(advice, 'keys')?.says).toBe(
      '8 different keys in all of its 1000 records: more partitions would stay empty',
    );
    expect(formatAdvice([advice])).toBe(`monitoring.pms: 3 -> 8 partitions
    target     900/s at its peak, times 2
    producers  ceil(1800 / 300) = 6: the busiest partition was seen with it, and may do more
    consumers  ceil(1800 / 120) = 15: a member of slow (2 members) reads no faster: the group is behind
  > keys       8 different keys in all of its 1000 records: more partitions would stay empty
    members    slow has 2 members: one without a partition idles
    now        it has 3, and Kafka cannot take partitions away
    note       peaks are of 15 min within the last 24 h: a shorter burst may be higher
    note       groups were watched for 30 s: one that commits every 5 s is measured to 17 % or better

1 of 1 topic should have more partitions.`);
  });

  const countArbitrary = fc.integer({ min: 0, max: 50 });
  const rateArbitrary = fc.double({ min: 0, max: 1e6, noNaN: true });
  const inputArbitrary = fc.record({
    partitions: fc.integer({ min: 1, max: 50 }),
    produced: fc.record({
      peakPerSecond: rateArbitrary,
      partitionPeakPerSecond: rateArbitrary,
      stretchMs: fc.constant(1_000),
      historyMs: fc.constant(1_000),
    }),
    bytesPerRecord: fc.option(fc.double({ min: 1, max: 1e6, noNaN: true }), { nil: undefined }),
    groups: fc.array(
      fc.record({
        group: fc.string(),
        members: countArbitrary,
        consumedPerSecond: rateArbitrary,
        keptUp: fc.boolean(),
      }),
    ),
    keys: fc.option(
      fc.integer({ min: 1, max: 50 }).map((distinct) => keys(distinct)),
      { nil: undefined },
    ),
  });
  test('is, for any facts, a whole number that is not lower than what there is, nor than any group', () => {
    fc.assert(
      fc.property(inputArbitrary, (facts) => {
        const advice = advise({ ...input, ...facts });
        expect(Number.isSafeInteger(advice.advised)).toBe(true);
        expect(advice.advised).toBeGreaterThanOrEqual(facts.partitions);
        for (const { members } of facts.groups) expect(advice.advised).toBeGreaterThanOrEqual(members);
        const decisive = advice.bounds.find(({ kind }) => kind === advice.decidedBy);
        expect(decisive?.partitions).toBe(advice.advised);
      }),
    );
  });
});

describe('what the number rests on is said:', () => {
  const remarks = (facts: Partial<AdviseInput>, wishes?: AdviseWishes) =>
    advise({ ...input, ...facts }, wishes).remarks.join('\n');
  test('members that idle, and a group that stands still', () => {
    const text = remarks({ groups: [group('wide', 5, 0, false)] });
    expect(text).toContain('2 of 5 members of wide idle now');
    expect(text).toContain('wide is behind and reads nothing: it tells no rate');
  });
  test('a key that no number of partitions relieves', () => {
    // half of 1800/s on one key, and a partition was seen with 300
    expect(remarks({ keys: keys(100, { hottest: 500 }) })).toContain(
      'one key has 50 % of the records: its partition would carry 900/s',
    );
    expect(remarks({ keys: keys(100, { hottest: 100 }) })).not.toContain('one key');
  });
  test('growth beyond ten times, with what else may help', () => {
    expect(remarks({ groups: [group('slow', 2, 2, false)] })).toContain(
      'that is 600 times as many as now: a faster consumer may be the better remedy',
    );
    expect(remarks({}, { targetPerSecond: 9_000 })).toContain(
      'that is 10 times as many as now: check the target first',
    );
  });
  test('records without a key, silence, and what could not be measured', () => {
    expect(remarks({ keys: keys(5, { keyed: 900 }) })).toContain(
      '100 of 1000 records have no key, so keys set no limit',
    );
    expect(remarks({ produced: { ...input.produced, peakPerSecond: 0 } })).toContain(
      'nothing was sent in the last 24 h',
    );
    expect(remarks({ gaps: ['partition 2 could not be asked'] })).toContain('partition 2 could not be asked');
  });
});

describe('keys', () => {
  test('are counted by their bytes, records without one apart', () => {
    const counter = new KeyCounter();
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) counter.add(Buffer.from(key));
    counter.add(Buffer.from([0xff]));
    counter.add(Buffer.from([0xfe]));
    counter.add(undefined);
    expect(counter.sample(true)).toEqual({
      records: 9,
      keyed: 8,
      distinct: 5,
      seenOnce: 3,
      seenTwice: 1,
      hottest: 3,
      complete: true,
    });
  });

  test('are exact in a complete sample, and estimated by Chao1 otherwise', () => {
    // 50 + 10 * 9 / (2 * (4 + 1)) = 59
    expect(estimateKeys(keys(50, { seenOnce: 10, seenTwice: 4, complete: false }))).toBe(59);
    expect(estimateKeys(keys(50, { seenOnce: 10, seenTwice: 4 }))).toBe(50);
    // none seen once: the sample has them all
    expect(estimateKeys(keys(50, { complete: false }))).toBe(50);
  });

  test('are estimated to within a tenth from one record in ten', () => {
    const counter = new KeyCounter();
    // A fixed linear congruence (Numerical Recipes): 5000 draws out of 1000 keys
    for (let draw = 0, state = 7; draw < 5_000; draw += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      counter.add(Buffer.from(String(Math.floor((state / 2 ** 32) * 1_000))));
    }
    const estimate = estimateKeys(counter.sample(false));
    expect(estimate).toBeGreaterThan(900);
    expect(estimate).toBeLessThan(1_100);
  });
});

test('the arithmetic that is shown comes out for whoever checks it: rounded numbers only where they give the same', () => {
  // 800 / (400 / 3) is 6 exactly, and 800 / 133 would be 7
  const thirds = {
    ...input,
    produced: { ...input.produced, peakPerSecond: 400 },
    groups: [group('three', 3, 30, true)],
  };
  expect(bound(advise(thirds), 'consumers')?.says).toContain('ceil(800 / 133.33...) = 6');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 300 }), (peak, members) => {
      const seen = {
        ...input,
        produced: { ...input.produced, peakPerSecond: peak },
        groups: [group('g', members, 0, true)],
      };
      for (const { kind, says } of advise(seen).bounds) {
        const [, top, below, result] = /^ceil\(([\d.]+?) \/ ([\d.]+?)\) = (\d+)/.exec(says) ?? [];
        if (kind !== 'consumers' || below === undefined || below.endsWith('...') || top?.endsWith('...')) continue;
        expect(Math.ceil(Number(top) / Number(below))).toBe(Number(result));
      }
    }),
  );
});
