/** What the tests of stacks make of a plan: each kind of change that must not pass is seen. */
import { describe, expect, it } from 'vitest';
import type { Forgotten } from '../../drivers/local-aws/moto-forgets.ts';
import { actionsOf, changesOf, unexplained } from '../integration/plan-changes.ts';
import type { PlanJson, ResourceChange } from '../integration/terraform-command.ts';

const forgotten: readonly Forgotten[] = [{ type: 'aws_rule', attribute: 'description', reason: 'is not kept' }];

const planOf = (change: ResourceChange['change'], mode: ResourceChange['mode'] = 'managed'): PlanJson => ({
  resource_changes: [{ address: 'aws_rule.a["b"]', mode, type: 'aws_rule', change }],
});

describe('changes of a plan', () => {
  it('an attribute that is known to be forgotten explains a change in place', () => {
    const used = new Set<Forgotten>();
    const plan = planOf({
      actions: ['update'],
      before: { description: null, port: 1 },
      after: { description: 'x', port: 1 },
    });
    expect(unexplained(plan, forgotten, used)).toEqual([]);
    expect([...used]).toEqual(forgotten);
    expect(changesOf(plan, forgotten)).toEqual([]);
    expect(changesOf(plan)).toHaveLength(1);
  });

  it('another attribute, or one that is known only afterwards, is told by name', () => {
    const update = (after: Record<string, unknown>, after_unknown = {}) => {
      const plan = planOf({ actions: ['update'], before: { port: 1 }, after, after_unknown });
      expect(changesOf(plan, forgotten)).toHaveLength(1);
      return unexplained(plan, forgotten);
    };
    expect(update({ port: 2, description: 'x' })).toEqual(['aws_rule.a["b"]: port']);
    expect(update({ port: 1 }, { arn: true })).toEqual(['aws_rule.a["b"]: arn']);
  });

  it('what is made, replaced or destroyed is never explained', () => {
    const actions = (...actions: ResourceChange['change']['actions']) => {
      const plan = planOf({ actions, before: {}, after: { description: 'x' } });
      expect(changesOf(plan, forgotten)).toHaveLength(1);
      return unexplained(plan, forgotten);
    };
    expect(actions('create')).toEqual(['aws_rule.a["b"]: create']);
    expect(actions('delete', 'create')).toEqual(['aws_rule.a["b"]: delete and create']);
    expect(actions('delete')).toEqual(['aws_rule.a["b"]: delete']);
  });

  it('what is only read, or stays, is no change', () => {
    expect(actionsOf(planOf({ actions: ['read'], before: null, after: {} }, 'data'))).toEqual({});
    expect(actionsOf(planOf({ actions: ['no-op'], before: {}, after: {} }))).toEqual({});
  });
});
