/** What a plan would change, told for tests: by action, and attribute by attribute where something is changed in place. */
import { isDeepStrictEqual } from 'node:util';
import type { Forgotten } from '../../drivers/local-aws/moto-forgets.ts';
import type { PlanJson, ResourceChange } from './terraform-command.ts';

/** `{ 'aws_instance.node["worker-4"]': 'create' }`; what stays as it is, what is only read and what `forgotten` explains is left out. */
export function actionsOf(plan: PlanJson, forgotten: readonly Forgotten[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(
    changesOf(plan, forgotten).map(({ address, change }) => [address, change.actions.join(' and ')]),
  );
}

/** Types of resources by what would be done to them. */
export function typesBy(
  plan: PlanJson,
  forgotten: readonly Forgotten[] = [],
): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, Set<string>> = {};
  for (const { type, change } of changesOf(plan, forgotten)) {
    const actions = change.actions.join(' and ');
    found[actions] = (found[actions] ?? new Set()).add(type);
  }
  return Object.fromEntries(Object.entries(found).map(([actions, types]) => [actions, [...types].sort()]));
}

/** A change in place is left out where `forgotten` explains every attribute of it. */
export function changesOf(
  { resource_changes: changes = [] }: PlanJson,
  forgotten: readonly Forgotten[] = [],
): readonly ResourceChange[] {
  return changes.filter((found) => {
    const { mode, change } = found;
    const changed = mode === 'managed' && change.actions.some((action) => action !== 'no-op' && action !== 'read');
    return changed && !(isUpdate(found) && changedAttributes(found).every((name) => entryFor(found, name, forgotten)));
  });
}

function isUpdate({ change }: ResourceChange): boolean {
  return isDeepStrictEqual(change.actions, ['update']);
}

function entryFor({ type }: ResourceChange, attribute: string, forgotten: readonly Forgotten[]): Forgotten | undefined {
  return forgotten.find((entry) => entry.type === type && entry.attribute === attribute);
}

export function changeOf(plan: PlanJson, address: string): ResourceChange | undefined {
  return plan.resource_changes?.find((change) => change.address === address);
}

/** Addresses of what would be destroyed, also to be made anew. */
export function destroyedBy(plan: PlanJson): readonly string[] {
  const destroyed = changesOf(plan).filter(({ change }) => change.actions.includes('delete'));
  return destroyed.map(({ address }) => address).sort();
}

/** Names of the attributes that would change; those that are only known afterwards among them. */
export function changedAttributes({ change }: ResourceChange): readonly string[] {
  const { before, after, after_unknown: unknown } = change;
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  const later = typeof unknown === 'object' ? Object.keys(unknown).filter((name) => unknown[name] === true) : [];
  const differ = [...names].filter((name) => !isDeepStrictEqual(before?.[name], after?.[name]));
  return [...new Set([...differ, ...later])].sort();
}

/** Changes of a plan that `forgotten` does not explain, each with its attributes; `used` learns which entries were needed. */
export function unexplained(
  plan: PlanJson,
  forgotten: readonly Forgotten[],
  used: Set<Forgotten> = new Set(),
): readonly string[] {
  return changesOf(plan).flatMap((found) => {
    const { address, change } = found;
    if (!isUpdate(found)) return [`${address}: ${change.actions.join(' and ')}`];
    return changedAttributes(found).flatMap((attribute) => {
      const entry = entryFor(found, attribute, forgotten);
      if (entry === undefined) return [`${address}: ${attribute}`];
      used.add(entry);
      return [];
    });
  });
}
