/** Names of topics by pattern: `monitoring.*`. Every other character stands for itself, the dot too, since names are full of dots. */

/** `*` stands for any characters or none, `?` for one. The whole name must match. */
export function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(name);
}
