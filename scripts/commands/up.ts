/** `ensemble up` */
import { relative } from 'node:path';
import { exitStatus } from '../../contracts/error.ts';
import { openDeployment } from '../../operations/deployment.ts';
import { observeStatus } from '../../operations/status.ts';
import { bringUp } from '../../operations/up.ts';
import { paint } from '../present/colour.ts';
import { isLive, stepRunner } from '../present/steps.ts';
import { formatMs, formatTable, printJson, printLine, printWords } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';
import { servicesTable } from './status.ts';

export async function up({ positional, options, deployment, signal, onWaitForLock }: Invocation): Promise<number> {
  const before = performance.now();
  const chosen = { ...deployment, environment: positional[0] ?? options.environment };
  const report = await bringUp(
    {
      ...chosen,
      // The live list shows them itself, where they do not break it.
      onProgress: isLive(options) ? undefined : deployment.onProgress,
      timeoutMs: options.timeout * 1000,
      messages: options.messages,
      onWaitForLock,
    },
    signal,
    stepRunner(options),
  );
  const status = await observeStatus(await openDeployment(chosen));
  if (options.json) {
    printJson({ ...report, status });
    return exitStatus.ok;
  }
  if (report.messages.length > 0) {
    const rows = report.messages.map(({ topic, group, sent, received, acknowledgedMs, receivedMs }) => [
      topic,
      group,
      `${received} of ${sent}`,
      formatMs(acknowledgedMs),
      formatMs(receivedMs),
    ]);
    printLine(`\n${formatTable(['Topic', 'Group', 'Received', 'Acknowledged in', 'Received in'], rows)}`);
  }
  printLine(`\n${servicesTable(status.services)}\n`);
  printWords(
    `${paint.bold(report.environment)} is up after ${formatMs(performance.now() - before)}. Bootstrap servers: ${report.bootstrap.join(',')}`,
  );
  for (const note of status.notes) printWords(`Note: ${note}`, paint.yellow, { indent: '  ' });
  const named = chosen.environment === 'local' ? '' : ` -e ${chosen.environment}`;
  const { entrance } = report;
  if (entrance !== undefined) {
    const authority = relative(process.cwd(), entrance.authorityFile);
    printWords(
      `Messaging API: ${entrance.url}/v1 (token: npx ensemble token${named}; its certificate is signed by ${authority.startsWith('..') ? entrance.authorityFile : authority})`,
    );
  }
  printWords(
    `Next: npx ensemble status${named}   npx ensemble topics plan${named}   npx ensemble logs worker-1${named}   npx ensemble down${named}`,
    undefined,
    { indent: '      ', between: '   ' },
  );
  return exitStatus.ok;
}
