/** `ensemble stop` */
import { exitStatus } from '../../contracts/error.ts';
import { stopNode } from '../../operations/nodes.ts';
import { withOperated } from '../../operations/operated.ts';
import { printJson, printLine } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function stop({ positional, options, deployment, signal, onWaitForLock }: Invocation): Promise<number> {
  const timeoutMs = options.timeout * 1000;
  const outcomes = await withOperated(deployment, async (operated) => {
    const each = [];
    for (const node of positional) each.push(...(await stopNode(operated, node, { signal, onWaitForLock, timeoutMs })));
    return each;
  });
  if (options.json) printJson(outcomes);
  else for (const { node, service, outcome } of outcomes) printLine(`${service} on ${node}: ${outcome}`);
  return exitStatus.ok;
}
