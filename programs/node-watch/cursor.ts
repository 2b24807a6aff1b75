/** How far the journal has been delivered, kept over a restart: a file that holds the cursor of the last entry, whole or of before. */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

export interface CursorFile {
  /** Undefined where nothing was delivered yet, or where what stands there is no cursor. */
  load(): Promise<string | undefined>;
  save(cursor: string): Promise<void>;
}

/** systemd's own: `s=…;i=…;b=…;m=…;t=…;x=…`. */
const form = /^[\w=;-]{1,512}$/;

export function cursorFile(folder: string): CursorFile {
  const path = join(folder, 'cursor');
  return {
    async load() {
      const text = await readFile(path, 'utf8').catch(() => '');
      return form.test(text.trim()) ? text.trim() : undefined;
    },
    async save(cursor) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = await open(`${path}.new`, 'w', 0o600);
      try {
        await file.writeFile(`${cursor}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
    },
  };
}
