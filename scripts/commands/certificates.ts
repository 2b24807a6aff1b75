/** `ensemble certificates status` and `ensemble certificates renew` */

import { loadEnvironment } from '../../cluster/load.ts';
import { exitStatus } from '../../contracts/error.ts';
import { openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { withAwsRoll } from '../../operations/aws/aws-roll-target.ts';
import { certificatesOnAws } from '../../operations/aws/certificates-on-aws.ts';
import { withStore } from '../../operations/aws/ensure-secrets.ts';
import { renewOnAws } from '../../operations/aws/renew-aws.ts';
import { openDeployment } from '../../operations/deployment.ts';
import { renewCertificates } from '../../operations/renew.ts';
import { listExpiries } from '../../secrets/expiry.ts';
import { paint } from '../present/colour.ts';
import { formatError } from '../present/errors.ts';
import { stepRunner } from '../present/steps.ts';
import { formatTable, printJson, printLine, printNotice } from '../present/terminal.ts';
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

/** As `ensemble roll` has it, for each node that is restarted. */
const rollTimeoutMs = 300_000;

export async function renew({ options, deployment, signal, onWaitForLock }: Invocation): Promise<number> {
  const [timeoutMs, issue] = [options.timeout * 1000, !options.continue];
  const run = stepRunner(options);
  const report = (await isOnAws(deployment))
    ? await withAwsRoll(deployment, { command: 'certificates renew', signal, onWaitForLock }, (roll) =>
        renewOnAws(roll.target, certificatesOnAws(roll.operated), {
          timeoutMs,
          rollTimeoutMs,
          issue,
          signal,
          run,
          onProgress: printNotice,
        }),
      )
    : await renewCertificates(await openDeployment(deployment), { timeoutMs, issue, onWaitForLock }, signal, run);
  if (options.json) printJson(report);
  else {
    for (const { node, service } of report.restartNeeded)
      printLine(paint.yellow(`${service} on ${node} takes its new certificate when it is started again`));
    if (report.stopped !== undefined) {
      printNotice(formatError(report.stopped.error));
      printNotice(
        'Once it is mended, go on with `ensemble certificates renew --continue`: no certificate is issued anew.',
      );
    }
  }
  return report.restartNeeded.length === 0 ? exitStatus.ok : exitStatus.blocked;
}

async function isOnAws({ environment, environmentsDirectory }: Invocation['deployment']): Promise<boolean> {
  return (await loadEnvironment(environment, environmentsDirectory)).cluster.target === 'aws';
}
