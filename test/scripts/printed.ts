/** What a command prints, kept instead of shown and without colours (vitest may ask for them), so that tests read it; `vi.restoreAllMocks()` ends it. */
import { stripVTControlCharacters } from 'node:util';
import { vi } from 'vitest';

export interface Printed {
  out: string;
  err: string;
}

export function capturePrinted(): Printed {
  const printed: Printed = { out: '', err: '' };
  const keep = (stream: NodeJS.WriteStream, name: keyof Printed) =>
    vi.spyOn(stream, 'write').mockImplementation((text, ...rest: readonly unknown[]) => {
      printed[name] += stripVTControlCharacters(String(text));
      const done = rest.at(-1);
      if (typeof done === 'function') done();
      return true;
    });
  keep(process.stdout, 'out');
  keep(process.stderr, 'err');
  return printed;
}
