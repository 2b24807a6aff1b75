/** `ensemble topics plan` */
import { writeFile } from 'node:fs/promises';
import { planTarget } from '../../../operations/topics.ts';
import { formatPlan } from '../../../topics/format.ts';
import { formatPlanMarkdown } from '../../../topics/format-markdown.ts';
import { planExitStatus } from '../../../topics/plan/plan.ts';
import { hasColour } from '../../present/colour.ts';
import { printJson, printLine, printNotice } from '../../present/terminal.ts';
import type { Invocation } from '../invocation.ts';
import { targetOf } from './target.ts';

export async function plan(invocation: Invocation): Promise<number> {
  const { options, signal } = invocation;
  const consents = { prune: options.pruneConfigs, allowDelete: options.allowDelete };
  const made = await planTarget(await targetOf(invocation), consents, signal);
  if (options.out !== undefined) {
    await writeFile(options.out, `${JSON.stringify(made, null, 2)}\n`);
    printNotice(`plan saved: \`ensemble topics apply ${options.out}\`, with the same options, applies exactly this`);
  }
  if (options.json) printJson(made);
  else printLine(options.markdown ? formatPlanMarkdown(made) : formatPlan(made, { colour: hasColour }));
  return planExitStatus(made);
}
