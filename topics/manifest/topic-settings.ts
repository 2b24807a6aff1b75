/**
 * Kafka's settings of topics: names, types and ranges from Kafka's own definitions (topic-settings.facts.json, made from the jars of the version
 * it names: by artifacts/describe), and when two texts mean the same value.
 */
import { describe, nearest, oneOf } from '../../documents/parse.ts';
import facts from './topic-settings.facts.json' with { type: 'json' };

export interface TopicSetting {
  readonly name: string;
  readonly type: string;
  /** Kafka's own, as text. */
  readonly default?: string;
  readonly minimum?: string;
  readonly maximum?: string;
  /** Allowed although outside the range. */
  readonly except?: string;
  readonly values?: readonly string[];
}

/** A value as Kafka takes it, or why it is none. */
export type SettingReading =
  | { readonly value: string }
  | { readonly expected: string; readonly found: string; readonly next: string };

/** A reassignment under way keeps its throttles in these: they come and go, and are nobody's wish. */
export const throttleSettings: ReadonlySet<string> = new Set([
  'leader.replication.throttled.replicas',
  'follower.replication.throttled.replicas',
]);

/** Bounds of Java's numbers; ranges that Kafka states narrow them. */
const bounds: Readonly<Record<string, { readonly minimum: string; readonly maximum: string }>> = {
  int: { minimum: '-2147483648', maximum: '2147483647' },
  long: { minimum: '-9223372036854775808', maximum: '9223372036854775807' },
};

/** By name; Kafka's inner ones are not for manifests. */
export const topicSettings: ReadonlyMap<string, TopicSetting> = new Map(
  facts.settings.filter(({ internal }) => !internal).map((fact) => [fact.name, readFact(fact)] as const),
);

/** Reads a value that a person wrote for the setting `name`. */
export function readSetting(name: string, raw: unknown): SettingReading {
  const setting = topicSettings.get(name);
  if (setting === undefined) {
    const near = nearest(name, [...topicSettings.keys()]);
    return {
      expected: `a topic setting of Kafka ${facts.kafkaVersion}`,
      found: `the unknown setting ${JSON.stringify(name)}`,
      next: near === undefined ? 'remove it' : `did you mean ${JSON.stringify(near)}?`,
    };
  }
  if (throttleSettings.has(name)) {
    return {
      expected: 'a lasting setting',
      found: 'a throttle',
      next: 'remove it: throttles live as long as a reassignment',
    };
  }
  const text = textOf(raw);
  if (text === undefined) {
    const big = typeof raw === 'number';
    return {
      expected: `${JSON.stringify(name)} as ${wanted(setting)}`,
      found: big ? 'a number too great to be read exactly' : describe(raw),
      next: big ? 'put it in quotes' : 'change it',
    };
  }
  const value = normalForm(setting, text);
  if (value === undefined) {
    return { expected: `${JSON.stringify(name)} as ${wanted(setting)}`, found: describe(raw), next: 'change it' };
  }
  return { value };
}

/** Whether two values mean the same to Kafka: `compact, delete` and `delete,compact`, `TRUE` and `true`. */
export function sameValue(name: string, one: string | undefined, other: string | undefined): boolean {
  if (one === other) return true;
  const setting = topicSettings.get(name);
  if (setting === undefined || one === undefined || other === undefined) return false;
  const normal = normalForm(setting, one);
  return normal !== undefined && normal === normalForm(setting, other);
}

/** Ranges are written `[1,...]`, `[0,...,1]`, `[1,...,9] or -1`, choices `[a, b]`; the rest is Kafka's to check. */
function readFact({ name, type, valid, default: fallback }: (typeof facts.settings)[number]): TopicSetting {
  const known = { name, type, ...(fallback === null ? {} : { default: fallback }) };
  const range = /^\[(-?\d+),\.\.\.(?:,(-?\d+))?\](?: or (-?\d+))?$/.exec(valid ?? '');
  if (range !== null) {
    const [, minimum, maximum, except] = range;
    return {
      ...known,
      ...(minimum === undefined ? {} : { minimum }),
      ...(maximum === undefined ? {} : { maximum }),
      ...(except === undefined ? {} : { except }),
    };
  }
  const choice = /^\[([\w.-]+(?:, [\w.-]+)*)\]$/.exec(valid ?? '');
  return choice?.[1] === undefined ? known : { ...known, values: choice[1].split(', ') };
}

function textOf(raw: unknown): string | undefined {
  if (typeof raw === 'string') return raw.trim();
  if (typeof raw === 'boolean') return String(raw);
  if (typeof raw === 'number') return Number.isInteger(raw) && !Number.isSafeInteger(raw) ? undefined : String(raw);
  if (Array.isArray(raw) && raw.every((item) => typeof item === 'string')) return raw.join(',');
  return undefined;
}

/** One text for all that mean the same; `undefined` for what is no value of this setting. */
function normalForm(setting: TopicSetting, text: string): string | undefined {
  switch (setting.type) {
    case 'boolean':
      return /^(true|false)$/i.test(text) ? text.toLowerCase() : undefined;
    case 'int':
    case 'long':
      return /^[+-]?\d+$/.test(text) && within(setting, BigInt(text.replace('+', '')))
        ? String(BigInt(text.replace('+', '')))
        : undefined;
    case 'double':
      return text !== '' && within(setting, Number(text)) ? String(Number(text)) : undefined;
    case 'list': {
      const items = [...new Set(text.split(',').map((item) => item.trim()))].sort();
      return items.every((item) => setting.values?.includes(item) ?? true) ? items.join(',') : undefined;
    }
    default:
      return setting.values?.includes(text) === false ? undefined : text;
  }
}

function within({ type, minimum, maximum, except }: TopicSetting, value: bigint | number): boolean {
  const least = minimum ?? bounds[type]?.minimum;
  const most = maximum ?? bounds[type]?.maximum;
  if (except !== undefined && value === BigInt(except)) return true;
  if (Number.isNaN(value)) return false;
  return (least === undefined || value >= BigInt(least)) && (most === undefined || value <= BigInt(most));
}

function wanted({ type, minimum, maximum, except, values }: TopicSetting): string {
  if (values !== undefined) return type === 'list' ? `some of ${values.join(', ')}` : oneOf(values);
  if (type === 'boolean') return 'true or false';
  const kind = type === 'double' ? 'a number' : type === 'string' ? 'text' : 'a whole number';
  const from = minimum === undefined ? '' : ` from ${minimum}`;
  const to = maximum === undefined ? (minimum === undefined ? '' : ' on') : ` to ${maximum}`;
  return `${kind}${from}${to}${except === undefined ? '' : ` or ${except}`}`;
}
