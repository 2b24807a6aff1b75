/** By which host push servers reach the API: any balancer's, where nodes are reached by names, so that none of them takes deliveries with it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { namedAddressing } from '../../cluster/addressing.ts';
import { parseEnvironment } from '../../cluster/load.ts';
import { renderNode } from '../../cluster/render.ts';
import { resolveCluster } from '../../cluster/resolve.ts';
import { installationRoot } from '../../platform/installation-root.ts';

it('push servers of a cloud reach the API through any balancer, by the name that all of them share', () => {
  const text = readFileSync(join(installationRoot(), 'environments', 'staging.yaml'), 'utf8');
  const cluster = resolveCluster(parseEnvironment({ file: 'staging.yaml', text }));
  const group = cluster.groups.find(({ services }) => services.includes('push-server'));
  const hosts = (group?.nodes ?? []).map((node) => {
    const rendered = group === undefined ? [] : renderNode(cluster, group, node, namedAddressing(cluster));
    const file = rendered.flatMap(({ files }) => files).find(({ path }) => path.endsWith('/config.json'));
    const config = (file?.text ?? []).map((part) => (typeof part === 'string' ? part : 'late')).join('');
    return JSON.parse(config).ams_host;
  });
  expect(hosts).toEqual(['messaging.staging.internal', 'messaging.staging.internal']);
});
