/** A run's page onto the disk, from its history alone. */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { readRun } from './observed-run.ts';
import { renderReport } from './report.ts';
import { judge, type Verdict } from './verdict.ts';

/** Throws as readRun, and what the file system throws. */
export async function writeReport(historyFile: string, htmlFile: string): Promise<Verdict> {
  const run = await readRun(historyFile);
  const verdict = judge(run);
  const library = await readFile(createRequire(import.meta.url).resolve('echarts/dist/echarts.min.js'), 'utf8');
  await writeFile(htmlFile, renderReport({ run, verdict, library }));
  return verdict;
}
