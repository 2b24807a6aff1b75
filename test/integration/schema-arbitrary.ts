/** Values for a JSON Schema as our OpenAPI document has it: mostly of its shape, with words that mean something here, and now and then of another. */
import fc from 'fast-check';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: unknown;
}

/** Names, numbers and texts that some route takes, and some that it nearly does. */
const meaningful = [
  'P',
  'Q',
  'T',
  'M',
  'S',
  'X',
  'A',
  'publisher',
  'consumer',
  'admin',
  'project_admin',
  'service_admin',
  'push_worker',
  'projects/P/topics/T',
  'projects/P/topics/M',
  'projects/Q/topics/T',
  '/projects/P/topics/T',
  'projects/P/schemas/X',
  'projects/P/schemas/A',
  'projects/P/subscriptions/S:0',
  'projects/P/subscriptions/S:3',
  'projects/P/subscriptions/O:1-0',
  'projects/P/subscriptions/O:0-2',
  'projects/P/subscriptions/S:99999999999999999999',
  '0',
  '1',
  '2',
  '10',
  '-1',
  '1e3',
  'true',
  'false',
  'json',
  'avro',
  'aGVsbG8=',
  'e30=',
  '{}',
  'http_endpoint',
  'mattermost',
  'https://example.org/x',
  'http://example.org',
  'https://',
  'linear',
  'slowstart',
  'autogen',
  'disabled',
  'new',
] as const;

const wildCharacters = [
  '\0',
  '/',
  '..',
  '%',
  ':',
  '{',
  '}',
  '"',
  '\\',
  '\n',
  ' ',
  '$',
  '.',
  '🙂',
  'é',
  '<',
  "'",
  '__proto__',
];

export const wildText: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.array(fc.constantFrom(...wildCharacters), { maxLength: 6 }).map((parts) => parts.join('')),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'a'.repeat(300),
    '-1',
    '9'.repeat(30),
    'NaN',
    '[object Object]',
  ),
);

const wild = fc.oneof(fc.jsonValue(), wildText, fc.constant(null), fc.double({ noNaN: true }), fc.maxSafeInteger());

/** What a field of this name would rather have. */
const hints: Readonly<Record<string, readonly string[]>> = {
  topic: ['projects/P/topics/T', 'projects/P/topics/M'],
  ackIds: ['projects/P/subscriptions/S:0', 'projects/P/subscriptions/S:1', 'projects/P/subscriptions/O:0-0'],
  maxMessages: ['1', '3', '100'],
  returnImmediately: ['true', 'false'],
  type: ['json', 'avro', 'http_endpoint', 'mattermost', 'linear', 'slowstart', 'autogen'],
  data: ['e30=', 'AA==', 'no base64'],
  authorized_users: ['publisher', 'consumer'],
  project: ['P', 'P', 'Q'],
  roles: ['publisher', 'consumer', 'project_admin'],
  name: ['', '', 'new', 'T'],
  pushEndpoint: ['https://example.org/x'],
  mattermostUrl: ['https://example.org/hook'],
  schema: ['projects/P/schemas/X', 'projects/P/schemas/A'],
};

export function arbitraryOf(schema: Schema, name = ''): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 25, arbitrary: fitting(schema, name) }, { weight: 1, arbitrary: wild });
}

const jsonSchemas = [
  { type: 'object' },
  { type: 'record', name: 'R', fields: [] },
  { type: 'array', items: 'null' },
  'string',
  {},
  true,
  { $ref: '#' },
];

function fitting(
  { type, properties = {}, items = {}, additionalProperties }: Schema,
  name: string,
): fc.Arbitrary<unknown> {
  if (type === 'string')
    return fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...(hints[name] ?? meaningful)) },
      { weight: 1, arbitrary: fc.oneof(fc.constantFrom(...meaningful), wildText) },
    );
  if (type === 'integer') return fc.oneof(fc.integer({ min: -2, max: 12 }), fc.maxSafeInteger());
  if (type === 'boolean') return fc.boolean();
  if (type === 'array') return fc.array(arbitraryOf(items, name), { maxLength: 4 });
  if (type === 'object' && typeof additionalProperties === 'object')
    return fc.dictionary(wildText, fc.oneof(fc.constantFrom(...meaningful), wildText), { maxKeys: 3 });
  if (type === 'object') {
    const fields = Object.entries(properties).map(([field, each]) => [field, arbitraryOf(each, field)] as const);
    const all: Record<string, fc.Arbitrary<unknown>> = { ...Object.fromEntries(fields), $unknown: wild };
    const simple = Object.keys(properties).filter((field) => field !== 'pushConfig' && field !== 'partitions');
    return fc.oneof(fc.record(all, { requiredKeys: simple }), fc.record(all, { requiredKeys: [] }));
  }
  return fc.oneof(fc.constantFrom<unknown>(...jsonSchemas), wild);
}
