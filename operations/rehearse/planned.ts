/** What a change of the environment would do to its stacks, looked at before anything is applied. */
import type { StackPart } from '../../contracts/aws-names.ts';
import type { PlannedChange } from '../aws/terraform-plan.ts';
import type { Rehearsal } from './rehearsal.ts';
import type { WorkOptions } from './stacks.ts';

/**
 * Of stacks that this rehearsal applied and nobody else has touched: looking at each resource again would take minutes.
 * @throws EnsembleError OPERATIONS_TERRAFORM_FAILED
 */
export async function planParts(
  { stacks }: Rehearsal,
  parts: readonly StackPart[],
  working: WorkOptions,
): Promise<readonly PlannedChange[]> {
  return (await Promise.all(parts.map((part) => stacks.plan(part, working, ['-refresh=false'])))).flat();
}

/** Whether it changes something of this node alone: `aws_ebs_volume.data["worker-4/data-1"]`. */
export function isAbout({ address }: PlannedChange, node: string): boolean {
  return new RegExp(`"${node}(?:["/]|-\\D)`).test(address);
}

/** For evidence. */
export function describePlanned(changes: readonly PlannedChange[]): readonly string[] {
  return changes.map(({ kind, address, attributes }) => `${kind} ${address} ${attributes.join(', ')}`.trimEnd());
}
