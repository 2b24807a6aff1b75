/**
 * How Java reads what we render, written anew from its documentation so that tests do not trust the renderer: java.util.Properties.load (Java SE 17 API)
 * and the launcher's argument files (JDK 17 tool reference, "java Command-Line Argument Files").
 */

/** Settings by name. Continuation lines end with an odd number of backslashes. */
export function readProperties(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const natural = text.split(/\r\n|\n|\r/);
  for (let index = 0; index < natural.length; index += 1) {
    let line = (natural[index] ?? '').replace(/^[ \t\f]+/, '');
    if (line === '' || /^[#!]/.test(line)) continue;
    while (/(^|[^\\])(\\\\)*\\$/.test(line) && index + 1 < natural.length) {
      index += 1;
      line = line.slice(0, -1) + (natural[index] ?? '').replace(/^[ \t\f]+/, '');
    }
    let split = 0;
    while (split < line.length && !/[=: \t\f]/.test(line[split] ?? '')) split += line[split] === '\\' ? 2 : 1;
    const value = line.slice(split).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
    found[unescaped(line.slice(0, split))] = unescaped(value);
  }
  return found;
}

function unescaped(text: string): string {
  return text.replace(/\\(u([0-9a-fA-F]{4})|.)/gs, (_all, one: string, code: string | undefined) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    return { t: '\t', n: '\n', r: '\r', f: '\f' }[one] ?? one;
  });
}

/** The arguments of an argument file: split at blanks; quotes keep blanks and open escapes; `#` outside of a token begins a comment. */
export function readArguments(text: string): readonly string[] {
  const found: string[] = [];
  let token: string | undefined;
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quote !== '') {
      if (character === '\\') {
        index += 1;
        const next = text[index] ?? '';
        token += { t: '\t', n: '\n', r: '\r', f: '\f' }[next] ?? next;
      } else if (character === quote) quote = '';
      else if (character === '\n' || character === '\r') throw new Error('a line ends within quotes');
      else token += character;
    } else if (/[ \t\n\r\f]/.test(character)) {
      if (token !== undefined) found.push(token);
      token = undefined;
    } else if (character === '#' && token === undefined) {
      while (index + 1 < text.length && text[index + 1] !== '\n') index += 1;
    } else {
      token ??= '';
      if (character === '"' || character === "'") quote = character;
      else token += character;
    }
  }
  return token === undefined ? found : [...found, token];
}
