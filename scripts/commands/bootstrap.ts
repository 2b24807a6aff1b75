/** `ensemble bootstrap` */
import { exitStatus } from '../../contracts/error.ts';
import { openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { applyBootstrap, planBootstrap } from '../../operations/aws/bootstrap.ts';
import { paint } from '../present/colour.ts';
import { printJson, printLine, printWords } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function bootstrap({ options, deployment }: Invocation): Promise<number> {
  const { place } = await openAwsEnvironment(deployment, 'bootstrap');
  const plan = await planBootstrap(place);
  const report = await applyBootstrap(place, plan, { mend: options.mend });
  if (options.json) printJson(report);
  else {
    const { bucket, account, region, made, mended, left } = report;
    const done = made ? 'made' : mended.length > 0 ? 'completed' : 'was there';
    printWords(`${bucket} (account ${account}, ${region}): ${done}`);
    for (const { setting, found, wanted } of mended)
      printLine(`  ${setting}: ${made ? wanted : `${found} -> ${wanted}`}`);
    for (const { setting, found, wanted } of left)
      printWords(`${setting}: ${found}, and it should be ${wanted} (--mend changes it)`, paint.yellow, {
        indent: '  ',
      });
    if (left.length === 0) printLine(paint.green('It keeps Terraform’s state of every environment here.'));
  }
  return report.left.length === 0 ? exitStatus.ok : exitStatus.blocked;
}
