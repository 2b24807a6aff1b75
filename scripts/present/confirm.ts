/** Asks a person. Where nobody can answer (no terminal, Ctrl-D), the answer is no; Ctrl-C interrupts the command as it does anywhere else. */
import { createInterface } from 'node:readline/promises';

interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
  /** What Ctrl-C does: readline takes it as a key, so that no signal comes of it. */
  interrupt(): void;
}

const ownTerminal: Terminal = {
  input: process.stdin,
  output: process.stderr,
  interrupt: () => void process.kill(process.pid, 'SIGINT'),
};

/** @throws the signal's reason */
export async function confirm(question: string, signal: AbortSignal, terminal = ownTerminal): Promise<boolean> {
  return await confirmTyped(question, 'yes', signal, terminal);
}

/** The same with words that nobody types by habit, for what cannot be undone. */
export async function confirmTyped(
  question: string,
  words: string,
  signal: AbortSignal,
  { input, output, interrupt } = ownTerminal,
): Promise<boolean> {
  if (input.isTTY !== true) return false;
  const reader = createInterface({ input, output, terminal: true });
  reader.once('SIGINT', interrupt);
  // Ctrl-D closes the reader; versions of Node differ in whether the question then fails or stays open for ever.
  const closed = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  try {
    const asked = reader.question(`${question} Only "${words}" is taken for it: `, { signal });
    const answer = await Promise.race([asked, closed]);
    return answer.trim().toLowerCase() === words.toLowerCase();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && error.name === 'AbortError') return false;
    throw error;
  } finally {
    reader.close();
  }
}
