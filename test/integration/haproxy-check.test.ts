/** HAProxy itself reads every rendering: 1 to 5 API nodes, addresses and names, our programs and upstream's, a balancer that is large or one of several. */
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { namedAddressing } from '../../cluster/addressing.ts';
import { renderNode } from '../../cluster/render.ts';
import type { Balanced } from '../cluster/balanced-environment.ts';
import { requires } from '../requirements.ts';
import { type BalancerFixture, balancer, balancerFixture } from './balancer-fixture.ts';

requires('haproxy').describe('what HAProxy says of its configuration', () => {
  let fixture: BalancerFixture;
  const signal = new AbortController().signal;
  beforeAll(async () => {
    fixture = await balancerFixture(61, {});
  });
  afterAll(() => fixture.dispose());

  const renderings: readonly (readonly [string, Balanced])[] = [
    ...[1, 2, 3, 4, 5].map(
      (count) => [`${count} API nodes`, { api: Array.from({ length: count }, (_, index) => index + 1) }] as const,
    ),
    ['upstream’s programs', { upstream: true, push: 3 }],
    ['several balancers, large ones', { balancers: 3, balancerMemoryMiB: 65_536 }],
    ['names of its own', { names: ['messages.example.org'] }],
  ];
  for (const [what, balanced] of renderings) {
    requires('haproxy').it(`is nothing, with ${what}`, async () => {
      await fixture.change(balanced);
      await expect(fixture.driver().run(balancer, 'check', signal)).resolves.not.toMatch(/warning|alert|notice/i);
    });
  }

  requires('haproxy').it(
    'names what it cannot find yet, and is no error, where nodes have names that nobody answers for yet',
    async () => {
      await fixture.change({ api: [1, 2, 3] });
      const cluster = fixture.cluster();
      const group = cluster.groups.find(({ role }) => role === 'balancer');
      const [node] = group?.nodes ?? [];
      if (group === undefined || node === undefined) throw new Error('there is no balancer');
      const named = namedAddressing(cluster);
      const here = fixture.addressing();
      const addressing = { ...named, path: here.path };
      const [rendered] = renderNode(cluster, group, node, addressing);
      const file = `${fixture.stateDirectory}/named.cfg`;
      const cfg = rendered?.files.find(({ path }) => path.endsWith('haproxy.cfg'))?.text.join('') ?? '';
      expect(cfg).toContain('server api-3 api-3.balanced.internal:8080 ');
      await writeFile(file, cfg);
      const { status, stdout, stderr } = spawnSync('haproxy', ['-c', '-f', file], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      const warnings = (stdout + stderr).split('\n').filter((line) => /\[(WARNING|ALERT)\]/.test(line));
      expect(warnings.length).toBe(6);
      for (const warning of warnings) expect(warning).toMatch(/could not resolve address .*, disabling server/);
      expect(status).toBe(0);
    },
  );
});
