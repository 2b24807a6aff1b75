/**
 * Advice written into a manifest: the numbers of partitions alone, each at its place in the text, so that comments, order, quotes and both forms of an entry
 * stay as the person wrote them. Writing the whole document anew would lay it out anew. No I/O.
 */
import { isMap, isScalar, isSeq, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import type { TopicsManifest } from '../manifest/manifest.ts';
import { matchesPattern } from '../manifest/topic-pattern.ts';
import type { Advice } from './advise.ts';

export interface WrittenAdvice {
  readonly text: string;
  /** Topics whose number was raised in this text. */
  readonly written: readonly string[];
  /** Topics that the manifest declares, but not in a place of this text that is theirs alone: in a file that it includes, by a pattern, through an alias. */
  readonly elsewhere: readonly string[];
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** `manifest` is what the text declares, defaults applied: a topic for which it says as many partitions or more is left alone. */
export function writeAdvice(
  text: string,
  advices: readonly Pick<Advice, 'topic' | 'partitions' | 'advised'>[],
  manifest: Pick<TopicsManifest, 'topics'>,
  { environment }: { readonly environment?: string } = {},
): WrittenAdvice {
  const declared = new Map(manifest.topics.map((topic) => [topic.name, topic.partitions]));
  const wanted = new Map(
    advices
      .filter(({ topic, partitions, advised }) => advised > partitions && advised > (declared.get(topic) ?? advised))
      .map(({ topic, advised }) => [topic, advised]),
  );
  const edits: Edit[] = [];
  const written: string[] = [];
  const blocked: string[] = [];
  const document = parseDocument(text);
  const overrides = environment === undefined ? undefined : document.getIn(['environments', environment, 'topics']);
  for (const [name, advised] of wanted) {
    const edit = editOverride(isMap(overrides) ? overrides : undefined, name, advised);
    if (edit === undefined) continue;
    wanted.delete(name);
    if (edit === 'by-pattern') blocked.push(name);
    else {
      edits.push(edit);
      written.push(name);
    }
  }
  const list = document.get('topics');
  for (const item of isSeq(list) ? list.items : []) {
    const name = isMap(item) ? item.get('name') : isScalar(item) ? String(item.value).split(':')[0]?.trim() : undefined;
    const advised = typeof name === 'string' ? wanted.get(name) : undefined;
    if (typeof name !== 'string' || advised === undefined) continue;
    const edit = isMap(item)
      ? editLong(text, item, advised)
      : isScalar(item)
        ? editShort(text, item, advised)
        : undefined;
    if (edit === undefined) continue;
    edits.push(edit);
    written.push(name);
  }
  const edited = edits
    .sort((a, b) => b.from - a.from)
    .reduce((before, edit) => before.slice(0, edit.from) + edit.text + before.slice(edit.to), text);
  return {
    text: edited,
    written,
    elsewhere: [...blocked, ...[...wanted.keys()].filter((name) => !written.includes(name))],
  };
}

/** What an environment says of a topic is stronger than its entry, and the last that matches is the strongest. */
function editOverride(overrides: YAMLMap | undefined, name: string, advised: number): Edit | 'by-pattern' | undefined {
  const matching = (overrides?.items ?? []).flatMap(({ key, value }) => {
    const pattern = isScalar(key) ? String(key.value) : '';
    const partitions = isMap(value) ? value.get('partitions', true) : undefined;
    return matchesPattern(pattern, name) && isScalar(partitions) && partitions.range
      ? [{ pattern, at: partitions.range }]
      : [];
  });
  const last = matching.at(-1);
  if (last === undefined) return undefined;
  return last.pattern === name ? { from: last.at[0], to: last.at[1], text: String(advised) } : 'by-pattern';
}

/** `name`, `name:3` or `name:3:2`, in the quotes that it stands in. */
function editShort(text: string, item: Scalar, advised: number): Edit | undefined {
  if (item.range === undefined || item.range === null) return undefined;
  const [from, to] = item.range;
  const [, quote = '', body = '', end = ''] = /^(['"]?)(.*?)(['"]?)$/s.exec(text.slice(from, to)) ?? [];
  const [name = '', , ...rest] = body.split(':');
  return { from, to, text: `${quote}${[name, advised, ...rest].join(':')}${end}` };
}

function editLong(text: string, item: YAMLMap, advised: number): Edit | undefined {
  const partitions = item.get('partitions', true);
  if (isScalar(partitions) && partitions.range) {
    const [from, to] = partitions.range;
    return { from, to, text: String(advised) };
  }
  const pair = item.items.find(({ key }) => isScalar(key) && key.value === 'name');
  if (!isScalar(pair?.key) || !isScalar(pair.value) || !pair.key.range || !pair.value.range) return undefined;
  const [keyAt] = pair.key.range;
  const [, valueEnd] = pair.value.range;
  if (item.flow) return { from: valueEnd, to: valueEnd, text: `, partitions: ${advised}` };
  // A line of its own below the name, whose own comment stays with it.
  const lineBreak = text.indexOf('\n', valueEnd);
  const at = lineBreak < 0 ? text.length : lineBreak + 1;
  const indent = ' '.repeat(keyAt - (text.lastIndexOf('\n', keyAt - 1) + 1));
  const line = `${indent}partitions: ${advised}`;
  return {
    from: at,
    to: at,
    text: lineBreak < 0 ? `\n${line}` : `${line}${text[lineBreak - 1] === '\r' ? '\r\n' : '\n'}`,
  };
}
