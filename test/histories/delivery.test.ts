/** The checker of deliveries on histories written by hand: good ones pass, and each fault is planted once and caught. */
import { describe, expect, it } from 'vitest';
import { checkDelivery, type DeliveryEvent, parseHistory } from './delivery.ts';

type Shown = readonly (readonly [number, string])[];
let calls = 0;
const publish = (id: string, offset: number): DeliveryEvent[] => [
  { type: 'publish', ids: [id] },
  { type: 'published', ids: [id], offsets: [offset] },
];
const begin = (call: number): DeliveryEvent => ({ type: 'pull', call });
const pulled = (call: number, shown: Shown): DeliveryEvent => ({
  type: 'pulled',
  call,
  messages: shown.map(([offset, id]) => ({ offset, id })),
});
const pull = (...shown: Shown): DeliveryEvent[] => {
  calls += 1;
  return [begin(calls), pulled(calls, shown)];
};
const acknowledge = (
  offset: number,
  answer: 'acknowledged' | 'acknowledge-unknown' = 'acknowledged',
): DeliveryEvent[] => {
  calls += 1;
  const call = calls;
  const asked = { type: 'acknowledge', call, offset } as const;
  return [
    asked,
    answer === 'acknowledged' ? { type: answer, call, offset } : { type: answer, call, offset, why: 'gone' },
  ];
};
const end = (offset: number): DeliveryEvent => ({ type: 'end', offset });
const two = [...publish('a', 0), ...publish('b', 1)];

describe('the checker of deliveries', () => {
  it('passes a history without faults, and counts', () => {
    const verdict = checkDelivery([...two, ...pull([0, 'a'], [1, 'b']), ...acknowledge(1), end(2)]);
    expect(verdict).toMatchObject({ valid: true, faults: [], figures: { published: 2, delivered: 2, repeated: 0 } });
  });

  it('lets a message come again where its acknowledgement is missing, was lost, or was under way when the pull began', () => {
    const missing = [...two, ...pull([0, 'a'], [1, 'b']), ...pull([0, 'a']), ...acknowledge(0)];
    expect(checkDelivery([...missing, ...pull([1, 'b']), ...acknowledge(1), end(2)])).toMatchObject({
      valid: true,
      figures: { repeated: 2 },
    });
    const lost = [
      ...two,
      ...pull([0, 'a'], [1, 'b']),
      ...acknowledge(1, 'acknowledge-unknown'),
      ...pull([0, 'a'], [1, 'b']),
    ];
    expect(checkDelivery([...lost, ...acknowledge(1), end(2)]).valid).toBe(true);
    const racing = [
      ...two,
      ...pull([0, 'a'], [1, 'b']),
      begin(900),
      ...acknowledge(1),
      pulled(900, [[0, 'a']]),
      end(2),
    ];
    expect(checkDelivery(racing).valid).toBe(true);
  });

  it('lets a publish of unknown outcome be delivered once, or never', () => {
    const unknown: DeliveryEvent[] = [
      { type: 'publish', ids: ['u'] },
      { type: 'publish-unknown', ids: ['u'], why: 'ECONNRESET' },
    ];
    const rest = [...pull([0, 'a'], [1, 'b']), ...acknowledge(1)];
    expect(checkDelivery([...two, ...unknown, ...rest, end(2)]).valid).toBe(true);
    expect(checkDelivery([...two, ...unknown, ...rest, ...pull([2, 'u']), ...acknowledge(2), end(3)]).valid).toBe(true);
  });

  it.each<[string, string, readonly DeliveryEvent[]]>([
    [
      'an acknowledged publish that is never delivered',
      'lost: b',
      [...two, ...pull([0, 'a']), ...acknowledge(0), end(1)],
    ],
    [
      'a message that an acknowledgement passes before anybody was given it',
      'skipped: a',
      [...two, ...pull([1, 'b']), ...acknowledge(1), ...pull([0, 'a']), end(2)],
    ],
    [
      'a message that comes again after its acknowledgement was answered',
      'again: a',
      [...two, ...pull([0, 'a'], [1, 'b']), ...acknowledge(1), ...pull([0, 'a']), end(2)],
    ],
    [
      'a message that lies in the log twice though it was published once',
      'doubled: a',
      [...two, ...pull([0, 'a'], [1, 'b'], [2, 'a']), ...acknowledge(2), end(3)],
    ],
    [
      'an unknown publish that was written twice',
      'doubled: u',
      [
        ...two,
        { type: 'publish', ids: ['u'] },
        { type: 'publish-unknown', ids: ['u'], why: 'x' },
        ...pull([0, 'a'], [1, 'b'], [2, 'u'], [3, 'u']),
        ...acknowledge(3),
        end(4),
      ],
    ],
    [
      'an offset that was answered for another message',
      'mixed: delivered b',
      [...two, ...pull([0, 'b'], [1, 'b']), ...acknowledge(1), end(2)],
    ],
    [
      'a message that nobody published',
      'phantom: x',
      [...two, ...pull([0, 'a'], [1, 'b'], [2, 'x']), ...acknowledge(2), end(3)],
    ],
    ['a pull out of order', 'order: one pull', [...two, ...pull([1, 'b'], [0, 'a']), ...acknowledge(1), end(2)]],
    [
      'a record of the log that was never delivered',
      'gap: 2',
      [...two, ...pull([0, 'a'], [1, 'b']), ...acknowledge(1), end(3)],
    ],
    [
      'fewer ids than messages',
      'ids: 2 messages',
      [
        { type: 'publish', ids: ['a', 'b'] },
        { type: 'published', ids: ['a', 'b'], offsets: [0] },
        ...pull([0, 'a']),
        ...acknowledge(0),
        end(1),
      ],
    ],
    [
      'a pull that never began',
      'begin: the pull 77',
      [...two, pulled(77, [[0, 'a']]), ...pull([1, 'b']), ...acknowledge(1), end(2)],
    ],
    [
      'what comes after the end',
      'late: something',
      [...two, ...pull([0, 'a'], [1, 'b']), ...acknowledge(1), end(2), ...pull()],
    ],
  ])('catches %s', (_what, fault, history) => {
    const verdict = checkDelivery(history);
    expect(verdict.valid).toBe(false);
    expect(verdict.faults.join('\n')).toContain(fault);
  });

  it('knows nothing of a history that does not end, in which nothing was published, or nothing acknowledged', () => {
    expect(checkDelivery([])).toMatchObject({ valid: 'unknown' });
    expect(checkDelivery([end(0)]).valid).toBe('unknown');
    expect(checkDelivery([...two, ...pull([0, 'a'], [1, 'b']), ...acknowledge(1)]).valid).toBe('unknown');
    expect(checkDelivery([...two, ...pull([0, 'a'], [1, 'b']), end(2)]).valid).toBe('unknown');
  });

  it('reads lines of JSON, and judges nothing that was cut off', () => {
    const history = [...two, end(2)];
    const text = history.map((event) => `${JSON.stringify(event)}\n`).join('');
    expect(parseHistory(text)).toEqual(history);
    expect(() => parseHistory(text.slice(0, -5))).toThrow(SyntaxError);
  });
});
