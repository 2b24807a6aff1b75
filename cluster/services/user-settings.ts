/**
 * Settings that a person writes under a service's own names (`log.retention.hours: 72`): known, of the right type, and not ours.
 * The model owns what follows from the cluster's shape; a person who sets such a key is told why it is refused.
 */
import { z } from 'zod';
import { describe, nearest, oneOf } from '../../documents/parse.ts';

export interface KnownSetting {
  readonly name: string;
  /** As Kafka's own definitions name types; ZooKeeper's are written in the same words. */
  readonly type: 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password';
  /** Smallest and largest accepted number, where the service states them. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** Accepted words, where the service states them. */
  readonly values?: readonly string[];
  /** What the service takes where nobody sets it; absent where it has none. For people: nothing is rendered from it. */
  readonly default?: string;
}

/** By name, the reason why a person may not set it. A name that ends in `.` or `*` refuses every key with that beginning. */
export type OwnedSettings = Readonly<Record<string, string>>;

/** A schema of a mapping from setting names to scalars; the output has every value as text, as the service's file wants it. */
export function userSettings(service: string, known: ReadonlyMap<string, KnownSetting>, owned: OwnedSettings) {
  return z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .superRefine((settings, context) => {
      for (const [name, value] of Object.entries(settings)) {
        const message = refuse(service, name, value, known, owned);
        if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
      }
    })
    .transform(
      (settings): Readonly<Record<string, string>> =>
        Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)])),
    )
    .default({});
}

function refuse(
  service: string,
  name: string,
  value: string | number | boolean,
  known: ReadonlyMap<string, KnownSetting>,
  owned: OwnedSettings,
): string | undefined {
  const reason = ownedReason(name, owned);
  if (reason !== undefined) return `that ${name} be left to the model, which owns it (${reason}) | remove it`;
  const setting = known.get(name);
  if (setting === undefined) {
    const near = nearest(name, [...known.keys()]);
    return `a setting that ${service} knows | ${near === undefined ? 'look the name up in its manual' : `did you mean ${JSON.stringify(near)}?`}`;
  }
  if (setting.type === 'password')
    return `no secret in this file, which is kept under version control | remove ${name}`;
  const expected = expectation(setting);
  // YAML reads it as a double: 9223372036854775807 would be written down as 9223372036854775808.
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return `${expected} for ${name}, exactly | put the number in quotes`;
  }
  return accepts(setting, value)
    ? undefined
    : `${expected} for ${name} | write ${expected} instead of ${describe(value)}`;
}

/** Why the model keeps a setting to itself; undefined for one that a person may set. */
export function ownedReason(name: string, owned: OwnedSettings): string | undefined {
  const exact = owned[name];
  if (exact !== undefined) return exact;
  const prefix = Object.keys(owned).find((key) => key.endsWith('*') && name.startsWith(key.slice(0, -1)));
  return prefix === undefined ? undefined : owned[prefix];
}

/** Java's whole numbers: what each type holds. */
export const wholeNumbers: Readonly<Partial<Record<KnownSetting['type'], { readonly bits: number }>>> = {
  short: { bits: 16 },
  int: { bits: 32 },
  long: { bits: 64 },
};

/** How Java's parseInt and parseDouble read numbers, but for letters that stand for a type (1.5f). */
export const wholeNumberPattern = '^[+-]?\\d+$';
export const numberPattern = '^[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?$';

function accepts(setting: KnownSetting, value: string | number | boolean): boolean {
  const text = String(value);
  const { type, minimum, maximum, values } = setting;
  if (type === 'boolean') return text === 'true' || text === 'false';
  const inRange = Number(text) >= (minimum ?? -Infinity) && Number(text) <= (maximum ?? Infinity);
  const bits = wholeNumbers[type]?.bits;
  if (bits !== undefined) {
    return (
      new RegExp(wholeNumberPattern).test(text) &&
      inRange &&
      BigInt.asIntN(bits, BigInt(text.replace('+', ''))) === BigInt(text.replace('+', ''))
    );
  }
  if (type === 'double') return new RegExp(numberPattern).test(text) && inRange;
  return values === undefined || values.includes(text);
}

function expectation(setting: KnownSetting): string {
  if (setting.type === 'boolean') return 'true or false';
  if (setting.values !== undefined) return oneOf(setting.values);
  const bits = wholeNumbers[setting.type]?.bits;
  if (bits === undefined && setting.type !== 'double') return 'text';
  const kind = bits === undefined ? 'a number' : bits === 64 ? 'a whole number' : `a whole number of ${bits} bits`;
  const from = setting.minimum === undefined ? '' : ` from ${setting.minimum}`;
  const to = setting.maximum === undefined ? '' : ` to ${setting.maximum}`;
  return `${kind}${from}${to}`;
}
