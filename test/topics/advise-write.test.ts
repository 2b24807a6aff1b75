/** Advice in a manifest: the numbers change, and nothing else of the text. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeAdvice } from '../../topics/advise/advise-write.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';

function write(text: string, advised: Readonly<Record<string, number>>) {
  const advices = Object.entries(advised).map(([topic, number]) => ({ topic, partitions: 1, advised: number }));
  return writeAdvice(text, advices, parseManifest({ file: 'topics.yaml', text }));
}

describe('a manifest keeps its form and its comments', () => {
  const cases: readonly [string, string, string][] = [
    ['a bare name', 'topics:\n  - a # why\n  - b\n', 'topics:\n  - a:9 # why\n  - b\n'],
    ['a name with partitions', 'topics:\n  - a:3   # why\n', 'topics:\n  - a:9   # why\n'],
    ['a name with both counts', 'topics: [x, a:3:1, y]\n', 'topics: [x, a:9:1, y]\n'],
    ['quotes of either kind', `topics: ['a:3', "b"]\n`, `topics: ['a:9', "b:9"]\n`],
    [
      'a long form with partitions',
      'topics:\n  - name: a\n    partitions:   3 # for now\n    config: { retention.ms: 5 }\n',
      'topics:\n  - name: a\n    partitions:   9 # for now\n    config: { retention.ms: 5 }\n',
    ],
    [
      'a long form without partitions',
      'topics:\n\n  # the busy one\n  - name: a # our own\n    config:\n      retention.ms: 5\n',
      'topics:\n\n  # the busy one\n  - name: a # our own\n    partitions: 9\n    config:\n      retention.ms: 5\n',
    ],
    [
      'a long form on one line',
      'topics:\n  - { name: a, replicas: 1 }\n',
      'topics:\n  - { name: a, partitions: 9, replicas: 1 }\n',
    ],
    [
      'a name in the middle',
      'topics:\n- replicas: 1\n  name: a\n  config: {}\n',
      'topics:\n- replicas: 1\n  name: a\n  partitions: 9\n  config: {}\n',
    ],
    ['a last line without its end', 'topics:\n  - name: a', 'topics:\n  - name: a\n    partitions: 9'],
    [
      'line breaks of Windows',
      'topics:\r\n  - name: a\r\n    replicas: 1\r\n',
      'topics:\r\n  - name: a\r\n    partitions: 9\r\n    replicas: 1\r\n',
    ],
    ['JSON', '{"topics": [{"name": "a", "partitions": 3}]}', '{"topics": [{"name": "a", "partitions": 9}]}'],
  ];
  test.each(cases)('%s', (_what, before, after) => {
    expect(write(before, { a: 9, b: 9 }).text.replace('- b:9\n', '- b\n')).toBe(after);
  });

  test('and so do any number of entries at once', () => {
    const entry = fc.constantFrom(
      (name: string) => `  - ${name}`,
      (name: string) => `  - ${name}:2 # a comment`,
      (name: string) => `  - "${name}:2:1"`,
      (name: string) => `  # above\n  - name: ${name} # beside\n    config: { retention.ms: 7 }`,
      (name: string) => `  - {name: ${name}, partitions: 2}`,
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(entry, fc.integer({ min: 1, max: 99 })), { minLength: 1, maxLength: 20 }),
        (entries) => {
          const text = `# top\ntopics:\n${entries.map(([form], index) => form(`t${index}`)).join('\n')}\n# end\n`;
          const before = parseManifest({ file: 'x', text }).topics;
          const advised = Object.fromEntries(entries.map(([, number], index) => [`t${index}`, number]));
          const after = parseManifest({ file: 'x', text: write(text, advised).text }).topics;
          expect(after).toEqual(
            before.map((topic) => ({ ...topic, partitions: Math.max(topic.partitions, advised[topic.name] ?? 0) })),
          );
        },
      ),
    );
  });
});

test('a number in the manifest is never lowered, nor a topic touched that needs no more', () => {
  const text = 'defaults: { partitions: 12 }\ntopics: [a, b:12, c]\n';
  expect(write(text, { a: 9, b: 9 })).toEqual({ text, written: [], elsewhere: [] });
  const manifest = parseManifest({ file: 'x', text: 'topics: [a]' });
  expect(writeAdvice('topics: [a]', [{ topic: 'a', partitions: 9, advised: 9 }], manifest).text).toBe('topics: [a]');
});

test('a topic that another file or an alias declares is named, not guessed', () => {
  const manifest = parseManifest({ file: 'x', text: 'topics: [a, b]' });
  const advices = ['a', 'b', 'c'].map((topic) => ({ topic, partitions: 3, advised: 9 }));
  expect(writeAdvice('topics: [a]', advices, manifest)).toEqual({
    text: 'topics: [a:9]',
    written: ['a'],
    elsewhere: ['b'],
  });
});

test('what the environment says of a topic is edited in the place of its entry, but a pattern is not', () => {
  const text = `environments:
  production:
    topics:
      a: { partitions: 6 } # many
      b*: { partitions: 6 }
topics: [a:3, b1:3, c:3]
`;
  const advices = ['a', 'b1', 'c'].map((topic) => ({ topic, partitions: 3, advised: 9 }));
  const production = parseManifest({ file: 'x', text }, { environment: 'production' });
  expect(writeAdvice(text, advices, production, { environment: 'production' })).toEqual({
    text: text.replace('a: { partitions: 6 }', 'a: { partitions: 9 }').replace('c:3', 'c:9'),
    written: ['a', 'c'],
    elsewhere: ['b1'],
  });
  expect(writeAdvice(text, advices, parseManifest({ file: 'x', text })).text).toContain('topics: [a:9, b1:9, c:9]');
});
