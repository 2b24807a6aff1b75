/** What a long test measured, in words, for the report that `npm run test:long` keeps (scripts/test/long-report.ts). */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { installationRoot } from '../../platform/installation-root.ts';

/** @param file of the test, from the checkout's root: `test/long/….test.ts` */
export async function tellFigures(file: string, figures: string): Promise<void> {
  const folder = join(installationRoot(), '.test-report/figures');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${basename(file)}.json`), JSON.stringify({ file, figures }));
}
