/** What checks across fields share: an environment of which any field may be missing because it is wrong by itself, and how a fault is said. */
import type { Parsed, Path } from '../documents/parse.ts';
import type { EnvironmentSpec } from './environment.ts';

export type EnvironmentDraft = Parsed<EnvironmentSpec>['draft'];

export type SayFault = (path: Path, expected: string, found: string, next: string) => void;

/** Ordinals of the active nodes of a group, or undefined where its fields do not say. */
export function activeOrdinals(group: {
  readonly count?: number | undefined;
  readonly ids?: readonly number[] | undefined;
}): readonly number[] | undefined {
  if (group.ids !== undefined) return group.ids;
  return group.count === undefined
    ? undefined
    : Array.from({ length: Math.max(0, group.count) }, (_, index) => index + 1);
}
