/** Settings of nodes as objects of the bucket: what a machine fetches to become its node (provision/). A changed setting is a changed object, and nothing more. */
import { createHash } from 'node:crypto';
import { S3Object } from '@cdktf/provider-aws/lib/s3-object/index.js';
import { TerraformLocal } from 'cdktf';
import { namedAddressing } from '../../cluster/addressing.ts';
import { bucketName } from '../../contracts/aws-names.ts';
import { nodeObjects } from '../../provision/node-objects.ts';
import type { NodeSoftware } from '../../provision/software.ts';
import { eachValue, expression, literal } from '../ledger.ts';
import type { NodesProps } from './node-machines.ts';
import { placeOf } from './place.ts';

/** Keys are `worker-4/list` and `worker-4/etc/...`, as on the node. The bucket's own key encrypts them. */
export function nodeSettings(
  { stack, ledger, cluster, groups }: Omit<NodesProps, 'foundation'>,
  software: NodeSoftware,
): void {
  const addressing = namedAddressing(cluster);
  // Nodes of a group have most texts in common: written once, a thousand workers are a quarter of the size.
  const texts = new Map<string, string>();
  const shared = (text: string): string => {
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
    if (!texts.has(digest)) texts.set(digest, literal(text));
    return digest;
  };
  const nodes = new Map<string, { readonly node: string; readonly role: string }>();
  const entries = groups.flatMap((group) =>
    group.nodes.flatMap((node) => {
      const { list, files } = nodeObjects(cluster, group, node, addressing, software);
      return [{ key: list.key, text: list.text, path: '/list' }, ...files].map(({ key, text, path }) => {
        nodes.set(`${node.id}${path}`, { node: node.id, role: node.role });
        return [`${node.id}${path}`, { key, text: shared(text) }] as const;
      });
    }),
  );
  const object = ledger.each(
    new S3Object(stack, 'settings', {
      bucket: bucketName(placeOf(cluster)),
      key: eachValue('key'),
      content: expression('local.texts[each.value.text]'),
      contentType: 'text/plain; charset=utf-8',
    }),
    'settings',
    Object.fromEntries(entries),
    (key) => ({ ...nodes.get(key), holdsData: false, what: 'settings object' }),
  );
  // Terraform reads `for_each` once for each member of a family, and JSON's texts anew each time; what is local is read once.
  new TerraformLocal(stack, 'texts', Object.fromEntries(texts)).overrideLogicalId('texts');
  new TerraformLocal(stack, 'settings-texts', Object.fromEntries(entries)).overrideLogicalId('settings');
  object.addOverride('for_each', expression('local.settings'));
}
