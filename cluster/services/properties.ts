/**
 * Files of `name=value` lines, as Java reads them (java.util.Properties), and files of command-line options (JDK manual, "java @argfiles").
 * Each line stands under its reason, so that whoever opens the file on a node knows why the value is there.
 */

export interface Setting {
  readonly name: string;
  readonly value: string | number | boolean;
  readonly reason: string;
}

export function renderProperties(title: string, settings: readonly Setting[]): string {
  const lines = settings.map(({ name, value, reason }) => `# ${reason}\n${name}=${escapeValue(String(value))}\n`);
  return `# ${title}\n# Rendered by ensemble from the environment file; a change made here is lost at the next rendering.\n\n${lines.join('\n')}`;
}

/** Backslashes and leading blanks mean something to java.util.Properties, line ends start a new setting, and it reads Latin-1. */
function escapeValue(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replace(/^ /, '\\ ')
    .replace(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export interface JvmOption {
  readonly option: string;
  readonly reason: string;
}

export function renderJvmOptions(title: string, options: readonly JvmOption[]): string {
  const lines = options.map(({ option, reason }) => `# ${reason}\n${quoteOption(option)}\n`);
  return `# ${title}\n\n${lines.join('\n')}`;
}

/** An argument file splits at blanks and takes `#` for a comment, unless the argument is quoted; in quotes, a backslash begins an escape. */
function quoteOption(option: string): string {
  if (!/[\s#'"\\]/.test(option)) return option;
  const escaped = option.replace(/[\\"\n\r\t\f]/g, (character) => escapes[character] ?? character);
  return `"${escaped}"`;
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
};
