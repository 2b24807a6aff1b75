/** SHA-256 of a text in UTF-8, as nodes compare it: 64 hexadecimal digits. */
import { createHash } from 'node:crypto';

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
