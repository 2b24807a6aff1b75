/** `ensemble token` */
import { exitStatus } from '../../contracts/error.ts';
import { findToken } from '../../operations/token.ts';
import { printJson, printLine } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function token({ positional, options, deployment }: Invocation): Promise<number> {
  const [user = 'admin'] = positional;
  const text = await findToken(deployment, user);
  if (options.json) printJson({ user, token: text });
  else printLine(text);
  return exitStatus.ok;
}
