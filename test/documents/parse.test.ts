/** Where a fault is said to be, and how: every kind of zod issue, every shape of YAML. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DocumentError, formatFault } from '../../documents/fault.ts';
import { nearest, parseDocument } from '../../documents/parse.ts';

const schema = z.strictObject({
  name: z.string().min(2),
  count: z.int().min(1).max(9).optional(),
  above: z.number().gt(0).lt(1).optional(),
  step: z.number().multipleOf(5).optional(),
  kind: z.enum(['one', 'two']).optional(),
  flag: z.boolean().optional(),
  list: z
    .array(z.strictObject({ id: z.string() }))
    .max(2)
    .optional(),
  form: z.string().regex(/^a+$/).optional(),
  said: z.string().regex(/^b+$/, { error: 'letters b | write bbb' }).optional(),
  either: z.union([z.number(), z.boolean()]).optional(),
  sized: z.union([z.string(), z.strictObject({ memory: z.int(), cpus: z.int() })], { error: 'a size' }).optional(),
  ports: z.partialRecord(z.enum(['client', 'quorum']), z.int()).optional(),
  never: z.never({ error: 'no such thing | remove it' }).optional(),
  inner: z.strictObject({ deep: z.strictObject({ value: z.int() }) }).optional(),
});

function faults(text: string): readonly string[] {
  return parseDocument({ file: 'f.yaml', text }, schema).faults.map(formatFault);
}

describe('a fault names its place and what was expected', () => {
  test.each([
    ['name: 4', '1:1: name: expected text, found 4; change it'],
    ['name: a', '1:1: name: expected text with a length of at least 2, found the text "a"; change it'],
    ['name: ab\ncount: 0', '2:1: count: expected a number of at least 1, found 0; change it'],
    ['name: ab\ncount: 10', '2:1: count: expected a number of at most 9, found 10; change it'],
    ['name: ab\ncount: 1.5', '2:1: count: expected a whole number, found 1.5; change it'],
    ['name: ab\ncount: "1"', '2:1: count: expected a number, found the text "1"; change it'],
    ['name: ab\ncount:', '2:1: count: expected a number, found nothing; add it'],
    ['name: ab\nabove: 0', '2:1: above: expected a number greater than 0, found 0; change it'],
    ['name: ab\nabove: 1', '2:1: above: expected a number less than 1, found 1; change it'],
    ['name: ab\nstep: 7', '2:1: step: expected a multiple of 5, found 7; change it'],
    ['name: ab\nkind: three', '2:1: kind: expected one or two, found the text "three"; change it'],
    ['name: ab\nflag: 1', '2:1: flag: expected true or false, found 1; change it'],
    ['name: ab\nlist: {}', '2:1: list: expected a list, found a mapping; change it'],
    ['name: ab\nlist:\n  - id: x\n  - id: 5', '4:5: list[1].id: expected text, found 5; change it'],
    ['name: ab\nlist:\n  - id: x\n  - {}', '4:5: list[1].id: expected text, found nothing; add it'],
    ['name: ab\nlist: [{ id: x }, 7]', '2:19: list[1]: expected a mapping of fields, found 7; change it'],
    [
      'name: ab\nlist: [{id: a}, {id: b}, {id: c}]',
      '2:1: list: expected a list with a length of at most 2, found a list of 3; change it',
    ],
    ['name: ab\nform: b', '2:1: form: expected text in the form /^a+$/, found the text "b"; change it'],
    ['name: ab\nsaid: a', '2:1: said: expected letters b, found the text "a"; write bbb'],
    ['name: ab\neither: x', '2:1: either: expected a number or true or false, found the text "x"; change it'],
    ['name: ab\nsized: 4', '2:1: sized: expected a size, found 4; change it'],
    [
      'name: ab\nports:\n  clint: 1',
      '3:3: ports.clint: expected one of client, quorum, found the unknown field "clint"; did you mean "client"?',
    ],
    ['name: ab\nnever: 1', '2:1: never: expected no such thing, found 1; remove it'],
    [
      'name: ab\ninner: { deep: { value: x } }',
      '2:18: inner.deep.value: expected a number, found the text "x"; change it',
    ],
    ['name: ab\ninner:\n  deep: {}', '3:3: inner.deep.value: expected a number, found nothing; add it'],
  ])('%j', (text, fault) => {
    expect(faults(text)).toEqual([`f.yaml:${fault}`]);
  });

  test('a mapping in place of one of several forms is judged by the form that is a mapping', () => {
    expect(faults('name: ab\nsized: { memroy: 1, cpus: 2 }')).toEqual([
      'f.yaml:2:1: sized.memory: expected a number, found nothing; add it',
      'f.yaml:2:10: sized.memroy: expected one of memory, cpus, found the unknown field "memroy"; did you mean "memory"?',
    ]);
  });

  test('an unknown key is named with the nearest known one, or asked to be removed', () => {
    const known = Object.keys(schema.shape).join(', ');
    expect(faults('name: ab\ncont: 3\nzzzzzzzzz: 1\ninner:\n  deep: { value: 1, valeu: 2 }')).toEqual([
      'f.yaml:5:21: inner.deep.valeu: expected one of value, found the unknown field "valeu"; did you mean "value"?',
      `f.yaml:2:1: cont: expected one of ${known}, found the unknown field "cont"; did you mean "count"?`,
      `f.yaml:3:1: zzzzzzzzz: expected one of ${known}, found the unknown field "zzzzzzzzz"; remove it`,
    ]);
  });

  test('a key that is a number in YAML is found under its text', () => {
    expect(faults('name: ab\n42: x')[0]).toMatch(/^f\.yaml:2:1: 42: .*the unknown field "42"/);
  });
});

describe('a text that is no good YAML', () => {
  test.each([
    [
      'a key twice',
      'name: ab\nname: cd',
      'f.yaml:2:1: expected each key once, found a key that was given before; keep one of the two',
    ],
    ['a flow that is not closed', 'name: [a, b', 'f.yaml:1:12: expected valid YAML, found '],
    ['a tab for indentation', 'inner:\n\tdeep: 1', 'f.yaml:2:1: expected valid YAML, found '],
    ['two documents', 'name: ab\n---\nname: cd', 'f.yaml:2:1: expected valid YAML, found '],
    [
      'an alias without its anchor',
      'name: *nobody',
      'f.yaml:1:7: expected the name of an anchor above, found *nobody; ',
    ],
  ])('%s is one fault at its place', (_what, text, start) => {
    const found = faults(text);
    expect(found).toHaveLength(1);
    expect(found[0]?.slice(0, start.length)).toBe(start);
  });

  test.each([
    ['', 'nothing'],
    ['# only a comment\n', 'nothing'],
    ['- name: ab', 'a list of 1'],
    ['just text', 'the text "just text"'],
  ])('%j in place of fields asks for fields', (text, found) => {
    const [fault, ...others] = faults(text);
    expect(others).toEqual([]);
    expect(fault).toBe(`f.yaml:1:1: expected a mapping of fields, found ${found}; start with name:, count:, above:`);
  });

  test('nesting without end is a fault', () => {
    expect(faults('['.repeat(100_000)).length).toBeGreaterThan(0);
  });

  test('aliases that multiply without end are a fault', () => {
    const rows = Array.from({ length: 12 }, (_, index) => `k${index + 1}: &a${index + 1} [${`*a${index},`.repeat(9)}]`);
    const [fault, ...others] = faults(`k0: &a0 [x]\n${rows.join('\n')}`);
    expect(others).toEqual([]);
    expect(fault).toMatch(/^f\.yaml:2:10: expected a few aliases, found excessive alias count/);
  });
});

test('Windows line ends and a byte order mark move no fault', () => {
  const text = '\uFEFFname: ab\r\ncount: 0\r\nlist:\r\n  - id: 4\r\n';
  expect(faults(text).map((line) => line.split(': ')[0])).toEqual(['f.yaml:2:1', 'f.yaml:4:5']);
});

test('a fault behind an alias is said where the value stands, since that is what must change', () => {
  expect(faults('list: [&a { id: 4 }]\nname: ab')).toEqual([
    'f.yaml:1:13: list[0].id: expected text, found 4; change it',
  ]);
  const shared = faults('inner: { deep: &d { value: x } }\nname: ab\nsized: *d');
  expect(shared.map((line) => line.split(': expected')[0])).toContain('f.yaml:1:21: inner.deep.value');
  expect(shared.map((line) => line.split(': expected')[0])).toContain('f.yaml:1:21: sized.value');
});

test('faults come in the order of the file, however they were found', () => {
  const parsed = parseDocument({ file: 'f.yaml', text: 'zzz: 1\nname: 4\ncount: 0' }, schema);
  parsed.fault(['zzz'], { expected: 'a', found: 'b', next: 'c' });
  const error = caught(() => parsed.require('X_INVALID'));
  expect(error).toMatchObject({ code: 'X_INVALID', message: 'f.yaml: 4 faults' });
  expect(error.faults.map(({ line }) => line)).toEqual([1, 1, 2, 3]);
  expect(error.toJSON().faults).toEqual(error.faults);
});

test('a good document is a value without faults', () => {
  const parsed = parseDocument({ file: 'f.yaml', text: '{"name": "ab", "list": [{"id": "x"}]}' }, schema);
  expect(parsed.faults).toEqual([]);
  expect(parsed.require('X')).toEqual({ name: 'ab', list: [{ id: 'x' }] });
});

describe('the draft of a document with faults', () => {
  const nested = z.strictObject({
    limit: z.int().default(1),
    group: z.strictObject({ count: z.int(), size: z.int().min(1), runs: z.array(z.string()).default(['a']) }),
    settings: z.record(z.string(), z.int()).default({}),
  });
  const draft = (text: string) => parseDocument({ file: 'f', text }, nested).draft;

  test('has every good field beside a bad one, at any depth', () => {
    expect(draft('group: { count: 4, size: 0, other: 1 }\nsettings: { a: 1, b: x }')).toEqual({
      limit: 1,
      group: { count: 4, runs: ['a'] },
      settings: { a: 1 },
    });
  });
  test('has a bad field absent and not at its default, so that nothing follows from a value that nobody wrote', () => {
    expect(draft('limit: x\ngroup: { count: 4, size: 2, runs: 5 }')).toEqual({
      group: { count: 4, size: 2 },
      settings: {},
    });
  });
  test('has a list whole or not at all', () => {
    expect(draft('group: { count: 4, size: 2, runs: [a, 5] }').group).toEqual({ count: 4, size: 2 });
  });
});

test('a name is taken for a slip only when it is near', () => {
  expect(nearest('cuont', ['count', 'ids'])).toBe('count');
  expect(nearest('something', ['count', 'ids'])).toBeUndefined();
  expect(nearest('x', [])).toBeUndefined();
});

test('a quotation that never ends is a fault at a place that exists', () => {
  expect(parseDocument({ file: 'f', text: '{{}"\n' }, schema).faults.at(-1)).toMatchObject({ line: 2, column: 1 });
});

test('whatever stands in the file gives a value or faults whose lines and columns exist, and never an exception', () => {
  const anything = fc.oneof(
    fc.json(),
    fc.json().map((json) => JSON.stringify(JSON.parse(json), null, 2)),
    fc
      .dictionary(fc.constantFrom(...Object.keys(schema.shape), '__proto__', 'constructor'), fc.jsonValue())
      .map((value) => JSON.stringify(value)),
    fc.string({
      unit: fc.constantFrom('a', ':', ' ', '\n', '-', '{', '}', '[', ']', '*', '&', '!', '#', '"', '\t', '?', '|'),
    }),
  );
  fc.assert(
    fc.property(anything, (text) => {
      const parsed = parseDocument({ file: 'f', text }, schema);
      expect(parsed.value === undefined).toBe(parsed.faults.length > 0);
      const lines = text.split('\n');
      for (const { line, column } of parsed.faults) {
        expect(lines[line - 1]).toBeDefined();
        expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
      }
    }),
    { numRuns: 1000 },
  );
});

function caught(act: () => unknown): DocumentError {
  try {
    act();
  } catch (error) {
    if (error instanceof DocumentError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
