/** `ensemble start` */
import { exitStatus } from '../../contracts/error.ts';
import { startNode } from '../../operations/nodes.ts';
import { withOperated } from '../../operations/operated.ts';
import { printJson, printLine } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function start({ positional, options, deployment, signal, onWaitForLock }: Invocation): Promise<number> {
  const timeoutMs = options.timeout * 1000;
  const outcomes = await withOperated(deployment, async (operated) => {
    const each = [];
    for (const node of positional)
      each.push(...(await startNode(operated, node, { signal, onWaitForLock, timeoutMs })));
    return each;
  });
  if (options.json) printJson(outcomes);
  else
    for (const { node, service, started } of outcomes)
      printLine(`${service} on ${node} ${started ? 'started and serves' : 'ran before'}`);
  return exitStatus.ok;
}
