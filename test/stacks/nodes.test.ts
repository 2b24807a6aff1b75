/** Nodes as Terraform's JSON has them: what outlives a machine, what guards it, and who may be let go. */
import { describe, expect, it } from 'vitest';
import { parseNodeList } from '../../contracts/node-list.ts';
import { userData } from '../../provision/user-data.ts';
import { literal } from '../../stacks/ledger.ts';
import { change, clusterOf } from '../cluster/environment-fixture.ts';
import { environmentText } from '../integration/environment-text.ts';
import { synthesized, type TerraformBlock } from './synthesized.ts';

const staging = environmentText('staging');
const stacksOf = (changes: Readonly<Record<string, string>> = {}) => synthesized(clusterOf(change(changes, staging)));
const protectedStacks = stacksOf();
const retired = stacksOf({
  'workers:\n  count: 3': 'workers:\n  count: 4',
  'tolerate: 1\n': 'tolerate: 1\nretired: [worker-5]\n',
});

const family = (block: TerraformBlock | undefined) => block?.for_each as Readonly<Record<string, TerraformBlock>>;

describe('nodes of an environment on AWS', () => {
  it('volumes are guarded while the environment is protected, and a family of them is one block, so that a key that vanishes still is', () => {
    expect(protectedStacks.data.json.resource.aws_ebs_volume?.data?.lifecycle).toEqual({ prevent_destroy: true });
    expect(Object.keys(protectedStacks.data.json.resource.aws_ebs_volume ?? {})).toEqual(['data']);
    const lifted = stacksOf({ 'tolerate: 1\n': 'tolerate: 1\nprotect: false\n' });
    expect(lifted.data.json.resource.aws_ebs_volume?.data?.lifecycle).toBeUndefined();
  });

  it('a retired node’s volumes are moved to where they may be let go, and back when the node is wanted again', () => {
    const { aws_ebs_volume: volumes } = retired.data.json.resource;
    expect(volumes?.leaving?.lifecycle).toBeUndefined();
    expect(Object.keys(family(volumes?.leaving))).toEqual(['worker-5/data-1']);
    expect(Object.keys(family(volumes?.data))).not.toContain('worker-5/data-1');
    expect(retired.data.json.moved).toContainEqual({
      from: 'aws_ebs_volume.data["worker-5/data-1"]',
      to: 'aws_ebs_volume.leaving["worker-5/data-1"]',
    });
    expect(retired.data.json.moved).toContainEqual({
      from: 'aws_ebs_volume.leaving["worker-4/data-1"]',
      to: 'aws_ebs_volume.data["worker-4/data-1"]',
    });
    expect(retired.data.inventory.resources['aws_ebs_volume.leaving["worker-5/data-1"]']).toEqual({
      node: 'worker-5',
      role: 'worker',
      holdsData: true,
      what: 'data volume',
    });
  });

  it('machines of nodes that keep data are guarded against being terminated until the node retires; interchangeable ones are not', () => {
    const guards = (stack: 'data' | 'edge') =>
      Object.entries(family(retired[stack].json.resource.aws_instance?.node)).map(([node, { protect }]) => [
        node,
        protect,
      ]);
    expect(Object.fromEntries(guards('data'))).toMatchObject({ 'worker-4': true, 'worker-5': false, 'master-1': true });
    expect(new Set(guards('edge').map(([, guarded]) => guarded))).toEqual(new Set([false]));
  });

  it('every machine has the same user-data, and keeps the one and the image that it began with', () => {
    for (const stack of [protectedStacks.data, protectedStacks.edge]) {
      const { node } = stack.json.resource.aws_instance ?? {};
      expect(node?.user_data).toBe(literal(userData()));
      expect(node?.lifecycle).toEqual({ ignore_changes: ['ami', 'user_data'] });
    }
  });

  it('volumes of quorums are copied, those whose replicas other nodes have are not', () => {
    const volumes = family(protectedStacks.data.json.resource.aws_ebs_volume?.data);
    expect(volumes['master-1/data-1']?.snapshots).toBe('staging');
    expect(volumes['metadata-1/data-1']?.snapshots).toBe('staging');
    expect(volumes['worker-1/data-1']?.snapshots).not.toBe('staging');
  });

  it('the entrance shows the listeners that are meant for clients, with the fixed address of every node behind it', () => {
    const { resource } = protectedStacks.edge.json;
    expect(Object.keys(family(resource.aws_lb_listener?.entrance))).toEqual(['api', 'auth']);
    expect(Object.keys(family(resource.aws_lb_target_group_attachment?.entrance)).sort()).toEqual([
      'balancer-1/api',
      'balancer-1/auth',
      'balancer-2/api',
      'balancer-2/auth',
    ]);
    expect(resource.aws_lb_target_group?.entrance?.target_type).toBe('ip');
    // Asked whether it can serve, and not whether a port answers.
    const asked = { asks: 'HTTP', path: '/ready', status: '200', at: '8404' };
    expect(family(resource.aws_lb_target_group?.entrance)).toMatchObject({ api: asked, auth: asked });
  });

  it('no machine is made before its name is known and its settings lie there', () => {
    for (const stack of [protectedStacks.data, protectedStacks.edge])
      expect(stack.json.resource.aws_instance?.node?.depends_on).toEqual(
        expect.arrayContaining(['aws_s3_object.settings', 'aws_route53_record.node']),
      );
  });

  it('what the function says, its metrics among it, has a group of logs to go to', () => {
    const { function: made = {} } = { function: protectedStacks.edge.json.resource.aws_lambda_function };
    const groups = Object.keys(family(protectedStacks.foundation.json.resource.aws_cloudwatch_log_group?.own));
    const wanted = Object.values(made).map((block) => (block.logging_config as { log_group: string }).log_group);
    expect(wanted).toEqual(['/ensemble/staging/topics-applier']);
    expect(groups.map((group) => `/ensemble/staging/${group}`)).toEqual(expect.arrayContaining(wanted));
  });

  it('a plan asks for archives, unless it is made to compare alone', () => {
    const { archive } = protectedStacks.foundation.json.resource.aws_s3_object ?? {};
    expect(JSON.stringify(archive?.lifecycle)).toContain('!var.archives_wanted || fileexists(each.value.source)');
    expect(protectedStacks.foundation.json.variable).toMatchObject({
      archives_wanted: { type: 'bool', default: true },
    });
  });

  it('settings are whole texts: Terraform reads nothing into them', () => {
    const { settings, texts } = protectedStacks.data.json.locals as {
      settings: Record<string, { key: string; text: string }>;
      texts: Record<string, string>;
    };
    const textOf = (object: string) => texts[settings[object]?.text ?? ''] ?? '';
    expect(settings['worker-2/list']?.key).toBe('nodes/worker-2/list');
    expect(parseNodeList(textOf('worker-2/list')).node).toBe('worker-2');
    expect(textOf('worker-2/usr/local/sbin/ensemble-node')).toBe(literal(userData()));
    for (const text of Object.values(texts)) expect(text).not.toMatch(/(?<!\$)\$\{|(?<!%)%\{/);
  });

  it('a text that would be a template to Terraform is escaped, so that the check above can fail', () => {
    expect('a=$' + '{b}').toMatch(/(?<!\$)\$\{/);
    expect(literal('a=$' + '{b} %{c}')).toBe('a=$$' + '{b} %%{c}');
  });
});
