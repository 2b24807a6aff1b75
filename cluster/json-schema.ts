/**
 * The environment file as a JSON Schema, for editors: made from the zod schema, with what zod's records cannot say (the names of settings and
 * listeners) filled in from the services' own tables. What several fields must be together is not in it: `ensemble validate` says that.
 */
import { z } from 'zod';
import { environmentSchema } from './environment.ts';
import * as kafka from './services/kafka/settings.ts';
import { serviceTable } from './services/table.ts';
import {
  type KnownSetting,
  numberPattern,
  type OwnedSettings,
  ownedReason,
  wholeNumberPattern,
  wholeNumbers,
} from './services/user-settings.ts';
import * as zookeeper from './services/zookeeper/settings.ts';

type Json = Readonly<Record<string, unknown>>;

/** By the fields that lead to it, what zod's schema cannot say of a field. */
const finer: readonly (readonly [path: readonly string[], change: (old: Json) => Json])[] = [
  [['kafka', 'settings'], (old) => settingsSchema(old, 'Kafka 3.9', kafka.knownSettings, kafka.owned)],
  [['zookeeper', 'settings'], (old) => settingsSchema(old, 'ZooKeeper 3.8', zookeeper.knownSettings, zookeeper.owned)],
  [['network', 'ports'], portsSchema],
  // environment-checks.ts has the reasons, and says them.
  [['masters', 'count'], (old) => ({ ...described(old), enum: [1, 3, 5, 7, 9] })],
  [['workers', 'count'], (old) => ({ ...old, minimum: 1 })],
];

/** JSON Schema, draft 2020-12. */
export function environmentJsonSchema(): object {
  const made = z.toJSONSchema(environmentSchema, {
    io: 'input',
    override: ({ jsonSchema }) => dropSafeBounds(jsonSchema),
  });
  return finer.reduce((schema, [path, change]) => replaceAt(schema, path, change), {
    title: 'Ensemble environment',
    ...made,
  } as Json);
}

/** zod writes the bounds of JavaScript's whole numbers, which say nothing to a person. */
function dropSafeBounds(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}

/** Replaces the schema of one field, named by the fields that lead to it. */
function replaceAt(schema: Json, [field = '', ...rest]: readonly string[], change: (old: Json) => Json): Json {
  const properties = schema.properties as Readonly<Record<string, Json>>;
  const old = properties[field];
  if (old === undefined) throw new TypeError(`the environment has no field ${field}`);
  return {
    ...schema,
    properties: { ...properties, [field]: rest.length === 0 ? change(old) : replaceAt(old, rest, change) },
  };
}

function settingsSchema(
  old: Json,
  service: string,
  known: ReadonlyMap<string, KnownSetting>,
  owned: OwnedSettings,
): Json {
  const free = [...known.values()].filter(
    ({ name, type }) => type !== 'password' && ownedReason(name, owned) === undefined,
  );
  const properties = Object.fromEntries(free.map((setting) => [setting.name, settingSchema(service, setting)]));
  return { ...described(old), type: 'object', properties, additionalProperties: false };
}

/** A value may stand as itself or as text, as the file's reader takes it: keywords for numbers leave texts alone and the other way round. */
function settingSchema(
  service: string,
  { name, type, minimum, maximum, values, default: fallback }: KnownSetting,
): Json {
  const usual = fallback === undefined || fallback === '' ? 'no default' : `default ${fallback}`;
  const description = `${service}: ${name}, ${type}, ${usual}`;
  if (type === 'boolean') return { description, enum: [true, false, 'true', 'false'] };
  const bits = wholeNumbers[type]?.bits;
  if (bits !== undefined) {
    // What a 64-bit number of Java's holds and YAML's doubles do not must stand in quotes.
    const least = bits === 64 ? Number.MIN_SAFE_INTEGER : -(2 ** (bits - 1));
    const most = bits === 64 ? Number.MAX_SAFE_INTEGER : 2 ** (bits - 1) - 1;
    const range = { minimum: Math.max(least, minimum ?? least), maximum: Math.min(most, maximum ?? most) };
    return { description, type: ['integer', 'string'], ...range, pattern: wholeNumberPattern };
  }
  if (type === 'double') {
    const range = { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) };
    return { description, type: ['number', 'string'], ...range, pattern: numberPattern };
  }
  return values === undefined
    ? { description, type: ['string', 'number', 'boolean'] }
    : { description, enum: [...values] };
}

function portsSchema(old: Json): Json {
  const listeners = [...serviceTable.values()].flatMap(({ id, listeners }) =>
    listeners.map(({ name, port, transport }) => [
      `${id}.${name}`,
      { description: `${transport}, default ${port}`, type: 'integer', minimum: 1, maximum: 65_535 },
    ]),
  );
  return { ...described(old), type: 'object', properties: Object.fromEntries(listeners), additionalProperties: false };
}

function described({ description, default: fallback }: Json): Json {
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
  };
}
