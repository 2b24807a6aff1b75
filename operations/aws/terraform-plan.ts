/**
 * What a plan of Terraform would do, by address: read from `terraform show -json` (its "JSON Output Format", format version 1). Values are left where they
 * are, since a plan holds whatever a provider put into it.
 */
import { z } from 'zod';

export type ChangeKind = 'create' | 'update' | 'replace' | 'destroy' | 'forget';

export interface PlannedChange {
  readonly kind: ChangeKind;
  /** `aws_instance.node["worker-4"]` */
  readonly address: string;
  /** Attributes that differ, or, of a replacement, those that force it. */
  readonly attributes: readonly string[];
}

const shape = z.object({
  format_version: z.string().regex(/^1\./),
  errored: z.boolean().optional(),
  resource_changes: z
    .array(
      z.object({
        address: z.string(),
        mode: z.string().optional(),
        change: z.object({
          actions: z.array(z.string()),
          before: z.unknown().optional(),
          after: z.unknown().optional(),
          after_unknown: z.unknown().optional(),
          replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).optional(),
        }),
      }),
    )
    .default([]),
});

/** Everything but what stays as it is and what is only read, in the plan's order. Throws a ZodError for another format. */
export function parseTerraformPlan(text: string): readonly PlannedChange[] {
  const { resource_changes: changes } = shape.parse(JSON.parse(text));
  return changes.flatMap(({ address, change }) => {
    const kind = kindOf(change.actions);
    if (kind === undefined) return [];
    const forced = (change.replace_paths ?? []).map((path) => path.join('.'));
    const attributes =
      kind === 'replace'
        ? forced
        : kind === 'update'
          ? differing(change.before, change.after, change.after_unknown)
          : [];
    return [{ kind, address, attributes }];
  });
}

function kindOf(actions: readonly string[]): ChangeKind | undefined {
  const has = (action: string) => actions.includes(action);
  if (has('create') && has('delete')) return 'replace';
  if (has('create')) return 'create';
  if (has('update')) return 'update';
  if (has('delete')) return 'destroy';
  if (has('forget')) return 'forget';
  return undefined;
}

function differing(before: unknown, after: unknown, unknown: unknown): readonly string[] {
  const [was, is, open] = [fieldsOf(before), fieldsOf(after), fieldsOf(unknown)];
  const names = new Set([...Object.keys(was), ...Object.keys(is), ...Object.keys(open)]);
  return [...names]
    .filter((name) => open[name] === true || JSON.stringify(was[name]) !== JSON.stringify(is[name]))
    .sort();
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
