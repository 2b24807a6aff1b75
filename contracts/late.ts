/**
 * Text that is final when it is rendered, but for what only the node can know: a secret, or a fact such as its zone.
 *
 * Renderers put a Late value where such text belongs; whoever installs the file (the process driver, a host at boot, an init container)
 * fills it with the same function. A rendered file therefore never holds a secret, and may be stored, diffed and shown: as plain text it is a
 * template, with a marker where each late value belongs (`<<ensemble secret tls/worker-1.key.pem>>`).
 */
import { EnsembleError } from './error.ts';

export type Late = { readonly secret: string } | { readonly fact: 'zone' };

/** Rendered text: literal parts and late ones, in order. */
export type LateText = readonly (string | Late)[];

/** The text with every late value filled in. `resolve` throws where it does not know one. */
export async function fillLate(text: LateText, resolve: (late: Late) => Promise<string>): Promise<string> {
  const parts = await Promise.all(text.map((part) => (typeof part === 'string' ? part : resolve(part))));
  return parts.join('');
}

export function isLate(text: LateText): boolean {
  return text.some((part) => typeof part !== 'string');
}

const mark = '<<ensemble';
/** What stands for `mark` itself where a text happens to have it. */
const literalMark = `${mark} literal>>`;
/** As secrets/store.ts has them: no marker can end within one. */
const secretId = /^[a-z0-9][a-z0-9._/-]*$/;

/** A late text as one text. readLateTemplate gives it back. Throws a TypeError for a secret's id that no store takes, which is our own defect. */
export function writeLateTemplate(text: LateText): string {
  // Neighbours first: a marker may begin in one and end in the next.
  return joined(text)
    .map((part) => (typeof part === 'string' ? part.replaceAll(mark, literalMark) : `${mark} ${wordsOf(part)}>>`))
    .join('');
}

/** The late text whose template this is: neighbouring literals are one, and none is empty. Throws LATE_TEMPLATE_UNREADABLE for another marker. */
export function readLateTemplate(template: string): LateText {
  const [head = '', ...rest] = template.split(mark);
  const parts: (string | Late)[] = [head];
  for (const piece of rest) {
    const end = piece.indexOf('>>');
    const words = end === -1 ? piece.slice(0, 40) : piece.slice(0, end);
    const part = end === -1 ? undefined : partOf(words);
    if (part === undefined) throw unreadable(words);
    parts.push(part, piece.slice(end + 2));
  }
  return joined(parts);
}

function wordsOf(late: Late): string {
  if ('fact' in late) return `fact ${late.fact}`;
  if (!secretId.test(late.secret)) throw new TypeError(`${JSON.stringify(late.secret)} is no id of a secret`);
  return `secret ${late.secret}`;
}

function partOf(words: string): string | Late | undefined {
  if (words === ' literal') return mark;
  if (words === ' fact zone') return { fact: 'zone' };
  const [, id = ''] = / secret (.+)/.exec(words) ?? [];
  return words === ` secret ${id}` && secretId.test(id) ? { secret: id } : undefined;
}

function joined(text: LateText): LateText {
  const parts: (string | Late)[] = [];
  for (const part of text) {
    const last = parts.at(-1);
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part;
    else if (part !== '') parts.push(part);
  }
  return parts;
}

function unreadable(words: string): EnsembleError {
  return new EnsembleError({
    code: 'LATE_TEMPLATE_UNREADABLE',
    message: `a template has the marker ${JSON.stringify(`${mark}${words}`)}, which is none that this version knows`,
    next: 'Render the file again with the version of Ensemble that reads it, or bring the reader up to date.',
  });
}
