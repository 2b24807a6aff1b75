/**
 * A running cluster's topics as the text of a manifest, as a person would write it: short forms where they suffice, the commonest counts as defaults, what a family of names shares as a group, and
 * what is not in it said in its comments. A plan with it against that cluster is empty.
 *
 * What a manifest cannot say (partitions with different replica counts, names that Kafka no longer takes) is left out, with the reason: the text is read
 * by the manifest's own parser, and what that refuses goes. No I/O.
 */
import { stringify } from 'yaml';
import { DocumentError } from '../../documents/fault.ts';
import { type ManifestPolicy, parseManifest } from '../manifest/manifest.ts';
import { nameFault } from '../manifest/topic-name.ts';
import { readSetting, sameValue, throttleSettings } from '../manifest/topic-settings.ts';
import type { ObservedTopic } from '../plan/state.ts';
import {
  type Counts,
  commonestCounts,
  type Family,
  familiesOf,
  patternOf,
  sharedSettings,
  without,
} from './import-defaults.ts';

export interface ImportFacts {
  readonly clusterId: string;
  /** Those to import, with all settings of their own. */
  readonly topics: readonly ObservedTopic[];
  /** Names that the person's patterns left out. */
  readonly excluded: readonly string[];
}

export interface ImportOptions {
  /** When the cluster was looked at. */
  readonly at: Date;
  /** What the manifest will be read with: a topic that it would refuse is left out. */
  readonly policy?: ManifestPolicy;
}

export interface SkippedTopic {
  readonly topic: string;
  readonly why: string;
}

export interface ImportedManifest {
  readonly text: string;
  /** By name. */
  readonly topics: readonly string[];
  /** Topics that are there and not in the text, Kafka's own included. */
  readonly skipped: readonly SkippedTopic[];
}

interface ImportedTopic extends Counts {
  readonly name: string;
  /** Settings of the topic's own that a manifest can say, as the broker gives them. */
  readonly config: Readonly<Record<string, string>>;
  /** For a comment above the entry. */
  readonly remarks: readonly string[];
}

/** Depends on the set of topics, not on their order. */
export function importManifest(facts: ImportFacts, { at, policy = {} }: ImportOptions): ImportedManifest {
  const readings = [...facts.topics].sort((a, b) => (a.name < b.name ? -1 : 1)).map(readTopic);
  const skipped = readings.filter((reading) => 'why' in reading);
  let topics = readings.filter((reading) => 'name' in reading);
  for (;;) {
    const text = render(facts, topics, skipped, at);
    const refused = refusedBy(text, policy);
    if (refused.size === 0) {
      return {
        text,
        topics: topics.map(({ name }) => name),
        skipped: [...skipped].sort((a, b) => (a.topic < b.topic ? -1 : 1)),
      };
    }
    skipped.push(
      ...[...refused].flatMap(([index, why]) =>
        topics.slice(index, index + 1).map((each) => ({ topic: each.name, why })),
      ),
    );
    topics = topics.filter((_, index) => !refused.has(index));
  }
}

function readTopic({ name, internal, partitions, config, fault }: ObservedTopic): ImportedTopic | SkippedTopic {
  const skip = (why: string): SkippedTopic => ({ topic: name, why });
  if (internal) return skip('Kafka’s own');
  const wrong = nameFault(name);
  if (wrong !== undefined) return skip(`a manifest takes ${wrong.expected}`);
  if (fault !== undefined) return skip(`its settings cannot be read: ${fault.message} (${fault.name})`);
  const counts = [...new Set(partitions.map(({ replicas }) => replicas.length))].sort((a, b) => a - b);
  const [replicas, ...different] = counts;
  if (replicas === undefined) return skip('it has no partitions (it is being made or deleted)');
  if (different.length > 0)
    return skip(`its partitions have ${counts.join(' or ')} replicas: one is being moved, or was left so`);
  const own = Object.entries(config)
    .filter(([, { source }]) => source === 'topic')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const kept: [string, string][] = [];
  const remarks: string[] = [];
  for (const [setting, { value }] of own) {
    if (throttleSettings.has(setting)) remarks.push(`a reassignment’s throttle is left out: ${setting}`);
    else if (value === undefined) remarks.push(`${leftOut}: ${setting}, whose value the broker does not tell`);
    else if (isReadable(setting, value)) kept.push([setting, value]);
    else remarks.push(`${leftOut}: ${setting} = ${JSON.stringify(value)}, which this program does not know`);
  }
  return { name, partitions: partitions.length, replicas, config: Object.fromEntries(kept), remarks };
}

/** A setting that is not in the manifest is left alone, unless the person asks for what is not declared to go. */
const leftOut = 'left as it is (and removed by --prune-configs)';

function isReadable(setting: string, value: string): boolean {
  const reading = readSetting(setting, value);
  return 'value' in reading && sameValue(setting, reading.value, value);
}

/** By the topic's place in the list: what the manifest's parser says against it. Throws what it says against anything else. */
function refusedBy(text: string, policy: ManifestPolicy): ReadonlyMap<number, string> {
  try {
    parseManifest({ file: 'the imported manifest', text }, policy);
    return new Map();
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return new Map(
      error.faults.map(({ path, expected, found }) => {
        const index = /^topics\[(\d+)\]/.exec(path)?.[1];
        if (index === undefined) throw error;
        return [Number(index), `a manifest takes ${expected}, and this is ${found}`];
      }),
    );
  }
}

function render(
  facts: ImportFacts,
  topics: readonly ImportedTopic[],
  skipped: readonly SkippedTopic[],
  at: Date,
): string {
  const counts = commonestCounts(topics);
  const shared = sharedSettings(topics.map(({ config }) => config));
  const families = familiesOf(topics, shared);
  const ofFamily = new Map(families.map(({ pattern, config }) => [pattern, config]));
  const entries = topics.flatMap((topic) =>
    renderTopic(topic, counts, { ...shared, ...ofFamily.get(patternOf(topic.name) ?? '') }),
  );
  return [
    comment(`The topics of the cluster ${quote(facts.clusterId)} as they were at ${at.toISOString()}.`),
    comment(
      'A plan with this file against that cluster is empty. Settings that are not named here are left as they are.',
    ),
    ...omissions(facts, skipped),
    '',
    'defaults:',
    `  partitions: ${counts.partitions}`,
    `  replicas: ${counts.replicas}`,
    ...renderConfig(shared, '  '),
    '',
    ...(families.length === 0 ? [] : ['groups:', ...families.flatMap(renderFamily), '']),
    ...(entries.length === 0 ? ['topics: []'] : ['topics:', ...entries]),
    '',
  ].join('\n');
}

function omissions({ excluded }: ImportFacts, skipped: readonly SkippedTopic[]): readonly string[] {
  const reasons = new Map<string, string[]>();
  for (const { topic, why } of skipped) reasons.set(why, [...(reasons.get(why) ?? []), topic]);
  if (excluded.length > 0) reasons.set('left out by --include or --exclude', [...excluded].sort());
  if (reasons.size === 0) return [];
  const lines = [...reasons].map(([why, names]) => `- ${someOf(names.map(quote))}: ${why}`);
  return ['#', comment('Not in this file:'), ...lines.map(comment)];
}

/** The names of a few, and how many more: a cluster may have thousands. */
function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(', ');
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}

function renderFamily({ pattern, config }: Family): readonly string[] {
  return [`  - match: ${scalar(pattern)}`, ...renderConfig(config, '    ')];
}

/** `said` has the settings that the defaults and the topic's group give it. */
function renderTopic(
  { name, partitions, replicas, config, remarks }: ImportedTopic,
  counts: Counts,
  said: Readonly<Record<string, string>>,
): readonly string[] {
  const own = without(config, said);
  const above = remarks.map((remark) => `  ${comment(remark)}`);
  if (Object.keys(own).length === 0) {
    const more =
      replicas !== counts.replicas
        ? `:${partitions}:${replicas}`
        : partitions !== counts.partitions
          ? `:${partitions}`
          : '';
    return [...above, `  - ${scalar(name + more)}`];
  }
  return [
    ...above,
    `  - name: ${scalar(name)}`,
    ...(partitions === counts.partitions ? [] : [`    partitions: ${partitions}`]),
    ...(replicas === counts.replicas ? [] : [`    replicas: ${replicas}`]),
    ...renderConfig(own, '    '),
  ];
}

function renderConfig(config: Readonly<Record<string, string>>, indent: string): readonly string[] {
  const lines = Object.entries(config).map(([name, value]) => {
    const words = meaningOf(name, value);
    return `${indent}  ${scalar(name)}: ${settingText(name, value)}${words === undefined ? '' : ` # ${words}`}`;
  });
  return lines.length === 0 ? [] : [`${indent}config:`, ...lines];
}

/** Numbers and truth values as YAML has them, where they come back as the same value; quoted text otherwise. */
function settingText(name: string, value: string): string {
  const bare = /^-?(\d+|\d*\.\d+)$/.test(value)
    ? Number(value)
    : /^(true|false)$/.test(value)
      ? value === 'true'
      : undefined;
  if (bare === undefined) return scalar(value);
  const reading = readSetting(name, bare);
  return 'value' in reading && sameValue(name, reading.value, value) ? String(bare) : scalar(value);
}

const units: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  ms: [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1_000, 'second'],
  ],
  bytes: [
    [2 ** 40, 'TiB'],
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
  ],
};

/** `7 days` for 604800000 of a setting in milliseconds; only where it comes out even. */
function meaningOf(name: string, value: string): string | undefined {
  const number = Number(value);
  if (/^retention\.(ms|bytes)$/.test(name) && number === -1) return 'without limit';
  const [size, unit] =
    units[name.slice(name.lastIndexOf('.') + 1)]?.find(([each]) => number >= each && number % each === 0) ?? [];
  if (size === undefined || unit === undefined) return undefined;
  const count = number / size;
  return `${count} ${unit}${count === 1 || unit.endsWith('B') ? '' : 's'}`;
}

/** One line of YAML, in quotes only where it needs them. What YAML's writer would spread over lines ("---") is quoted as JSON, which is YAML too. */
function scalar(text: string): string {
  const written = stringify(text, { lineWidth: 0 }).trimEnd();
  return written.includes('\n') ? JSON.stringify(text) : written;
}

/** A name or value of another's making, safe within a comment. */
function quote(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : JSON.stringify(text);
}

/** A broker's own words may hold a line break, which would end the comment. */
function comment(text: string): string {
  return `# ${text.replace(/\s+/g, ' ').trimEnd()}`;
}
