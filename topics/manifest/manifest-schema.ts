/**
 * The manifest as a JSON Schema, for editors: topics/manifest.schema.json, named in a manifest's first line. It says what one place by itself may be, settings
 * of Kafka's included, and takes whatever the manifest's own reader takes. What places mean together (names twice, patterns that match nothing, replicas that
 * nobody has) is the reader's alone: `ensemble validate` and `ensemble topics plan` say that.
 */
import { everyField, sharedFields, type WishField } from './manifest-wish.ts';
import { type TopicSetting, throttleSettings, topicSettings } from './topic-settings.ts';

type Json = Readonly<Record<string, unknown>>;

/** A field that a wish gets is missed by the compiler here. */
const fieldSchemas: Readonly<Record<WishField, Json>> = {
  partitions: {
    description: 'How many. They can be added, never taken away. Default 3',
    type: 'integer',
    minimum: 1,
    maximum: 2_147_483_647,
  },
  replicas: {
    description: 'Copies in all, the leader’s included. Default 2',
    type: 'integer',
    minimum: 1,
    maximum: 32_767,
  },
  racks: {
    description:
      'spread: a partition’s replicas stand in as many racks as there are. any: they stay where they are. Default any',
    enum: ['any', 'spread'],
  },
  config: { $ref: '#/$defs/config' },
  state: {
    description: 'absent: the first of three consents to delete the topic. Default present',
    enum: ['present', 'absent'],
  },
};

/** JSON Schema, draft 2020-12. */
export function manifestJsonSchema(): object {
  const settings = [...topicSettings.values()].filter(({ name }) => !throttleSettings.has(name));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Topics manifest',
    ...mapping({
      include: {
        description: 'Other manifests, from this file’s folder on',
        type: 'array',
        items: { type: 'string' },
      },
      defaults: { description: 'For what topics do not say themselves', $ref: '#/$defs/shared' },
      groups: {
        description: 'For the topics whose names match; a later group wins over an earlier one',
        type: 'array',
        items: { $ref: '#/$defs/group' },
      },
      environments: {
        description: 'By the name of an environment, what differs there',
        type: 'object',
        additionalProperties: mapping({
          defaults: { $ref: '#/$defs/shared' },
          topics: {
            description: 'By name or pattern; a pattern cannot make topics absent',
            type: 'object',
            patternProperties: { '[*?]': { $ref: '#/$defs/shared' }, '^[^*?]*$': { $ref: '#/$defs/wish' } },
            additionalProperties: false,
          },
        }),
      },
      topics: { type: 'array', items: { anyOf: [{ $ref: '#/$defs/short' }, { $ref: '#/$defs/long' }] } },
    }),
    anyOf: [{ required: ['topics'] }, { required: ['include'] }],
    $defs: {
      short: {
        description: 'name, name:partitions or name:partitions:replicas',
        type: 'string',
        pattern: '^\\s*[a-zA-Z0-9._-]{1,249}\\s*(:\\s*0*[1-9]\\d*\\s*){0,2}$',
      },
      long: mapping(
        { name: { description: 'Letters, digits, ".", "_" and "-"', ...nameSchema }, ...wishOf(everyField) },
        ['name'],
      ),
      group: mapping(
        {
          match: {
            description: 'A pattern of names (* and ?), or a list of them',
            anyOf: [text, { type: 'array', items: text, minItems: 1 }],
          },
          ...wishOf(sharedFields),
        },
        ['match'],
      ),
      shared: mapping(wishOf(sharedFields)),
      wish: mapping(wishOf(everyField)),
      config: {
        description: 'Kafka’s own settings of topics. What is not named is left as it is',
        ...mapping(Object.fromEntries(settings.map((setting) => [setting.name, settingSchema(setting)]))),
      },
    },
  };
}

const text = { type: 'string', minLength: 1 } as const;
const nameSchema = { type: 'string', pattern: '^[a-zA-Z0-9._-]{1,249}$' } as const;

function mapping(properties: Json, required: readonly string[] = []): Json {
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }), additionalProperties: false };
}

function wishOf(fields: readonly WishField[]): Json {
  return Object.fromEntries(fields.map((field) => [field, fieldSchemas[field]]));
}

const wholeNumber = '^\\s*[+-]?\\d+\\s*$';

/** A value may stand as itself or as text: keywords for numbers leave texts alone, and the other way round. */
function settingSchema(setting: TopicSetting): Json {
  const { name, type, values, default: fallback } = setting;
  const usual = fallback === undefined || fallback === '' ? 'no default' : `Kafka’s default ${fallback}`;
  const description = `${name}: ${type}, ${usual}`;
  if (type === 'boolean') return { description, enum: [true, false, 'true', 'false'] };
  if (type === 'int' || type === 'long') {
    const number = { type: 'integer', ...rangeOf(setting) };
    const kinds = [number, ...exceptOf(setting), { type: 'string', pattern: wholeNumber }];
    return { description, anyOf: kinds };
  }
  if (type === 'double') return { description, type: ['number', 'string'], ...rangeOf(setting) };
  if (type === 'list' && values !== undefined) {
    const one = `(${values.join('|')})`;
    const asText = { type: 'string', pattern: `^\\s*${one}(\\s*,\\s*${one})*\\s*$` };
    return { description, anyOf: [{ enum: values }, asText, { type: 'array', items: { enum: values }, minItems: 1 }] };
  }
  return values === undefined ? { description, type: ['string', 'number', 'boolean'] } : { description, enum: values };
}

/** A 64-bit number that JavaScript does not hold must stand in quotes. */
function rangeOf({ type, minimum, maximum }: TopicSetting): Json {
  if (type === 'double') {
    return {
      ...(minimum === undefined ? {} : { minimum: Number(minimum) }),
      ...(maximum === undefined ? {} : { maximum: Number(maximum) }),
    };
  }
  const [least, most] = type === 'int' ? [-(2 ** 31), 2 ** 31 - 1] : [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  return {
    minimum: Math.max(least, Number(minimum ?? least)),
    maximum: Math.min(most, Number(maximum ?? most)),
  };
}

function exceptOf({ except }: TopicSetting): readonly Json[] {
  return except === undefined ? [] : [{ const: Number(except) }];
}
