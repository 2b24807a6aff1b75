/** `ensemble start` */
import { exitStatus } from '../../contracts/error.ts';
import { openDeployment } from '../../operations/deployment.ts';
import { startNode } from '../../operations/nodes.ts';
import { printJson, printLine } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function start({ positional, options, deployment, signal, onWaitForLock }: Invocation): Promise<number> {
  const opened = await openDeployment(deployment);
  const outcomes = [];
  for (const node of positional) {
    outcomes.push(...(await startNode(opened, node, { signal, onWaitForLock, timeoutMs: options.timeout * 1000 })));
  }
  if (options.json) printJson(outcomes);
  else
    for (const { node, service, started } of outcomes)
      printLine(`${service} on ${node} ${started ? 'started and serves' : 'ran before'}`);
  return exitStatus.ok;
}
