/** JSON with late values: what is rendered is the JSON that a plain value would give, with each secret in its place. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LateString, renderJson } from '../../cluster/services/late-json.ts';
import { fillLate, type Late } from '../../contracts/late.ts';

const filled = (value: unknown, secrets: Readonly<Record<string, string>> = {}) =>
  fillLate(renderJson(value), async (late: Late) => ('secret' in late ? (secrets[late.secret] ?? '') : 'zone-a'));

describe('a rendered JSON', () => {
  test('has a secret where it belongs, within its text, and none before it is filled in', async () => {
    const value = { host: new LateString('user:', { secret: 'a' }, '@host'), list: [new LateString({ secret: 'b' })] };
    expect(renderJson(value).filter((part) => typeof part !== 'string')).toEqual([{ secret: 'a' }, { secret: 'b' }]);
    expect(JSON.parse(await filled(value, { a: 'one', b: 'two' }))).toEqual({ host: 'user:one@host', list: ['two'] });
  });

  test('takes the same secret twice', async () => {
    const value = [new LateString({ secret: 'a' }), new LateString({ secret: 'a' })];
    expect(JSON.parse(await filled(value, { a: 'x' }))).toEqual(['x', 'x']);
  });

  test('is the JSON of any plain value, digits and quotes included', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expect(JSON.parse(await filled({ value }))).toEqual(JSON.parse(JSON.stringify({ value })));
      }),
    );
  });
});
