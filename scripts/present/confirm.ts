/** Asks a person. Where nobody can answer (no terminal), the answer is no. */
import { createInterface } from 'node:readline/promises';

export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  return await confirmTyped(question, 'yes', signal);
}

/** The same with words that nobody types by habit, for what cannot be undone. */
export async function confirmTyped(question: string, words: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await reader.question(`${question} Only "${words}" is taken for it: `, { signal });
    return answer.trim().toLowerCase() === words.toLowerCase();
  } finally {
    reader.close();
  }
}
