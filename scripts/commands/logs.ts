/** `ensemble logs` */
import { EnsembleError, exitStatus } from '../../contracts/error.ts';
import type { ServiceRef } from '../../drivers/driver.ts';
import { servicesOf } from '../../operations/nodes.ts';
import { type Operated, withOperated } from '../../operations/operated.ts';
import { printJson, printLine } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function logs(invocation: Invocation): Promise<number> {
  return await withOperated(invocation.deployment, (operated) => show(operated, invocation));
}

async function show(opened: Operated, { positional, options, signal, readerGone }: Invocation): Promise<number> {
  const [node = ''] = positional;
  const ref = choose(await servicesOf(opened, node), node, options.service);
  const lines = await opened.driver.logs(ref, options.lines);
  if (options.json) printJson({ ...ref, lines });
  else for (const line of lines) printLine(line);
  if (!options.follow) return exitStatus.ok;
  const following = opened.driver.follow(ref, AbortSignal.any([signal, readerGone]));
  for await (const text of following) process.stdout.write(text);
  return exitStatus.ok;
}

function choose(refs: readonly ServiceRef[], node: string, service: string | undefined): ServiceRef {
  const [first] = refs;
  const found = service === undefined ? first : refs.find((ref) => ref.service === service);
  if (found !== undefined && (service !== undefined || refs.length === 1)) return found;
  const known = refs.map((ref) => ref.service).join(', ');
  throw new EnsembleError({
    code: 'COMMAND_UNKNOWN_SERVICE',
    message: service === undefined ? `${node} runs several services` : `${node} runs no ${service}`,
    next: `Name one with --service: ${known}.`,
  });
}
