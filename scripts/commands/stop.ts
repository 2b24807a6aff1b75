/** `ensemble stop` */
import { exitStatus } from '../../contracts/error.ts';
import { openDeployment } from '../../operations/deployment.ts';
import { stopNode } from '../../operations/nodes.ts';
import { printJson, printLine } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function stop({ positional, options, deployment, signal, onWaitForLock }: Invocation): Promise<number> {
  const opened = await openDeployment(deployment);
  const outcomes = [];
  for (const node of positional) {
    outcomes.push(...(await stopNode(opened, node, { signal, onWaitForLock, timeoutMs: options.timeout * 1000 })));
  }
  if (options.json) printJson(outcomes);
  else for (const { node, service, outcome } of outcomes) printLine(`${service} on ${node}: ${outcome}`);
  return exitStatus.ok;
}
