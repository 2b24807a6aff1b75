/**
 * What a running service has read, what of it differs from what the environment means now, and what the difference takes: a restart, a reload, or
 * nothing. Texts are as rendered, with late values not filled in: no secret is in them, and a renewed certificate is no difference.
 *
 * Lines that begin with `#` are comments in every format that services here read (properties, zoo.cfg, mongod.conf, haproxy.cfg, Java's argument
 * files; JSON and PEM have none), so that a reason that is worded anew asks for no restart.
 */
import { basename } from 'node:path';
import type { LateText } from '../contracts/late.ts';
import type { RenderedService } from './render.ts';

export interface ReadFile {
  /** Absolute. */
  readonly path: string;
  readonly text: LateText;
}

export interface Reading {
  /** The program with its arguments, as JSON. */
  readonly command: string;
  /** Those that only its jobs read are left out. */
  readonly files: readonly ReadFile[];
}

export interface FileDifference {
  /** Absolute. */
  readonly path: string;
  readonly change: 'added' | 'changed' | 'removed';
  /** What was read; undefined for a file that was added, and where it is not known any more. */
  readonly before: LateText | undefined;
  /** What it says now; undefined for one that was removed. */
  readonly after: LateText | undefined;
}

export interface Difference {
  /** False of a process whose files of then are not known: found without its record, or started by an older ensemble. Nothing else is said then. */
  readonly known: boolean;
  /** The program, or an argument of it. */
  readonly command: boolean;
  readonly files: readonly FileDifference[];
}

/** What a service reads that starts now. */
export function readingOf({ files, process }: RenderedService): Reading {
  const read = files.filter(({ forJobs }) => forJobs !== true);
  return { command: JSON.stringify(process.program), files: read.map(({ path, text }) => ({ path, text })) };
}

/** Undefined where a restart would change nothing. */
export function differenceOf(ran: Reading, service: RenderedService): Difference | undefined {
  const now = readingOf(service);
  const before = new Map(ran.files.map(({ path, text }) => [path, text]));
  const after = new Map(now.files.map(({ path, text }) => [path, text]));
  const files = [...new Set([...before.keys(), ...after.keys()])].flatMap((path): readonly FileDifference[] => {
    const [was, is] = [before.get(path), after.get(path)];
    if (was !== undefined && is !== undefined && meaningOf(was) === meaningOf(is)) return [];
    return [
      { path, change: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed', before: was, after: is },
    ];
  });
  const command = ran.command !== now.command;
  return command || files.length > 0 ? { known: true, command, files } : undefined;
}

export const unknownDifference: Difference = { known: false, command: false, files: [] };

/** What takes the difference into use. Of a service that has ways of its own (a broker's dynamic settings), those are looked at elsewhere. */
export function remedyOf({ known, command, files }: Difference, service: RenderedService): 'restart' | 'reload' {
  if (!known || command) return 'restart';
  return files.every((file) => reloads(file, service)) ? 'reload' : 'restart';
}

/** What a service has read after it was told to read its files again. */
export function readingAfterReload(ran: Reading, service: RenderedService): Reading {
  const unread = (differenceOf(ran, service)?.files ?? []).filter((file) => !reloads(file, service));
  const kept = new Map(unread.map(({ path, before }) => [path, before]));
  const files = readingOf(service).files.flatMap(({ path, text }) => {
    const now = kept.has(path) ? kept.get(path) : text;
    return now === undefined ? [] : [{ path, text: now }];
  });
  const removed = unread.flatMap(({ path, change, before }) =>
    change === 'removed' && before !== undefined ? [{ path, text: before }] : [],
  );
  return { command: ran.command, files: [...files, ...removed] };
}

function reloads({ path, before, after }: FileDifference, { files, process }: RenderedService): boolean {
  if (process.reload === undefined) return false;
  if (process.reload.reads === 'everything') return true;
  const again = files.find((file) => file.path === path)?.reloaded;
  if (again === undefined || again === true) return again === true;
  return before !== undefined && after !== undefined && without(again, before) === without(again, after);
}

/** The JSON that a file is, less some of its keys. */
function without(keys: readonly string[], text: LateText): string {
  const value: unknown = JSON.parse(plain(text));
  return typeof value === 'object' && value !== null
    ? JSON.stringify(Object.entries(value).filter(([key]) => !keys.includes(key)))
    : JSON.stringify(value);
}

/** A difference in a person's words: `zoo.cfg: tickTime`, `config.json: acl, ensemble`, `haproxy.cfg`. */
export function describeDifference({ known, command, files }: Difference): readonly string[] {
  if (!known) return ['what it runs with is not known'];
  if (!command && files.length === 0) return ['files that it does not act on'];
  const said = files.map((file) => {
    const names = changedNames(file);
    const more = names.length > namesShown ? ` and ${names.length - namesShown} more` : '';
    const name = basename(file.path);
    return names.length === 0 ? name : `${name}: ${names.slice(0, namesShown).join(', ')}${more}`;
  });
  return [...(command ? ['its command line'] : []), ...said];
}

const namesShown = 5;

/** The settings that differ; none where a file is no list of names and values, or its text of before is not known. */
function changedNames({ before, after }: FileDifference): readonly string[] {
  if (before === undefined || after === undefined) return [];
  const [was, is] = [namedValues(before), namedValues(after)];
  if (was === undefined || is === undefined) return [];
  const names = [...new Set([...was.keys(), ...is.keys()])];
  return names.filter((name) => was.get(name) !== is.get(name)).sort();
}

/** `name=value` lines, or the keys of a JSON object. */
function namedValues(text: LateText): ReadonlyMap<string, string> | undefined {
  const lines = meaningOf(text).split('\n');
  if (lines[0]?.startsWith('{')) {
    const value: unknown = JSON.parse(plain(text));
    return new Map(Object.entries(value ?? {}).map(([key, inner]) => [key, JSON.stringify(inner)]));
  }
  const pairs = lines.map((line) => /^([\w.-]+)=(.*)$/.exec(line));
  if (pairs.some((pair) => pair === null)) return undefined;
  return new Map(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']));
}

/** The `name=value` lines of a file, which has no late parts and no escapes in what is asked for. */
export function propertiesOf(text: LateText): ReadonlyMap<string, string> {
  return namedValues(text) ?? new Map();
}

function meaningOf(text: LateText): string {
  return plain(text)
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'))
    .join('\n');
}

/** Late values stand between private-use characters that no file holds, so that two files with the same late value are the same text. */
function plain(text: LateText): string {
  return text.map((part) => (typeof part === 'string' ? part : `\ue000${lateName(part)}\ue001`)).join('');
}

function lateName(late: Exclude<LateText[number], string>): string {
  return 'secret' in late ? `secret ${late.secret}` : `fact ${late.fact}`;
}
