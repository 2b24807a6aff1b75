/** `ensemble doctor` */
import { exitStatus } from '../../contracts/error.ts';
import { previewDeployment } from '../../operations/deployment.ts';
import { examine } from '../../operations/doctor.ts';
import { paint } from '../present/colour.ts';
import { formatTable, printJson, printLine, printWords } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function doctor({ options, deployment }: Invocation): Promise<number> {
  const report = await examine(await previewDeployment(deployment), options.verify ? 'thorough' : 'quick');
  if (options.json) printJson(report);
  else {
    const mark = { ok: paint.green('ok'), note: paint.yellow('note'), lacks: paint.red('lacks') };
    printLine(
      formatTable(
        ['', 'What', 'Found'],
        report.findings.map(({ state, what, found }) => [mark[state], what, found]),
      ),
    );
    for (const { what, next } of report.findings.filter((finding) => finding.next !== ''))
      printWords(`${paint.bold(what)}: ${next}`, undefined, { indent: '  ' });
    printLine(
      report.ready
        ? paint.green(`This machine can run ${report.environment}.`)
        : paint.red(`This machine cannot run ${report.environment} yet.`),
    );
  }
  return report.ready ? exitStatus.ok : exitStatus.blocked;
}
