/**
 * Which of a broker's settings can be changed while it runs. Kafka takes a setting's value from the first that has it: dynamic of this broker, dynamic of
 * all, server.properties as it was read at the start, the default (Kafka documentation, "Updating Broker Configs"). Update modes are Kafka's own
 * (broker-settings.facts.json). Pure: asks nobody.
 */
import type { ConfigChange } from '../../clients/kafka/requests/alter-configs.ts';
import type { ConfigEntry } from '../../clients/kafka/requests/describe-configs.ts';
import { owned, updateModes } from '../../cluster/services/kafka/settings.ts';
import { ownedReason } from '../../cluster/services/user-settings.ts';

/** A setting that a running broker is told. */
export interface SettingUpdate {
  readonly name: string;
  /** As it runs; undefined for none. */
  readonly from: string | undefined;
  readonly to: string;
  /** On the way there: a pool of threads may at most double, or halve, at once. */
  readonly via: readonly string[];
  /** `uncover`: the file that it started with says so too, and a dynamic value in the way is taken back. */
  readonly by: 'set' | 'uncover';
}

export interface BrokerNeeds {
  /** Changed, and read at the start alone. */
  readonly atStart: readonly string[];
  readonly updates: readonly SettingUpdate[];
  /** Set dynamically, and no longer in the file: to be taken back before the restart that drops them. */
  readonly leftovers: readonly string[];
}

type Values = ReadonlyMap<string, string>;

/**
 * @param before what its server.properties said when it started; undefined where that is not known: then what it runs with is compared.
 * @param wanted what its server.properties says now.
 */
export function brokerNeeds(
  before: Values | undefined,
  wanted: Values,
  running: readonly ConfigEntry[],
  heapMiB: number,
): BrokerNeeds {
  const entries = new Map(running.map((entry) => [entry.name, entry]));
  const changed = [...wanted].filter(([name, value]) =>
    before === undefined ? entries.has(name) : before.get(name) !== value,
  );
  const removed = [...(before?.keys() ?? [])].filter((name) => !wanted.has(name));
  const hidden = [...wanted].filter(([name]) => isDynamic(entries.get(name)));
  const updates: SettingUpdate[] = [];
  const atStart: string[] = removed.filter((name) => !isDefault(entries.get(name)));
  for (const [name, to] of new Map([...changed, ...hidden])) {
    const entry = entries.get(name);
    const from = entry?.value;
    if (from !== undefined && means(name, from, to)) continue;
    if (!canUpdate(name)) atStart.push(name);
    else if (cleaner.has(name) && heapMiB < cleanerHeapMiB)
      atStart.push(`${name} (while it runs, a second log cleaner would need more than ${heapMiB} MiB of heap)`);
    else
      updates.push({ name, from, to, via: stepsTo(name, from, to), by: uncovers(name, entry, to) ? 'uncover' : 'set' });
  }
  return {
    atStart: atStart.sort(),
    updates: updates.sort((a, b) => (a.name < b.name ? -1 : 1)),
    leftovers: removed.filter((name) => entries.get(name)?.source === 'dynamic-broker'),
  };
}

/**
 * Settings that make the log cleaner anew (Kafka 3.9, LogCleaner.ReconfigurableConfigs). The new one takes its buffer, 128 MiB
 * (log.cleaner.dedupe.buffer.size), while the one of before still has its own: a broker with a heap of 256 MiB was seen to end of it.
 */
const cleaner: ReadonlySet<string> = new Set([
  'log.cleaner.backoff.ms',
  'log.cleaner.dedupe.buffer.size',
  'log.cleaner.io.buffer.load.factor',
  'log.cleaner.io.buffer.size',
  'log.cleaner.io.max.bytes.per.second',
  'log.cleaner.threads',
  'message.max.bytes',
]);
const cleanerHeapMiB = 1_024;

/** Kafka 3.9, DynamicThreadPool.validateReconfiguration. */
const threadPools: ReadonlySet<string> = new Set([
  'background.threads',
  'log.cleaner.threads',
  'num.io.threads',
  'num.network.threads',
  'num.recovery.threads.per.data.dir',
  'num.replica.fetchers',
]);

function stepsTo(name: string, from: string | undefined, to: string): readonly string[] {
  const [start, end] = [Number(from), Number(to)];
  if (!threadPools.has(name) || !(start >= 1) || !(end >= 1)) return [];
  const steps: string[] = [];
  for (let at = start * 2; at < end; at *= 2) steps.push(String(at));
  for (let at = Math.ceil(start / 2); at > end; at = Math.ceil(at / 2)) steps.push(String(at));
  return steps;
}

/** What a broker is told one after the other, each once it runs with the one before. Most updates are one round. */
export function roundsOf(updates: readonly SettingUpdate[]): readonly (readonly SettingUpdate[])[] {
  const longest = Math.max(0, ...updates.map(({ via }) => via.length));
  const rounds = Array.from({ length: longest }, (_, round) =>
    updates.flatMap((update): readonly SettingUpdate[] => {
      const to = update.via[round];
      return to === undefined ? [] : [{ ...update, to, via: [], by: 'set' }];
    }),
  );
  return updates.length === 0 ? [] : [...rounds, updates];
}

/** As IncrementalAlterConfigs takes them. */
export function changesOf(updates: readonly SettingUpdate[]): readonly ConfigChange[] {
  return updates.map(({ name, to, by }) =>
    by === 'set' ? { name, operation: 'set', value: to } : { name, operation: 'delete', value: undefined },
  );
}

/** Those that the broker does not run with yet. */
export function pendingOf(updates: readonly SettingUpdate[], running: readonly ConfigEntry[]): readonly string[] {
  const values = new Map(running.map(({ name, value }) => [name, value]));
  return updates.flatMap(({ name, to }) => {
    const value = values.get(name);
    return value !== undefined && means(name, value, to) ? [] : [name];
  });
}

/** What the model owns (listeners, certificates, addresses) hangs together with more than the broker: a restart takes it. */
function canUpdate(name: string): boolean {
  const mode = updateModes.get(name)?.mode;
  return mode !== undefined && mode !== 'read-only' && ownedReason(name, owned) === undefined;
}

function isDynamic(entry: ConfigEntry | undefined): boolean {
  return entry?.source === 'dynamic-broker' || entry?.source === 'dynamic-default-broker';
}

/** Whether it would hold without this broker's dynamic value. */
function uncovers(name: string, entry: ConfigEntry | undefined, wanted: string): boolean {
  if (entry?.source !== 'dynamic-broker') return false;
  const below = entry.synonyms.find((each) => each.name === name && each.source !== 'dynamic-broker')?.value;
  return below !== undefined && means(name, below, wanted);
}

function isDefault(entry: ConfigEntry | undefined): boolean {
  const fallback = updateModes.get(entry?.name ?? '')?.default;
  if (entry === undefined) return true;
  return entry.value === undefined ? fallback === null : fallback !== null && fallback === entry.value;
}

/** Kafka gives numbers and truths back as it reads them: `+3` as `3`, `0.50` as `0.5`, `TRUE` as `true`. */
function means(name: string, running: string, wanted: string): boolean {
  if (running === wanted) return true;
  switch (updateModes.get(name)?.type) {
    case 'int':
    case 'short':
    case 'long':
      return /^[+-]?\d+$/.test(running) && /^[+-]?\d+$/.test(wanted) && whole(running) === whole(wanted);
    case 'double':
      return Number(running) === Number(wanted);
    case 'boolean':
      return running.toLowerCase() === wanted.toLowerCase();
    case 'list':
      return listed(running) === listed(wanted);
    default:
      return running.trim() === wanted.trim();
  }
}

function whole(text: string): bigint {
  return BigInt(text.replace('+', ''));
}

function listed(text: string): string {
  return text
    .split(',')
    .map((item) => item.trim())
    .join(',');
}
