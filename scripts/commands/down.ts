/** `ensemble down` */
import { exitStatus } from '../../contracts/error.ts';
import { openDeployment } from '../../operations/deployment.ts';
import { takeDown } from '../../operations/down.ts';
import { confirm } from '../present/confirm.ts';
import { stepRunner } from '../present/steps.ts';
import { printJson, printLine, printNotice } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function down({ positional, options, deployment, signal, onWaitForLock }: Invocation): Promise<number> {
  const opened = await openDeployment({ ...deployment, environment: positional[0] ?? options.environment });
  const { environment } = opened.environment.cluster;
  if (options.purge && !options.yes) {
    const agreed = await confirm(
      `Remove all data, certificates and logs of ${environment} in ${opened.stateDirectory}?`,
      signal,
    );
    if (!agreed) {
      printNotice('nothing was stopped or removed; --purge needs a yes, or --yes');
      return exitStatus.error;
    }
  }
  const report = await takeDown(
    opened,
    { purge: options.purge, timeoutMs: options.timeout * 1000, onWaitForLock },
    signal,
    stepRunner(options),
  );
  if (options.json) printJson(report);
  else
    printLine(
      report.purged
        ? `${environment} is down, its data removed.`
        : `${environment} is down. Its data stays: \`ensemble up\` goes on with it.`,
    );
  return exitStatus.ok;
}
