/** `ensemble certificates status` and `ensemble certificates renew` */

import { loadEnvironment } from '../../cluster/load.ts';
import { exitStatus } from '../../contracts/error.ts';
import { openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { withStore } from '../../operations/aws/ensure-secrets.ts';
import { withAws } from '../../operations/aws/operated.ts';
import { renewOnAws } from '../../operations/aws/renew-aws.ts';
import { openDeployment } from '../../operations/deployment.ts';
import { renewCertificates } from '../../operations/renew.ts';
import { listExpiries } from '../../secrets/expiry.ts';
import { stepRunner } from '../present/steps.ts';
import { formatTable, paint, printJson, printLine, printNotice } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function certificates({ options, deployment }: Invocation): Promise<number> {
  const expiries = (await isOnAws(deployment))
    ? await withStore(await openAwsEnvironment(deployment, 'certificates status'), (store) => listExpiries(store))
    : await listExpiries((await openDeployment(deployment)).secrets);
  const sound = expiries.every(({ state }) => state === 'valid');
  if (options.json) printJson(expiries);
  else {
    const color = { valid: paint.green, expiring: paint.yellow, expired: paint.red, unreadable: paint.red };
    const rows = expiries.map(({ id, state, daysLeft, hosts }) => [
      id,
      color[state](state),
      daysLeft === undefined ? '-' : `${daysLeft} days`,
      hosts.join(', '),
    ]);
    printLine(formatTable(['Certificate', 'State', 'Left', 'For'], rows));
  }
  return sound ? exitStatus.ok : exitStatus.blocked;
}

export async function renew({ options, deployment, signal, onWaitForLock }: Invocation): Promise<number> {
  const timeoutMs = options.timeout * 1000;
  const report = (await isOnAws(deployment))
    ? await withAws(await openAwsEnvironment(deployment, 'certificates renew'), (operated) =>
        renewOnAws(operated, { signal, onProgress: printNotice }),
      )
    : await renewCertificates(
        await openDeployment(deployment),
        { timeoutMs, onWaitForLock },
        signal,
        stepRunner(options),
      );
  if (options.json) printJson(report);
  else {
    for (const { node, service } of report.restartNeeded)
      printLine(paint.yellow(`${service} on ${node} takes its new certificate when it is started again`));
  }
  return report.restartNeeded.length === 0 ? exitStatus.ok : exitStatus.blocked;
}

async function isOnAws({ environment, environmentsDirectory }: Invocation['deployment']): Promise<boolean> {
  return (await loadEnvironment(environment, environmentsDirectory)).cluster.target === 'aws';
}
