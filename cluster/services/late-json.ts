/** JSON files whose texts may hold late values: a configuration with a token or a password in it, which only the node fills in. */
import type { Late, LateText } from '../../contracts/late.ts';

/** A text within the JSON, made of literal and late parts. */
export class LateString {
  readonly parts: LateText;
  constructor(...parts: LateText) {
    this.parts = parts;
  }
}

/**
 * The file's text. A late value stands within quotes as it is: secrets of ours are hexadecimal or base64, which JSON leaves alone.
 * @param value plain JSON with LateStrings anywhere in it.
 */
export function renderJson(value: unknown): LateText {
  const lates: Late[] = [];
  // Private-use characters that no setting holds mark the places; JSON leaves them as they are.
  const text = JSON.stringify(
    value,
    (_key, inner: unknown) =>
      inner instanceof LateString
        ? inner.parts.map((part) => (typeof part === 'string' ? part : `\ue000${lates.push(part) - 1}\ue001`)).join('')
        : inner,
    2,
  );
  return `${text}\n`.split(/\ue000(\d+)\ue001/).flatMap((part, index): LateText => {
    if (index % 2 === 0) return part === '' ? [] : [part];
    const late = lates[Number(part)];
    return late === undefined ? [] : [late];
  });
}
