/**
 * haproxy.cfg as text: sections whose lines stand under their reasons, and the quoting of its words (configuration manual, 2.2 "Quoting and
 * escaping"): a path of a person's machine may hold blanks, quotes or letters of any language.
 */

/** Lines that share a reason. */
export interface Said {
  readonly reason: string;
  readonly lines: readonly string[];
}

export interface Section {
  /** `frontend api` */
  readonly head: string;
  readonly said: readonly Said[];
}

export function because(reason: string, ...lines: readonly string[]): Said {
  return { reason, lines };
}

export function renderSections(title: string, sections: readonly Section[]): string {
  const texts = sections.map(
    ({ head, said }) =>
      `${head}\n${said.map(({ reason, lines }) => [`  # ${reason}`, ...lines.map((line) => `  ${line}`)].join('\n')).join('\n')}\n`,
  );
  const marked = `# ${title}\n# Rendered by ensemble from the environment file; a change made here is lost at the next rendering.\n`;
  return [marked, ...texts].join('\n');
}

/** One word, whatever it holds: each byte that could mean something is written in hexadecimal. */
export function word(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9/._-]/.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

/** Text in single quotes, in which nothing has a meaning; the text must hold none itself. */
export function quoted(text: string): string {
  if (text.includes("'")) throw new TypeError(`a single quote cannot be quoted: ${text}`);
  return `'${text}'`;
}
