/** JSON Schema in the drafts that people have (reference, section 2, Schemas): upstream's library reads draft-04, 06 and 07. */
import { expect, test } from 'vitest';
import { createSchemaValidators } from '../../../programs/messaging-api/schema-validation.ts';

const { compile } = createSchemaValidators();
const faultOf = (schema: unknown, document: unknown) =>
  compile('json', schema)(Buffer.from(JSON.stringify(document)).toString('base64'));

const drafts = {
  'http://json-schema.org/draft-04/schema#': { minimum: 1, exclusiveMinimum: true },
  'http://json-schema.org/draft-06/schema#': { exclusiveMinimum: 1 },
  'http://json-schema.org/draft-07/schema': { exclusiveMinimum: 1 },
  'https://json-schema.org/draft/2019-09/schema': { exclusiveMinimum: 1 },
  'https://json-schema.org/draft/2020-12/schema': { exclusiveMinimum: 1 },
};

test('a schema is read by the draft that it names', () => {
  for (const [$schema, rule] of Object.entries(drafts)) {
    const schema = { $schema, type: 'object', properties: { n: rule } };
    expect([$schema, faultOf(schema, { n: 2 }), faultOf(schema, { n: 1 })]).toEqual([
      $schema,
      undefined,
      'data is not valid,n: must be > 1',
    ]);
  }
});

test('a schema that names no draft may be draft-07 or draft-04', () => {
  expect(faultOf({ exclusiveMinimum: 1 }, 1)).toBe('data is not valid,(root): must be > 1');
  expect(faultOf({ minimum: 1, exclusiveMinimum: true }, 1)).toBe('data is not valid,(root): must be > 1');
});

test('a schema that is none in its draft, or refers elsewhere, is refused with the compiler’s words', () => {
  const refused = (schema: unknown) => () => compile('json', schema);
  expect(refused({ type: 'x' })).toThrow(/type/);
  expect(refused({ $schema: 'http://json-schema.org/draft-07/schema#', exclusiveMinimum: true })).toThrow();
  expect(refused({ $ref: 'https://example.org/other.json' })).toThrow(/resolve/);
  expect(refused(null)).toThrow('schema is invalid');
});

test('two schemas may share an id', () => {
  const schema = { $id: 'https://example.org/one', type: 'integer' };
  expect([faultOf(schema, 1), faultOf({ ...schema, type: 'string' }, 'x')]).toEqual([undefined, undefined]);
});
