/** `ensemble diff` */
import { join, resolve } from 'node:path';
import { exitStatus } from '../../contracts/error.ts';
import { openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { diffEnvironment } from '../../operations/aws/diff.ts';
import { changeLines, formatDiffMarkdown, stackSummary } from '../../operations/aws/format-diff.ts';
import { paint } from '../present/colour.ts';
import { printJson, printLine, printNotice } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function diff({ options, deployment, signal }: Invocation): Promise<number> {
  const aws = await openAwsEnvironment(deployment, 'diff');
  const report = await diffEnvironment(aws, {
    folder: join(deployment.stateRoot, aws.place.environment, 'terraform'),
    pluginDirectory: options.pluginDir === undefined ? undefined : resolve(options.pluginDir),
    signal,
    onProgress: printNotice,
  });
  if (options.json) printJson(report);
  else if (options.markdown) printLine(formatDiffMarkdown(report));
  else
    for (const stack of report.stacks) {
      printLine(`${paint.bold(stack.stack)}: ${stackSummary(stack)}`);
      for (const line of changeLines(stack)) printLine(`  ${line}`);
    }
  return report.changed ? exitStatus.changesPending : exitStatus.ok;
}
