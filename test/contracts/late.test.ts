/** Late text as one text and back: what a bucket holds of a file that only its node can finish. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fillLate, type Late, type LateText, readLateTemplate, writeLateTemplate } from '../../contracts/late.ts';

const late: fc.Arbitrary<Late> = fc.oneof(
  fc.constant<Late>({ fact: 'zone' }),
  fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,9}(\/[a-z0-9][a-z0-9._-]{0,9}){0,2}$/).map((secret) => ({ secret })),
);
/** Pieces of markers stand often enough that they meet. */
const pieces = [
  '<',
  '<<',
  '<<ensemble',
  '<<ensemble ',
  ' secret ',
  'secret tls/a',
  '>>',
  '>',
  'ensemble',
  ' literal',
  '@@',
  '\n',
];
const literal = fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'grapheme' }));
const text: fc.Arbitrary<LateText> = fc.array(fc.oneof(literal, late), { maxLength: 12 });

const shown = (each: LateText) => fillLate(each, (value) => Promise.resolve(`\u0000${JSON.stringify(value)}\u0000`));

describe('a late text as a template', () => {
  test('comes back as it was, whatever stands in it', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (original) => {
        expect(await shown(readLateTemplate(writeLateTemplate(original)))).toBe(await shown(original));
      }),
      { numRuns: 2_000 },
    );
  });

  test('comes back with its neighbours joined, and nothing empty', () => {
    fc.assert(
      fc.property(text, (original) => {
        const back = readLateTemplate(writeLateTemplate(original));
        expect(back).not.toContain('');
        for (const [index, part] of back.entries())
          expect([typeof part, typeof back[index + 1]]).not.toEqual(['string', 'string']);
      }),
    );
  });

  test('can be read by a person', () => {
    expect(writeLateTemplate(['key: ', { secret: 'tokens/service' }, '\nzone: ', { fact: 'zone' }, '\n'])).toBe(
      'key: <<ensemble secret tokens/service>>\nzone: <<ensemble fact zone>>\n',
    );
  });

  test.each([
    '<<ensemble colour red>>',
    '<<ensemble fact moon>>',
    '<<ensemble secret >>',
    '<<ensemble secret a',
    '<<ensemblesecret a>>',
    '<<ensemble secret ../a>>',
  ])('is refused with the marker %s, which no version has', (template) =>
    expect(() => readLateTemplate(`x${template}`)).toThrow(
      expect.objectContaining({ code: 'LATE_TEMPLATE_UNREADABLE' }),
    ),
  );

  test('is not written for an id that could not be told from the rest', () => {
    expect(() => writeLateTemplate([{ secret: 'a>>b' }])).toThrow(TypeError);
  });
});
