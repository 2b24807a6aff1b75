/** `ensemble retire` */
import { join } from 'node:path';
import { loadEnvironment } from '../../cluster/load.ts';
import { exitStatus } from '../../contracts/error.ts';
import { openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { healDeployed } from '../../operations/aws/heal-deployed.ts';
import { withAws } from '../../operations/aws/operated.ts';
import { openDeployment } from '../../operations/deployment.ts';
import { type RetireReport, type RetireTarget, retireNode } from '../../operations/retire.ts';
import { awsRetireTarget, localRetireTarget } from '../../operations/retire-targets.ts';
import { printJson, printLine, printWords } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function retire(invocation: Invocation): Promise<number> {
  const { positional, options, deployment, signal, onWaitForLock } = invocation;
  const [node = ''] = positional;
  const work = (target: RetireTarget) =>
    retireNode(target, node, { keep: options.keep, timeoutMs: options.timeout * 1000, signal, onWaitForLock });
  const { cluster } = await loadEnvironment(deployment.environment, deployment.environmentsDirectory);
  const report =
    cluster.target === 'aws'
      ? await withAws(await openAwsEnvironment(deployment, 'retire'), async (operated) => {
          await healDeployed(operated, deployment);
          return await work(awsRetireTarget(operated, join(deployment.stateRoot, cluster.environment)));
        })
      : await work(localRetireTarget(await openDeployment(deployment)));
  if (options.json) printJson(report);
  else show(report, cluster.target);
  return exitStatus.ok;
}

function show({ node, released, stopped, volumes, environment }: RetireReport, target: string): void {
  for (const { service, outcome } of stopped) printLine(`${service} on ${node}: ${outcome}`);
  if (volumes.length > 0) printLine(`${volumes.join(', ')}: ${released ? 'may be deleted' : 'kept'}`);
  if (!released) {
    printWords(`${node} keeps its data; leave it under \`retired:\`, or give it its place back.`);
    return;
  }
  printWords(
    target === 'aws'
      ? `${node} is out. Remove it from \`retired:\`, then \`cdktf deploy ${environment}-data\` deletes its machine and its volumes; until then \`ensemble retire ${node} --keep\` takes that back.`
      : `${node} is out. Remove it from \`retired:\`; its files stay where they are until you delete them.`,
  );
}
