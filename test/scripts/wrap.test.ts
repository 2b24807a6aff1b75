/** Broken lines: no word torn, nothing wider than the terminal that need not be, nothing changed where nobody looks at a terminal. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wrapLastColumn, wrapWords } from '../../scripts/present/wrap.ts';

test('text that goes to a pipe or fits is left as it is', () => {
  expect(wrapWords('a  b c', undefined)).toBe('a  b c');
  expect(wrapWords('a  b c', 6)).toBe('a  b c');
});

test('lines are broken between words, those after the first under their indent', () => {
  expect(wrapWords('one two three four', 9)).toBe('one two\nthree\nfour');
  expect(wrapWords('one two three', 9, { indent: '  ' })).toBe('one two\n  three');
});

test('commands stay whole: they are broken where more than a space stands between them', () => {
  expect(wrapWords('npx a b   npx c d   npx e', 17, { between: '   ' })).toBe('npx a b   npx c d\nnpx e');
});

test('colours take no room', () => {
  expect(wrapWords('\u001b[31mone\u001b[39m two', 7)).toBe('\u001b[31mone\u001b[39m two');
});

test('every word survives, and a line is wider than the terminal only by a word that is', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1 }),
      fc.integer({ min: 1, max: 60 }),
      (words, width) => {
        const lines = wrapWords(words.join(' '), width).split('\n');
        expect(lines.join(' ').split(' ')).toEqual(words);
        for (const line of lines) expect(line.length <= width || !line.includes(' ')).toBe(true);
      },
    ),
  );
});

test('a table is narrowed in its last column, unless hardly any room is left for it', () => {
  const head = ['', 'What', 'Found'];
  const rows = [['ok', 'MongoDB', 'a stand-in serves in its place']];
  expect(wrapLastColumn(head, rows, 32, 2)).toEqual([['ok', 'MongoDB', 'a stand-in serves\nin its place']]);
  expect(wrapLastColumn(head, rows, 25, 2)).toEqual(rows);
  expect(wrapLastColumn(head, rows, undefined, 2)).toEqual(rows);
});
