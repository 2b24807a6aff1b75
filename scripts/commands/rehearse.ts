/** `ensemble rehearse` */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { exitStatus } from '../../contracts/error.ts';
import { openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { rehearse as rehearseEnvironment } from '../../operations/rehearse/rehearse.ts';
import { formatRehearsal, verdictOf } from '../../operations/rehearse/report.ts';
import { stepRunner } from '../present/steps.ts';
import { printJson, printLine } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function rehearse({ options, positional, deployment, signal }: Invocation): Promise<number> {
  const chosen = { ...deployment, environment: positional[0] ?? deployment.environment };
  const aws = await openAwsEnvironment(chosen, 'rehearse');
  const { keep, until, pluginDir } = options;
  const rehearseOptions = {
    ...chosen,
    timeoutMs: options.timeout * 1000,
    keep,
    until,
    projectFolder: process.cwd(),
    pluginDirectory: pluginDir === undefined ? undefined : resolve(pluginDir),
  };
  const report = await rehearseEnvironment(aws, rehearseOptions, signal, stepRunner(options));
  const folder = join(deployment.stateRoot, report.environment);
  await mkdir(folder, { recursive: true });
  const page = join(folder, 'rehearsal.html');
  await writeFile(join(folder, 'rehearsal.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(page, formatRehearsal(report));
  if (options.json) printJson(report);
  else {
    for (const { what, why } of report.notRehearsed) printLine(`not rehearsed: ${what} (${why})`);
    printLine(`${verdictOf(report)}; the report is ${page}`);
  }
  return report.passed ? exitStatus.ok : exitStatus.error;
}
